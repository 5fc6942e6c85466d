"""Scopes name the groups that nodes are made in."""

from __future__ import annotations

import threading

import pytest

import graphnn as gn
from graphnn.core.scope import absolute_scope, current_scope


def test_scopes_nest_and_end_with_their_block() -> None:
    x = gn.input("x", (2,))
    with gn.scope("net") as outer:
        a = gn.relu(x)
        with gn.scope("hidden") as inner:
            b = a * 2.0
        c = gn.exp(b)
    d = -c
    assert [n.scope for n in (x, a, b, c, d)] == ["", "net", "net/hidden", "net", ""]
    assert (outer, inner) == ("net", "net/hidden")
    # The number 2.0 and its broadcast belong to the expression that they stand in.
    assert {n.scope for n in gn.Graph(b).nodes if n.op.name in ("constant", "broadcast_to")} == {"net/hidden"}


def test_a_scope_ends_when_its_block_fails() -> None:
    with pytest.raises(ZeroDivisionError), gn.scope("net"):
        raise ZeroDivisionError
    assert current_scope() == ""


def test_absolute_scope_replaces_the_scopes_around_it() -> None:
    with gn.scope("a"), absolute_scope("x/y"):
        assert current_scope() == "x/y"
        with gn.scope("z"):
            assert current_scope() == "x/y/z"
    assert current_scope() == ""


def test_threads_have_scopes_of_their_own() -> None:
    seen = []
    with gn.scope("net"):
        thread = threading.Thread(target=lambda: seen.append(current_scope()))
        thread.start()
        thread.join()
    assert seen == [""]


@pytest.mark.parametrize("name", ["", "a/b", None, 3, "/"])
def test_a_name_that_is_no_name_is_refused(name) -> None:
    with (
        pytest.raises(gn.SettingError, match="a scope's name is a non-empty text without '/'"),
        gn.scope(name),
    ):
        pass
    assert current_scope() == ""
