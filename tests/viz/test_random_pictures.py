"""Hundreds of random pictures, of every kind and in every view, in which a strict reader finds no fault."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz

NAMES = (
    "x", "", "a < b & c > \"d\"", "weight of the third unit of the second layer, normalised",
    "ω₁", "가중치", "משקל", "🙂🙃", "two\nlines", "{\\bf x}_i^2 % $", "x" * 120,
)  # fmt: skip
NUMBERS = ("1.5", "-2e-07", "NaN", "0.1 ± 3, -8 … 9")
THEMES = tuple(viz.THEMES)


def expression(draw: random.Random) -> Any:
    """Scalars in nested scopes, with fan-outs, parallel edges, odd names and sizes over many decades."""
    scopes = ["left", "right", "a scope with a long name that goes on", "内"]
    nodes: list[Any] = [gn.constant(draw.gauss(0, 1), dtype="float64")]
    for i in range(draw.randrange(1, 7)):
        with gn.scope(draw.choice(scopes)):
            nodes.append(
                gn.scalar(draw.gauss(0, 1) * 10.0 ** draw.randrange(-6, 3), f"{draw.choice(NAMES)} {i}")
            )
    ways: list[Callable[[Any, Any], Any]] = [
        lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b, lambda a, _: gn.tanh(a), lambda a, _: gn.relu(a),
    ]  # fmt: skip
    for k in range(draw.randrange(1, 30)):
        x, y = draw.choice(nodes[-5:]), draw.choice(nodes)
        with gn.scope(draw.choice(scopes)), gn.scope(draw.choice(["upper", "lower"])):
            made = draw.choice(ways)(x, y)
            nodes.append(made.named(f"{draw.choice(NAMES)} {k}") if draw.random() < 0.3 else made)
    return gn.trace(nodes[-1] * nodes[-1])


def _layer(draw: random.Random, features: int, deep: int) -> Any:
    kind = draw.randrange(8 if deep else 5)
    act = draw.choice([gn.relu, gn.tanh, gn.sigmoid, gn.gelu])
    if kind <= 1:
        return gn.nn.Dense(features, act)
    if kind == 2:
        return gn.nn.LayerNorm()
    if kind == 3:
        return gn.nn.Dense(features)
    if kind == 4:
        return act
    inner = [_layer(draw, features, deep - 1) for _ in range(draw.randrange(1, 3))]
    if kind == 5:
        return gn.nn.Residual(inner)
    if kind == 6:
        return gn.nn.Branches(
            [[*inner, gn.nn.Dense(features)], gn.nn.Dense(features)], draw.choice(["mean", "concat"])
        )
    return gn.nn.Branches(
        [[*inner, gn.nn.Dense(features)], gn.nn.Dense(features, gn.relu), gn.nn.Dense(features)], "add"
    )


def net(draw: random.Random) -> Any:
    """A net with residuals and branches, its loss and one batch."""
    features = draw.randrange(2, 6)
    layers = [_layer(draw, features, 2) for _ in range(draw.randrange(1, 4))]
    x = gn.input("x", ("batch", 4))
    feeds: dict[str, Any] = {
        "x": np.random.default_rng(draw.randrange(99)).normal(size=(5, 4)).astype("float32")
    }
    y = gn.nn.Sequential([gn.nn.Dense(features), *layers, gn.nn.Dense(3)], seed=draw.randrange(9))(x)
    if draw.random() < 0.5:
        labels = gn.input("labels", ("batch",), "int64")
        feeds["labels"] = np.array([0, 1, 2, 1, 0])
        return gn.trace(gn.mean(gn.softmax_cross_entropy(y, labels)).named("loss"), feeds)
    return gn.trace(gn.mean(gn.square(y)), feeds)


def unrolled(draw: random.Random) -> Any:
    """A recurrent layer, step by step."""
    steps, layer = draw.randrange(2, 4), draw.choice([gn.nn.LSTM, gn.nn.GRU, gn.nn.RNN])
    x = gn.input("x", (steps, 2, 3))
    y = gn.unroll(layer(2)(x))
    feeds = {"x": np.random.default_rng(draw.randrange(99)).normal(size=(steps, 2, 3)).astype("float32")}
    return gn.trace(gn.mean(gn.square(y)), feeds)


def by_hand(draw: random.Random) -> viz.Scene:
    """Boxes with anything on them, wires anyhow, scopes in scopes."""
    count = draw.randrange(2, 26)
    groups = [viz.Group("g0", draw.choice(NAMES))]
    for k in range(1, draw.randrange(1, 6)):
        groups.append(viz.Group(f"g{k}", draw.choice(NAMES), draw.choice([None, groups[-1].id])))
    roles, tones = ("input", "parameter", "constant", "op", "fold"), ("", "", "good", "warn", "bad", "quiet")
    boxes = []
    for i in range(count):
        badges = tuple(
            viz.Badge(draw.choice(NAMES), draw.choice(tones))
            for _ in range(draw.randrange(4))
            if draw.random() < 0.3
        )
        rows = tuple(
            viz.Reading(word, (draw.choice(NUMBERS),), draw.choice(["known", "stale"]))
            for word in ("value", "gradient") if draw.random() < 0.4
        )  # fmt: skip
        boxes.append(
            viz.Box(
                f"n{i}", draw.choice(roles), draw.choice(NAMES), draw.choice(NAMES), draw.choice(NAMES), readings=rows,
                group=draw.choice([None, *(g.id for g in groups)]), badges=badges, tone=draw.choice(tones),
            )
        )  # fmt: skip
    wires: list[viz.Wire] = []
    for i in range(1, count):
        for slot in range(draw.randrange(1, 4) if draw.random() < 0.8 else 0):
            number, start = len(wires), draw.randrange(max(0, i - 8), i)
            wires.append(viz.Wire(f"e{number}", f"n{start}", f"n{i}", slot))
    back = [
        viz.Wire(
            f"b{w.id[1:]}", w.target, w.source, w.slot, kind="backward", beside=w.id,
            size=10.0 ** draw.randrange(-5, 3),
            sign=draw.choice(["positive", "negative", "mixed", "zero", "not finite"]),
            label=draw.choice(["", "0.25", "-1.34e-05", "0.5 × 0.25 = 0.125"]),
        )
        for w in wires if draw.random() < 0.7
    ]  # fmt: skip
    return viz.Scene(
        tuple(boxes), (*wires, *back), tuple(groups), scale=viz.Scale(-5, 2), title=draw.choice(NAMES)
    )


def _views(source: Any, seed: int) -> dict[str, Any]:
    """One or several views that the source allows, and what they want to know."""
    names = [name for name in viz.VIEWS if name != "time" and random.Random(f"{seed} {name}").random() < 0.2]
    if not names or seed % 3 == 0:
        return {}
    words: dict[str, Any] = {"view": "+".join(names)}
    if "paths" in names:
        reached = [n for n in source.graph.nodes if source.gradient(n) is not None]
        words["to"] = reached[seed % len(reached)]
    return words


def picture(seed: int) -> viz.Drawing:
    """The random picture of this number."""
    draw = random.Random(seed)
    make = draw.choice([expression, expression, net, net, unrolled, by_hand, by_hand])
    source = make(draw)
    words: dict[str, Any] = {"direction": draw.choice(["LR", "TB"]), "theme": draw.choice(THEMES)}
    if make is not by_hand:
        words |= _views(source, seed)
        words["title"] = draw.choice(["", *NAMES])
        what = draw.randrange(7)
        if what == 0:
            words["depth"] = draw.randrange(1, 4)
        elif what == 1:
            words["hide"] = ["constants", "broadcasts", "casts", "views"][: draw.randrange(1, 5)]
        elif what == 2:
            words |= {"focus": draw.choice(source.graph.nodes), "reach": draw.randrange(1, 4)}
        elif what == 3:
            words |= {"depth": draw.randrange(1, 3), "repeats": False, "hide": "constants"}
    while True:
        try:
            return viz.draw(source, **words)
        except ValueError as error:  # a view that does not apply to this source says so by its name
            named = [n for n in words.get("view", "").split("+") if f"the view {n!r}" in str(error)]
            if not named:
                raise
            words["view"] = "+".join(n for n in words["view"].split("+") if n not in named) or None


def faults(seed: int) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", viz.MissingGlyphWarning)
        return viz.problems(picture(seed).placed)


@pytest.mark.parametrize("seed", range(60))
def test_a_random_picture_has_no_fault(seed: int) -> None:
    assert faults(seed) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60, 300))
def test_one_more_random_picture_has_no_fault(seed: int) -> None:
    assert faults(seed) == []


@pytest.mark.slow
@pytest.mark.parametrize("fit", [viz.Fit(slide="16:9"), viz.Fit(page="a4")], ids=["slide", "a4"])
@pytest.mark.parametrize("seed", range(0, 200, 10))
def test_a_random_picture_on_a_slide_or_paper_has_no_fault(seed: int, fit: viz.Fit) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", viz.MissingGlyphWarning)
        drawn = picture(seed)
        fitted = viz.Drawing(drawn.scene, theme=drawn.theme, fit=fit)
        assert viz.problems(fitted.placed) == []
