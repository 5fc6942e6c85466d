"""The tree of errors: what its module draws is what it holds, and every word offers a way out."""

from __future__ import annotations

import builtins
import inspect
import re

import pytest

import graphnn as gn
from graphnn.core import errors
from graphnn.core.errors import did_you_mean

# Depth in the tree, name, and the builtin error where one is named.
DRAWN = [
    (len(trunk) // 4, name, also)
    for trunk, name, also in re.findall(
        r"^([│ ]*)[├└]── (\w+) [^(\n]*(?:\(also (\w+)\))?$", inspect.getdoc(errors) or "", re.MULTILINE
    )
]
CLASSES = {name: c for name, c in vars(errors).items() if isinstance(c, type) and issubclass(c, Exception)}


def test_the_drawn_tree_lists_every_error_once() -> None:
    assert sorted(name for _, name, _ in DRAWN) == sorted(set(CLASSES) - {"GraphnnError"})


def test_each_error_stands_under_the_one_it_derives_from() -> None:
    above = [gn.GraphnnError]
    for depth, name, also in DRAWN:
        del above[depth + 1 :]
        error = CLASSES[name]
        assert error.__bases__ == (above[depth], *([getattr(builtins, also)] if also else [])), name
        assert bool(also) == (depth == 0), name
        above.append(error)


def test_every_error_is_public() -> None:
    assert [name for name, error in CLASSES.items() if getattr(gn, name, None) is not error] == []


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("rleu", ["relu", "tanh"], " Did you mean 'relu'?"),
        ("zzz", ["relu", "tanh"], " Known: relu, tanh."),
        ("zzz", [f"word{i}" for i in range(13)], ""),
        ("zzz", [], ""),
        (7, ["relu"], " Known: relu."),
    ],
)
def test_did_you_mean_offers_the_nearest_word_or_the_few_known_ones(word, known, hint) -> None:
    assert did_you_mean(word, known) == hint


def test_did_you_mean_stays_quick_for_long_words_and_long_lists() -> None:
    assert did_you_mean("x" * 10**6, ["y" * 10**6]) == ""
    assert did_you_mean("n1x", [f"n{i}" for i in range(10**5)]) == ""
