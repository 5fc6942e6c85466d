"""Every op's kernel, compiled by the engine, against its meaning in NumPy: declared samples, and hard values."""

from __future__ import annotations

import numpy as np
import pytest

from graphnn.core.dtypes import FLOATS, float32
from graphnn.engine.program import Program
from op_cases import Case, cases, leaves, meaning, operands

EVERY = cases()
# Elementary functions are stated to be within a few units of rounding, and sums add in another order.
TOLERANCE = {float32: 2e-6}


def compiled(case: Case, arrays: list[np.ndarray]) -> np.ndarray:
    """The op alone, as one program, nothing rewritten."""
    inputs = leaves(case, arrays)
    node = case.record.node(*inputs, **case.sample.attributes)
    return Program(node, optimize=False).run(dict(zip(inputs, arrays, strict=True)))


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_compiled_kernel_equals_meaning_and_repeats_its_bits(case: Case) -> None:
    arrays = operands(case)
    expected = meaning(case.record, arrays, case.sample.attributes)
    found = compiled(case, arrays)
    assert found.tobytes() == compiled(case, arrays).tobytes()
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    tolerance = TOLERANCE.get(case.dtype, 1e-13)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


HARD = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 1e-30, -1e-30, 88.0, -88.0, 3.5])
POINTWISE = [c for c in cases(sorted(FLOATS, key=str), pointwise=True) if c.number == 0]
# Optimiser steps divide by what they were given; the formula in their body is the reference, on plain numbers.
POINTWISE = [c for c in POINTWISE if c.record.body is None and not c.record.fault_function]


@pytest.mark.parametrize("case", POINTWISE, ids=str)
def test_nan_and_infinity_pass_as_in_numpy(case: Case) -> None:
    slots = [k for k, p in enumerate(case.record.signature.inputs) if p.axes and p.dtype is None]
    if not slots:
        pytest.skip("the op takes no floats")
    grids = np.meshgrid(*[HARD] * len(slots), indexing="ij")
    shape = grids[0].reshape(-1).shape
    arrays = []
    for port in case.record.signature.inputs:
        if port.axes and port.dtype is None:
            arrays.append(grids[len(arrays) % len(grids)].reshape(-1).astype(case.dtype))
        elif port.dtype is not None:
            arrays.append(np.arange(np.prod(shape)).reshape(shape) % 2 == 0)
        else:
            arrays.append(np.array(0.25, case.dtype))
    expected = meaning(case.record, arrays, case.sample.attributes)
    found = compiled(case, arrays)
    assert np.array_equal(np.isnan(found), np.isnan(expected)), (arrays, found, expected)
    assert np.array_equal(np.isinf(found), np.isinf(expected)), (arrays, found, expected)
    tolerance = TOLERANCE.get(case.dtype, 1e-13)
    # Numbers so small that they have lost precision are flushed or kept as the machine likes.
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=1e-37)


@pytest.mark.parametrize("hard", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize(
    "name", ["sum", "mean", "max", "min", "argmax", "softmax", "log_softmax", "logsumexp", "matmul"]
)
def test_a_hard_value_passes_through_rows_as_in_numpy(name: str, hard: float) -> None:
    case = next(c for c in cases([float32]) if c.record.name == name)
    arrays = operands(case)
    arrays[0].reshape(-1)[1] = hard
    expected = meaning(case.record, arrays, case.sample.attributes)
    np.testing.assert_allclose(compiled(case, arrays), expected, rtol=2e-6, atol=2e-6)
