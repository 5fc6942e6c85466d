"""Moved images are where the matrix says, exactly on whole pixels; draws of beta have their distribution."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


def moved(x: np.ndarray, matrix, size=None, fill: float = 0.0) -> np.ndarray:
    matrix = np.broadcast_to(np.asarray(matrix, x.dtype), (len(x), 2, 3))
    return gn.Program(gn.affine_sample(gn.constant(x), gn.constant(matrix), size, fill)).run({})


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(3, 2, 6, 7)).astype(np.float32)


@pytest.mark.parametrize("fill", [0.0, 0.1])
@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, -1), (-3, 3), (0, 7), (20, 0)])
def test_whole_shifts_move_pixels_unchanged(images, down, right, fill) -> None:
    padded = np.full((3, 2, 6 + 60, 7 + 60), np.float32(fill), np.float32)
    padded[:, :, 30:36, 30:37] = images
    wanted = padded[:, :, 30 + down : 36 + down, 30 + right : 37 + right]
    np.testing.assert_array_equal(moved(images, [[1, 0, down], [0, 1, right]], fill=fill), wanted)


@pytest.mark.parametrize(
    ("matrix", "wanted"),
    [
        ([[-1, 0, 0], [0, 1, 0]], lambda x: x[:, :, ::-1]),
        ([[1, 0, 0], [0, -1, 0]], lambda x: x[:, :, :, ::-1]),
        ([[0, 1, 0], [-1, 0, 0]], lambda x: np.rot90(x, 1, (2, 3))),
        ([[0, -1, 0], [1, 0, 0]], lambda x: np.rot90(x, -1, (2, 3))),
    ],
)
def test_mirrors_and_quarter_turns_are_those_of_numpy(images, matrix, wanted) -> None:
    found = moved(images, matrix, size=wanted(images).shape[2:])
    np.testing.assert_array_equal(found, wanted(images))


def test_it_is_pytorchs_grid_sample_in_pixels(images) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(3, 2, 3)).astype(np.float32)
    down, across = np.meshgrid(np.arange(5) - 2.0, np.arange(4) - 1.5, indexing="ij")
    rows, columns = np.einsum("nij,jpq->inpq", matrix, np.stack([down, across, np.ones((5, 4))]))
    grid = np.stack([columns / 3.0, rows / 2.5], -1).astype(np.float32)
    theirs = torch.nn.functional.grid_sample(
        torch.from_numpy(images), torch.from_numpy(grid), align_corners=True
    )
    np.testing.assert_allclose(moved(images, matrix, (5, 4)), theirs.numpy(), atol=2e-5)


def test_a_matrix_can_be_learned() -> None:
    """A network that moves its image: the gradient finds the shift between two pictures."""
    rows, columns = np.mgrid[0:12, 0:12] - 5.5
    blob = np.exp(-(rows**2 + columns**2) / 8.0).astype(np.float32)[None, None]
    wanted = moved(blob, [[1, 0, 0.8], [0, 1, -1.3]])
    matrix = gn.parameter([[[1.0, 0, 0], [0, 1.0, 0]]], "matrix")
    loss = ((gn.affine_sample(gn.constant(blob), matrix) - gn.constant(wanted)) ** 2.0).sum()
    (slope,) = gn.gradient(loss, [matrix])
    program = gn.Program(loss, {matrix: matrix - 0.05 * slope})
    for _ in range(300):
        last = program.run({})
    assert last < 1e-4
    np.testing.assert_allclose(matrix.value[0, :, 2], [0.8, -1.3], atol=0.05)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x, m: gn.affine_sample(x, gn.constant(np.zeros((3, 3, 3), np.float32))), "matrix"),
        (lambda x, m: gn.affine_sample(x, m, (0, 4)), "size"),
        (lambda x, m: gn.affine_sample(x, m, ("h", "w")), "size"),
        (lambda x, m: gn.affine_sample(gn.input("x", (3, 1, "h", 4)), m), "wanted known sizes"),
        (lambda x, m: gn.random_beta(0.0, 1.0, 0, (3,), 1), "alpha is a positive number"),
        (lambda x, m: gn.random_beta(1.0, 1.0, 0, (3,), 1.5), "seed is a whole number"),
    ],
)
def test_wrong_calls_get_a_sentence(images, call, words) -> None:
    with pytest.raises(gn.GraphnnError, match=words):
        call(gn.constant(images), gn.constant(np.zeros((3, 2, 3), np.float32)))


def shares(alpha: float, beta: float, seed: int, dtype: str, count: int = 20_000) -> np.ndarray:
    counter = gn.parameter(0, "steps", "int64")
    return gn.Program(gn.random_beta(alpha, beta, counter, (count,), seed, dtype)).run({})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("alpha", "beta"), [(0.1, 0.1), (0.2, 0.2), (0.4, 1.7), (1.0, 1.0), (2.0, 5.0), (50.0, 50.0)]
)
def test_beta_draws_have_the_beta_distribution(alpha, beta, dtype) -> None:
    from scipy import stats

    drawn = shares(alpha, beta, 5, dtype).astype(np.float64)
    assert ((drawn >= 0) & (drawn <= 1)).all()
    # Near 1 floats are coarse, so that many draws of a small alpha are 1: the rest is compared.
    law = stats.beta(alpha, beta)
    found = stats.kstest(drawn[drawn < 0.9], lambda v: law.cdf(v) / law.cdf(0.9))
    assert found.pvalue > 0.001
    share = law.cdf(0.9)
    assert abs((drawn < 0.9).mean() - share) < 5 * np.sqrt(max(share * (1 - share), 1e-6) / drawn.size)


def test_beta_draws_hang_on_seed_counter_and_place_only() -> None:
    long, short = shares(0.3, 0.7, 1, "float32", 5000), shares(0.3, 0.7, 1, "float32", 10)
    np.testing.assert_array_equal(long[:10], short)
    assert len(np.unique(long)) > 4900
    assert not np.array_equal(shares(0.3, 0.7, 2, "float32", 10), short)
    counter = gn.parameter(0, "steps", "int64")
    program = gn.Program(gn.random_beta(0.3, 0.7, counter, (10,), 1), {counter: counter + 1})
    first, second = program.run({}), program.run({})
    np.testing.assert_array_equal(first, short)
    assert not np.array_equal(first, second)
