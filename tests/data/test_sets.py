"""Shipped sets are scikit-learn's, and what is made by a formula keeps that formula, its shapes and its seed."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

CLASSES = ["moons", "circles", "blobs", "gaussians", "spirals", "xor"]
NUMBERS = ["plane", "sine", "adding"]
SYMBOLS = ["copying", "reversing"]


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
@pytest.mark.parametrize("file_is_there", [True, False])
def test_shipped_classes_are_scikit_learns(name, file_is_there, monkeypatch) -> None:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    if not file_is_there:
        monkeypatch.setattr("pathlib.Path.exists", lambda _: False)
    data = getattr(gn.data, name)()
    np.testing.assert_array_equal(data.x, bunch.data.astype(np.float32))
    np.testing.assert_array_equal(data.y, bunch.target)
    assert len(data.classes) == len(bunch.target_names) and len(data.columns) == data.x.shape[1]


@pytest.mark.parametrize("file_is_there", [True, False])
def test_diabetes_is_scikit_learns_unscaled(file_is_there, monkeypatch) -> None:
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(scaled=False)
    if not file_is_there:
        monkeypatch.setattr("pathlib.Path.exists", lambda _: False)
    data = gn.data.diabetes()
    np.testing.assert_array_equal(data.x, bunch.data.astype(np.float32))
    np.testing.assert_array_equal(data.y[:, 0], bunch.target.astype(np.float32))


@pytest.mark.parametrize("name", CLASSES + NUMBERS + SYMBOLS)
def test_made_data_are_the_same_for_a_seed_and_other_for_another(name) -> None:
    make = getattr(gn.data, name)
    data, again, other = make(37, seed=1), make(37, seed=1), make(37, seed=2)
    assert len(data) == 37
    np.testing.assert_array_equal(data.x, again.x)
    np.testing.assert_array_equal(data.y, again.y)
    assert not np.array_equal(data.x, other.x)
    assert data.x.flags.c_contiguous and np.isfinite(data.x).all()


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_of_nearly_equal_size_and_mixed(name) -> None:
    data = getattr(gn.data, name)(200)
    counts = np.bincount(data.y, minlength=len(data.classes))
    assert counts.max() - counts.min() <= 1 or name == "xor"
    assert len(np.unique(data.y[:40])) == len(data.classes), "the first rows hold one class only"


def test_formulas_hold_without_noise() -> None:
    circles = gn.data.circles(100, noise=0.0)
    np.testing.assert_allclose(np.hypot(*circles.x.T), np.where(circles.y == 1, 0.5, 1.0), rtol=1e-6)
    xor = gn.data.xor(4, noise=0)
    assert {(*row, label) for row, label in zip(xor.x.tolist(), xor.y.tolist())} == {
        (-1.0, -1.0, 0), (-1.0, 1.0, 1), (1.0, -1.0, 1), (1.0, 1.0, 0),
    }  # fmt: skip
    sine = gn.data.sine(50, noise=0.0, periods=2)
    np.testing.assert_allclose(sine.y, np.sin(2 * np.pi * sine.x), atol=1e-6)
    plane = gn.data.plane(50, noise=0.0)
    design = np.column_stack([plane.x, np.ones(50)])
    assert np.linalg.lstsq(design, plane.y, rcond=None)[1] < 1e-9
    spirals = gn.data.spirals(300, noise=0.0)
    radius, angle = np.hypot(*spirals.x.T), np.arctan2(spirals.x[:, 1], spirals.x[:, 0])
    apart = (angle - 2 * np.pi * (radius + spirals.y / 3)) / (2 * np.pi)
    np.testing.assert_allclose(apart, np.round(apart), atol=1e-5)


def test_the_best_classifier_of_gaussians_errs_as_often_as_promised() -> None:
    data = gn.data.gaussians(20_000, distance=2.0, seed=4)
    assert np.mean((data.x[:, 0] > 0) != data.y) == pytest.approx(0.1587, abs=0.01)


def test_shapes_lie_in_their_boxes_and_masks() -> None:
    seen = gn.data.shapes(60, size=20, noise=0.0)
    assert seen.data.x.shape == seen.masks.shape == (60, 1, 20, 20) and seen.boxes.shape == (60, 4)
    assert set(seen.data.y) == {0, 1, 2, 3}
    for picture, mask, box in zip(seen.data.x[:, 0], seen.masks[:, 0], seen.boxes):
        np.testing.assert_array_equal(picture > 0.3, mask == 1.0)
        rows, columns = np.nonzero(mask)
        edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(box * 20, edges, atol=1e-4)


def test_sequences_have_the_answer_that_they_promise() -> None:
    copying, reversing = gn.data.copying(20, length=5), gn.data.reversing(20, length=5)
    np.testing.assert_array_equal(copying.x, copying.y)
    np.testing.assert_array_equal(reversing.x[:, ::-1], reversing.y)
    adding = gn.data.adding(30, length=7)
    np.testing.assert_array_equal(adding.x[..., 1].sum(axis=1), 2.0)
    np.testing.assert_allclose(
        (adding.x[..., 0] * adding.x[..., 1]).sum(axis=1, keepdims=True), adding.y, rtol=1e-6
    )


def test_a_translation_puts_the_verb_last_and_adjectives_after_nouns() -> None:
    pairs = gn.data.translation(200, seed=3)
    assert pairs.data.x[:, 0].tolist() == [1] * 200 and pairs.data.x.dtype == np.int64
    sentences = {pairs.source(x): pairs.target(y) for x, y in zip(pairs.data.x, pairs.data.y)}
    verbs = {"vira", "loma", "pesta"}
    assert all(said.split()[-1] in verbs for said in sentences.values())
    told = {one: said for one, said in sentences.items() if one == "the big cat sees the dog"}
    assert all(said == "mina ulu toru vira" for said in told.values())
    assert any("<" not in one and len(one.split()) == 7 for one in sentences)


def test_characters_come_back_as_the_text(tmp_path) -> None:
    text = "to be, or not to be: 그래프 \U0001f600\n"
    (tmp_path / "a.txt").write_text(text, "utf-8")
    found = gn.data.characters(tmp_path / "a.txt")
    assert found.text(found.codes) == text and list(found.alphabet) == sorted(set(text))
    pieces = found.windows(5, step=2)
    np.testing.assert_array_equal(pieces.x[:, 1:], pieces.y[:, :-1])
    assert found.text(pieces.x[0]) == "to be" and found.text(pieces.y[0]) == "o be,"


def test_scaling_is_fitted_on_the_part_that_it_is_given() -> None:
    train, test = gn.data.split(gn.data.wine(), 0.3, seed=1)
    scaling = gn.data.standardize(train)
    inside = scaling(train).x
    np.testing.assert_allclose(inside.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(inside.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(scaling.backward(scaling(test).x), test.x, rtol=1e-4)
    low = gn.data.normalize(train)(train).x
    assert low.min() == 0.0 and low.max() == 1.0
    constant = gn.data.Dataset(np.full((3, 2), 5.0, np.float32), np.zeros(3, np.float32))
    assert not gn.data.standardize(constant)(constant).x.any()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gn.data.moons(1), "moons: rows is a whole number of at least 2"),
        (lambda: gn.data.moons(noise=-1), "noise is a standard deviation"),
        (lambda: gn.data.circles(factor=1.5), "factor lies between 0 and 1"),
        (lambda: gn.data.blobs(classes=0), "classes is a whole number of at least 1"),
        (lambda: gn.data.copying(symbols=1), "symbols is a whole number of at least 2"),
        (lambda: gn.data.shapes(size=4), "size is a whole number of at least 8"),
        (lambda: gn.data.sine(seed=-1), "seed is a whole number"),
        (lambda: gn.data.standardize([1, 2]), "wanted a gn.data.Dataset, found list"),
        (lambda: gn.data.standardize(gn.data.iris())(gn.data.wine()), "fitted on rows of"),
    ],
)
def test_wrong_settings_get_a_sentence(call, words) -> None:
    with pytest.raises(gn.GraphnnError, match=words):
        call()


def test_data_tells_what_it_is_in_one_short_line(tmp_path) -> None:
    (tmp_path / "text.txt").write_text("to be or not to be")
    train = gn.data.wine()
    small = gn.data.Dataset(np.array([[1.0], [3.0]]), np.zeros(2, np.int64))
    assert repr(gn.data.characters(tmp_path / "text.txt")) == "<Characters: 18, 7 different ones>"
    assert repr(gn.data.shapes(3)).endswith("y int64 (3,)>, boxes (3, 4), masks (3, 1, 16, 16)>")
    assert repr(gn.data.translation(5)) == "<Translation: 5 pairs of sentences, 16 and 15 words>"
    assert repr(gn.data.standardize(train)) == "<Scaling of 13 features>"
    assert repr(gn.data.standardize(small)) == "<Scaling: (x - [2.0]) / [1.0]>"
