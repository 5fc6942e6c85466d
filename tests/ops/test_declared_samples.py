"""Every op, by its own declared samples: shape rule, dtype rule, and the kernel run as plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from graphnn.core.dtypes import float32
from op_cases import BUILT_IN, Case, cases, leaves, meaning, operands, run_kernel

# Random draws have no meaning in NumPy but their own kernel's: test_counter_random and test_random prove them.
EVERY = cases()
KERNELS = [c for c in EVERY if c.record.kernel_function is not None]
# A kernel adds in another order than NumPy; its elementary functions are stated to be within a few units.
TOLERANCE = {float32: 2e-6}


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_shape_and_dtype_rules_agree_with_the_meaning(case: Case) -> None:
    arrays = operands(case)
    node = case.record.node(*leaves(case, arrays), **case.sample.attributes)
    expected = meaning(case.record, arrays, case.sample.attributes)
    assert node.shape == expected.shape
    assert node.dtype == expected.dtype


@pytest.mark.parametrize("case", KERNELS, ids=str)
def test_kernel_in_plain_python_equals_meaning(case: Case) -> None:
    arrays = operands(case)
    expected = meaning(case.record, arrays, case.sample.attributes)
    found, status = run_kernel(case.record, arrays, case.sample.attributes, expected.shape, expected.dtype)
    assert status == 0
    tolerance = TOLERANCE.get(case.dtype, 1e-13)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("record", BUILT_IN.values(), ids=BUILT_IN)
def test_every_op_is_declared_completely(record) -> None:
    record.check_complete()
    assert record.doc.split("\n")[0].count(". ") <= 4
    assert record.doc.rstrip().endswith((".", ")"))
    for port in record.ports:
        assert port in record.doc or len(record.ports) == 1, f"{port} is not told in the docstring"
    assert len(record.slopes) in (0, len(record.ports))
    assert record.slopes or record.no_slope or record.body
