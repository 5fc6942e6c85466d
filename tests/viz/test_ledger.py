"""The ledger: every edge's product, sums at fan-outs, and honest signs between rounded numbers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.numbers import number, parse
from viz.study.ledger import ledger, product_text, sum_text, sums


def test_upstream_times_local_is_the_contribution(make: Any) -> None:
    for seed in range(30):
        run = gn.trace(make["random"](seed))
        for entry in ledger(run):
            assert entry.upstream == float(run.gradient(entry.edge.target))
            assert entry.upstream * entry.local == pytest.approx(
                float(entry.contribution), rel=1e-9, abs=1e-300
            )


def test_contributions_add_up_to_the_gradient(make: Any) -> None:
    checked = 0
    for seed in range(30):
        run = gn.trace(make["random"](seed))
        for found in sums(run):
            total = sum(float(entry.contribution) for entry in found.entries)
            assert total == pytest.approx(float(run.gradient(found.node)), rel=1e-9, abs=1e-12)
            checked += 1
    assert checked > 20


def test_equal_is_only_said_where_the_shown_numbers_are_equal() -> None:
    assert sum_text([1 / 3, 2 / 3], 1.0) == "0.3333 + 0.6667 = 1"
    assert sum_text([1 / 3, 1 / 3, 1 / 3], 1.0) == "0.3333 + 0.3333 + 0.3333 ≈ 1"
    assert sum_text([-3.0, 1.0], -2.0) == "−3 + 1 = −2"
    assert sum_text([6.0, -0.5], 5.5) == "6 − 0.5 = 5.5"
    assert product_text(-2.0, 3.0, -6.0) == "−2 × 3 = −6"
    assert product_text(1 / 3, 1 / 3, 1 / 9) == "0.3333 × 0.3333 = 0.1111"
    assert product_text(1 / 3, 3.0, 1.0) == "0.3333 × 3 ≈ 1"


@pytest.mark.parametrize("seed", range(20))
def test_the_sums_in_a_picture_hold_to_the_digits_shown(make: Any, seed: int) -> None:
    scene = viz.scene(gn.trace(make["random"](seed)), view="ledger")
    texts = [line for box in scene.boxes for r in box.readings if r.label == "parts" for line in r.lines]
    texts += [wire.label for wire in scene.wires if "=" in wire.label]
    for text in texts:
        left, sign, right = text.rpartition(" = ")
        if not sign or " from " in text or left == "sum":
            continue
        if "×" in left:
            a, b = (parse(part) for part in left.split(" × "))
            assert number(a * b) == right
        else:
            parts = re.sub(r" − ", " + −", left).split(" + ")
            assert number(float(np.sum([parse(part) for part in parts]))) == right


def test_a_slope_is_known_where_nothing_comes_from_above() -> None:
    a, zero = gn.scalar(3.0, "a"), gn.scalar(0.0, "zero")
    run = gn.trace(gn.square(a) * zero)
    entry = next(e for e in ledger(run) if e.edge.source is a)
    assert (entry.upstream, entry.local, entry.text) == (0.0, 6.0, "0 × 6 = 0")


def test_cancellation_is_flagged() -> None:
    a = gn.scalar(2.0, "a")
    run = gn.trace((a * 100.0) - (a * 99.0))
    scene = viz.scene(run, view="ledger")
    box = next(b for b in scene.boxes if b.title == "a")
    assert [badge.text for badge in box.badges] == ["cancels: 0.5025 % left"]
    assert any("cancels: the sum is below 10%" in entry.label for entry in scene.legend.entries)


def test_arrays_are_told_by_their_size(classifier_run: Any) -> None:
    for entry in ledger(classifier_run):
        wanted = float(np.sqrt(np.mean(np.square(entry.contribution, dtype=np.float64))))
        assert entry.size == pytest.approx(wanted)


def test_a_run_without_gradients_has_no_ledger() -> None:
    with pytest.raises(ValueError, match=r"viz.ledger: this run has no gradients"):
        ledger(gn.trace(gn.relu(gn.input("x", (3,))), {"x": np.ones(3)}))


def test_products_keep_away_from_arrow_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w, b = gn.scalar(2.0, "x"), gn.scalar(-0.5, "w"), gn.scalar(0.25, "b")
    run = gn.trace(gn.tanh((x * w + b).named("total")).named("y"))
    scene = viz.scene(run, view="values+ledger")
    placed = viz.layout(scene, direction="TB")
    assert viz.problems(placed) == []
    assert all(wire.label is not None for wire in placed.wires if wire.wire.label)
    monkeypatch.setattr("viz.place.layout._OFF_HEAD", 0.0)
    assert any("touches the arrow head" in said for said in viz.problems(viz.layout(scene, direction="TB")))
