"""The tree of errors: what its module draws is what it holds, and every word offers a way out."""

from __future__ import annotations

import inspect
import re

import pytest

import graphnn as gn
from graphnn.core import errors
from graphnn.core.errors import did_you_mean

DRAWN = re.findall(r"── (\w+) .*\(also (\w+)\)", inspect.getdoc(errors) or "")
CLASSES = {name: c for name, c in vars(errors).items() if isinstance(c, type) and issubclass(c, Exception)}


def test_the_drawn_tree_lists_every_error_once() -> None:
    assert sorted(name for name, _ in DRAWN) == sorted(set(CLASSES) - {"GraphnnError"})


@pytest.mark.parametrize(("name", "also"), DRAWN)
def test_each_error_is_a_graphnn_error_and_the_builtin_error_that_is_drawn(name: str, also: str) -> None:
    builtin = __builtins__[also] if isinstance(__builtins__, dict) else getattr(__builtins__, also)
    assert CLASSES[name].__bases__ == (gn.GraphnnError, builtin)
    assert getattr(gn, name) is CLASSES[name]


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
