"""Every op, by its own declared samples: shape rule, dtype rule, and the kernel run as plain Python."""

from __future__ import annotations

import re

import numpy as np
import pytest

from graphnn.checking.formula import formula, slope_formulas
from graphnn.core.dtypes import bool_, float32, int64
from graphnn.core.op import Op
from op_cases import BUILT_IN, Case, cases, leaves, meaning, operands, run_kernel

# Random draws have no meaning in NumPy but their own kernel's: test_counter_random and test_random prove them.
EVERY = cases()
every_op = pytest.mark.parametrize("record", BUILT_IN.values(), ids=BUILT_IN)
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


@every_op
def test_every_op_is_declared_completely(record: Op) -> None:
    record.check_complete()


@every_op
def test_every_docstring_tells_meaning_shapes_and_source(record: Op) -> None:
    first = record.doc.split("\n\n")[0].split("Shapes:")[0].strip()
    assert first.endswith((".", ")", ":")), "the docstring opens with the meaning, a sentence"
    assert len(first.split(". ")[0]) < 300, "the first sentence is short"
    assert "Shapes: " in record.doc, "the docstring tells shapes: 'Shapes: x (*s) -> y (*s).'"
    assert "Source: " in record.doc, (
        "the docstring tells whose definition it follows: 'Source: NumPy, numpy.roll.'"
    )
    assert record.doc.rstrip().endswith((".", ")")), "the docstring ends with a full stop"
    for port in record.ports:
        assert re.search(rf"\b{port}\b", record.doc), f"operand {port} is not told in the docstring"


@every_op
def test_every_op_has_a_slope_formula_per_operand_or_a_reason(record: Op) -> None:
    if record.no_slope:
        assert not record.differentiable, "it has a slope and a reason for having none"
        assert len(record.slopes) in (0, len(record.ports))
        assert len(record.no_slope) > 10, "the reason is a sentence"
    elif record.signature.output.dtype in (int64, bool_):
        assert len(record.slopes) in (0, len(record.ports))  # whole numbers: the reason is in the signature
    else:
        assert len(record.slopes) == len(record.ports), "slopes=(...) gives LaTeX for each operand"


@every_op
def test_every_formula_renders(record: Op) -> None:
    ziamath = pytest.importorskip("ziamath", reason="the part that draws formulas is not installed")
    for latex in [formula(record), *slope_formulas(record)]:
        assert ziamath.Latex(latex).svg().startswith("<svg"), latex
