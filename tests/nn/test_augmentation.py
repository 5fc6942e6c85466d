"""Augmentation changes each image by draws of its own, in training only, and helps where examples are few."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.transform.interpret import interpret

LAYERS = {
    "flip": lambda **s: gn.nn.RandomFlip(**s),
    "affine": lambda **s: gn.nn.RandomAffine(turn=20, shift=(1, 2.5), zoom=0.2, **s),
    "shift": lambda **s: gn.nn.RandomShift(2, **s),
    "rotate": lambda **s: gn.nn.RandomRotate(30, **s),
    "zoom": lambda **s: gn.nn.RandomZoom(0.3, **s),
    "crop": lambda **s: gn.nn.RandomCrop((7, 6), **s),
    "padded crop": lambda **s: gn.nn.RandomCrop(9, 2, **s),
    "erase": lambda **s: gn.nn.RandomErase((3, 2), **s),
    "brightness": lambda **s: gn.nn.RandomBrightness(0.5, **s),
    "contrast": lambda **s: gn.nn.RandomContrast(0.5, **s),
}
X = gn.input("x", ("batch", 2, 9, 9))


def image(rows: int, seed: int = 0) -> np.ndarray:
    """The same image again and again, so that what differs between rows is drawn."""
    one = np.random.default_rng(seed).uniform(0.5, 1.0, size=(1, 2, 9, 9))
    return np.repeat(one, rows, axis=0).astype(np.float32)


def program(layer) -> gn.Program:
    y = layer(X, training=True)
    return gn.Program(y, gn.state_updates([y]))


@pytest.mark.parametrize("name", LAYERS)
def test_draws_differ_between_images_and_steps_and_are_repeated_by_their_seed(name) -> None:
    runs = [program(LAYERS[name](seed=s)) for s in (1, 1, 2)]
    first, again, other = (run.run({X: image(16)}) for run in runs)
    np.testing.assert_array_equal(first, again)
    assert len({row.tobytes() for row in first}) > (1 if name == "flip" else 5), "images are changed alike"
    assert not np.array_equal(first, other) and not np.array_equal(first, runs[0].run({X: image(16)}))


@pytest.mark.parametrize("name", LAYERS)
def test_an_image_is_changed_by_its_place_whatever_stands_behind_it(name) -> None:
    many, few = (program(LAYERS[name](seed=1)).run({X: image(n)}) for n in (40, 7))
    np.testing.assert_array_equal(many[:7], few)


@pytest.mark.parametrize("name", LAYERS)
def test_inference_draws_nothing(name) -> None:
    layer = LAYERS[name](seed=1)
    y = layer(X)
    assert not gn.Graph(y).parameters
    if "crop" not in name:
        assert y is X


@pytest.mark.parametrize("name", LAYERS)
def test_the_gradient_for_the_image_is_that_of_differences(name) -> None:
    x = gn.input("x", (3, 1, 9, 9), "float64")
    y = LAYERS[name](seed=1)(x, training=True)
    rng = np.random.default_rng(1)
    loss = (y * gn.constant(rng.normal(size=y.shape), dtype="float64")).sum()
    slope = gn.gradient(loss, x)
    here = rng.uniform(0.5, 1.0, size=(3, 1, 9, 9))
    _, found = interpret([loss, slope], {x: here})
    for place in [(0, 0, 4, 4), (1, 0, 0, 8), (2, 0, 6, 3)]:
        step = np.zeros_like(here)
        step[place] = 1e-3
        (after,), (before,) = (interpret([loss], {x: here + sign * step}) for sign in (1, -1))
        np.testing.assert_allclose((after - before) / 2e-3, found[place], rtol=1e-6, atol=1e-8)


def test_as_many_images_are_mirrored_as_asked_and_exactly() -> None:
    x = image(4000)
    y = program(gn.nn.RandomFlip(rate=0.3, seed=5)).run({X: x})
    mirrored = (y == x[:, :, :, ::-1]).all(axis=(1, 2, 3))
    assert (mirrored | (y == x).all(axis=(1, 2, 3))).all()
    assert abs(mirrored.mean() - 0.3) < 5 * np.sqrt(0.21 / 4000)
    down = program(gn.nn.RandomFlip(-2, 1.0)).run({X: x[:3]})
    np.testing.assert_array_equal(down, x[:3, :, ::-1])


def test_shifts_are_whole_even_and_independent_in_both_directions() -> None:
    x = np.zeros((5000, 1, 9, 9), np.float32)
    x[:, :, 4, 4] = 1.0
    node = gn.input("x", ("batch", 1, 9, 9))
    y = gn.Program(gn.nn.RandomShift((1, 2), seed=3)(node, training=True)).run({node: x})
    assert set(np.unique(y)) == {0.0, 1.0} and (y.sum(axis=(1, 2, 3)) == 1).all()
    counts = y.sum(axis=(0, 1))
    assert counts[3:6, 2:7].sum() == 5000
    # 15 places, chi-square with 14 degrees of freedom: above 36.1 once in a thousand.
    assert (((counts[3:6, 2:7] - 5000 / 15) ** 2) / (5000 / 15)).sum() < 36.1


def test_pieces_are_taken_from_all_places_and_from_the_middle_afterwards() -> None:
    x = np.arange(81, dtype=np.float32).reshape(1, 1, 9, 9).repeat(3000, axis=0)
    node = gn.input("x", ("batch", 1, 9, 9))
    layer = gn.nn.RandomCrop((8, 6), seed=2)
    y = gn.Program(layer(node, training=True)).run({node: x})
    corners = y[:, 0, 0, 0].astype(int)
    np.testing.assert_array_equal(y[:, 0] - y[:, 0, :1, :1], (x[:, 0, :8, :6] - x[:, 0, :1, :1]))
    assert sorted(set(corners)) == [9 * i + j for i in range(2) for j in range(4)]
    np.testing.assert_array_equal(gn.Program(layer(node)).run({node: x[:1]}), x[:1, :, :8, 1:7])
    padded = gn.nn.RandomCrop(9, 2)(node)
    np.testing.assert_array_equal(gn.Program(padded).run({node: x[:1]}), x[:1])
    larger = gn.Program(gn.nn.RandomCrop(11, 2)(node)).run({node: x[:1]})
    np.testing.assert_array_equal(larger[0, 0], np.pad(x[0, 0], 1))


def test_a_rectangle_of_each_image_is_erased() -> None:
    x = image(2000)
    y = program(gn.nn.RandomErase((3, 4), rate=0.5, fill=-1.0, seed=4)).run({X: x})
    gone = y == -1.0
    np.testing.assert_array_equal(gone[:, 0], gone[:, 1])
    np.testing.assert_array_equal(y[~gone], x[~gone])
    erased = gone[:, 0].any(axis=(1, 2))
    assert abs(erased.mean() - 0.5) < 5 * 0.5 / np.sqrt(2000)
    rows, columns = gone[erased, 0].any(axis=2).sum(axis=1), gone[erased, 0].any(axis=1).sum(axis=1)
    assert rows.max() == 3 and columns.max() == 4 and rows.min() == 2 and columns.min() == 2
    np.testing.assert_array_equal(gone[erased, 0].sum(axis=(1, 2)), rows * columns)


def test_turns_and_zooms_are_drawn_evenly_within_their_bounds() -> None:
    """Two bright pixels tell the angle and the distance between them."""
    from scipy import stats

    node = gn.input("x", ("batch", 2, 41, 41))
    rows, columns = np.mgrid[0:41, 0:41]
    x = np.stack([np.exp(-((rows - 20) ** 2 + (columns - c) ** 2) / 8.0) for c in (8, 32)])[None]
    layer = gn.nn.RandomAffine(turn=30, zoom=0.2, seed=6)
    y = gn.Program(layer(node, training=True)).run({node: np.repeat(x, 1000, axis=0).astype(np.float32)})
    mass = y.sum(axis=(2, 3))
    down, right = ((y * grid).sum(axis=(2, 3)) / mass for grid in (rows, columns))
    turned = np.degrees(np.arctan2(down[:, 1] - down[:, 0], right[:, 1] - right[:, 0]))
    zoomed = np.hypot(down[:, 1] - down[:, 0], right[:, 1] - right[:, 0]) / 24
    assert stats.kstest(turned, stats.uniform(-30, 60).cdf).pvalue > 0.001
    assert stats.kstest(zoomed, stats.uniform(0.8, 0.4).cdf).pvalue > 0.001
    assert abs(np.corrcoef(turned, zoomed)[0, 1]) < 0.15


def test_brightness_and_contrast_keep_what_they_should() -> None:
    x = image(2000)
    light = program(gn.nn.RandomBrightness(0.5, seed=1)).run({X: x}) - x
    np.testing.assert_allclose(light, light[:, :1, :1, :1] * np.ones_like(x), atol=1e-6)
    assert abs(light.mean()) < 0.05 and -0.5 <= light.min() < -0.45 and 0.45 < light.max() <= 0.5
    y = program(gn.nn.RandomContrast(0.5, seed=1)).run({X: x})
    np.testing.assert_allclose(y.mean(axis=(2, 3)), x.mean(axis=(2, 3)), rtol=1e-5)
    factor = y.std(axis=(2, 3)) / x.std(axis=(2, 3))
    np.testing.assert_allclose(factor[:, 0], factor[:, 1], rtol=1e-4)
    assert 0.5 <= factor.min() < 0.55 and 1.45 < factor.max() < 1.501


def mixed(layer, x: np.ndarray, y: np.ndarray):
    a = gn.input("x", ("batch", *x.shape[1:]))
    b = gn.input("y", ("batch", *y.shape[1:]))
    outputs = layer(a, b, training=True)
    assert layer(a, b) == (a, b)
    return gn.Program(list(outputs)).run({a: x, b: y})


def test_mixup_mixes_inputs_and_targets_by_the_same_beta_share() -> None:
    from scipy import stats

    count = 4000
    rows = np.arange(count, dtype=np.float32)
    one_hot = np.eye(count, dtype=np.float32)[:, :]
    x, y = mixed(gn.nn.Mixup(0.4, seed=3), np.stack([rows, rows**2], 1), one_hot)
    np.testing.assert_allclose(y.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(x, y @ np.stack([rows, rows**2], 1), rtol=1e-3, atol=1e-3)
    share = y[np.arange(count), np.arange(count)]
    alone = share == 1.0
    law = stats.beta(0.4, 0.4)
    assert stats.kstest(share[share < 0.9], lambda v: law.cdf(v) / law.cdf(0.9)).pvalue > 0.001
    others = np.argmax(np.where(np.eye(count, dtype=bool), -1.0, y), axis=1)[~alone & (share < 1)]
    assert len(set(others)) == len(others), "a row is the partner of two"


def test_cutmix_takes_a_rectangle_and_its_share_of_the_target() -> None:
    count = 600
    x = np.broadcast_to(np.arange(count, dtype=np.float32)[:, None, None, None], (count, 1, 10, 12))
    pictures, y = mixed(gn.nn.CutMix(1.0, seed=3), np.ascontiguousarray(x), np.eye(count, dtype=np.float32))
    foreign = pictures[:, 0] != x[:, 0]
    np.testing.assert_allclose(
        foreign.mean(axis=(1, 2)), 1 - y[np.arange(count), np.arange(count)], atol=1e-6
    )
    for row in range(count):
        assert len(np.unique(pictures[row][foreign[row][None]])) <= 1
        filled = np.outer(foreign[row].any(axis=1), foreign[row].any(axis=0))
        np.testing.assert_array_equal(filled, foreign[row])
    assert 0.15 < foreign.mean() < 0.5


def test_any_number_of_threads_draws_and_moves_alike(monkeypatch) -> None:
    x = gn.input("x", ("batch", 1, 28, 28))
    moved = gn.nn.RandomAffine(turn=20, shift=2, zoom=0.1, seed=1)(x, training=True)
    y, _ = gn.nn.Mixup(0.3, seed=2)(moved, moved, training=True)
    rows = np.random.default_rng(0).normal(size=(400, 1, 28, 28)).astype(np.float32)
    seen = set()
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("GRAPHNN_THREADS", threads)
        seen.add(gn.Program(y).run({x: rows}).tobytes())
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gn.nn.RandomFlip(0)(X), "no axis 0 behind the batch"),
        (lambda: gn.nn.RandomFlip(4)(X), "no axis 4"),
        (lambda: gn.nn.RandomFlip(rate=1.5), "from 0 to 1"),
        (lambda: gn.nn.RandomShift(1.5), "whole numbers"),
        (lambda: gn.nn.RandomShift((1, 2, 3)), "a number of pixels, or"),
        (lambda: gn.nn.RandomRotate(-5), "at least 0"),
        (lambda: gn.nn.RandomZoom(1.0), "from 0 to below 1"),
        (lambda: gn.nn.RandomAffine(fill=float("nan")), "finite number"),
        (lambda: gn.nn.RandomCrop(10)(X), "larger than images of 9 x 9"),
        (lambda: gn.nn.RandomCrop(0), "size is"),
        (lambda: gn.nn.RandomCrop(3, -1), "padding is"),
        (lambda: gn.nn.RandomErase("3"), "size is"),
        (lambda: gn.nn.RandomContrast(0.1)(gn.input("x", ("batch", 64))), "wanted images"),
        (lambda: gn.nn.RandomShift(1)(gn.input("x", ("n", 1, "h", "w"))), "known height and width"),
        (lambda: gn.nn.Mixup(0.0), "positive number"),
        (lambda: gn.nn.Sequential([gn.nn.Mixup()])(X), "wanted two operands"),
        (lambda: gn.nn.Mixup()(X, gn.input("y", ("batch",), "int64")), "labels cannot be mixed"),
        (lambda: gn.nn.CutMix()(X, gn.input("y", ("rows", 3))), "differ in their batch axis"),
    ],
)
def test_wrong_settings_and_shapes_get_a_sentence(call, words) -> None:
    with pytest.raises(gn.GraphnnError, match=words):
        call()


def test_a_classifier_learns_from_mixed_examples_and_soft_targets() -> None:
    data = gn.data.digits()
    x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
    net = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)], seed=1)
    mixed_x, soft = gn.nn.Mixup(0.4, seed=2)(x, gn.one_hot(y, 10), training=True)
    logits = net(x)
    trainer = gn.Trainer(
        gn.softmax_cross_entropy_soft(net(mixed_x), soft), gn.optim.Adam(0.01),
        evaluation_loss=gn.softmax_cross_entropy(logits, y), metrics={"accuracy": gn.accuracy(logits, y)},
    )  # fmt: skip
    trainer.fit(data, epochs=10, progress=False)
    assert trainer.evaluate(data)["accuracy"] > 0.95


def held_out(seed: int, *, augment: bool) -> float:
    """Accuracy on digits that were not among the 200 that a small network learned."""
    data = gn.data.digits()
    pictures = gn.data.Dataset(data.x.reshape(-1, 1, 8, 8), data.y, "digits", data.classes)
    train, test = gn.data.split(pictures, 1 - 200 / len(data), seed=seed)
    x, y = gn.input("x", ("batch", 1, 8, 8)), gn.input("y", ("batch",), "int64")
    moves = [gn.nn.RandomAffine(turn=12, shift=0.7, zoom=0.1)] if augment else []
    net = gn.nn.Sequential(
        [*moves, lambda v: gn.reshape(v, (v.shape[0], 64)), gn.nn.Dense(64, gn.relu), gn.nn.Dense(10)],
        seed=seed,
    )
    logits, calm = net(x, training=True), net(x)
    trainer = gn.Trainer(
        gn.softmax_cross_entropy(logits, y), gn.optim.Adam(0.003),
        evaluation_loss=gn.softmax_cross_entropy(calm, y), metrics={"accuracy": gn.accuracy(calm, y)},
    )  # fmt: skip
    trainer.fit(train, epochs=150, batch=32, seed=seed, progress=False)
    return trainer.evaluate(test)["accuracy"]


def test_moved_digits_help_where_200_are_known() -> None:
    plain, helped = ([held_out(seed, augment=yes) for seed in range(3)] for yes in (False, True))
    print(f"held-out accuracy, mean of 3 seeds: {np.mean(plain):.4f} plain, {np.mean(helped):.4f} augmented")
    # 1597 held-out digits: the mean of three has a deviation of about 0.4 % from the draw of the 200.
    assert np.mean(helped) > np.mean(plain) - 0.004
