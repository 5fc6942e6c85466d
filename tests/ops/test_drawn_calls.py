"""Calls of every op that hypothesis makes: ranks 0 to 5, empty axes, axes of one, broadcasting, every dtype, NaN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import graphnn as gn
from graphnn.core.dtypes import FLOATS, SUPPORTED, float32, float64
from graphnn.core.errors import FaultError
from graphnn.core.op import Op, Sample
from graphnn.engine.program import Program
from graphnn.transform.interpret import interpret
from op_cases import BUILT_IN, Case, gives_floats, leaves, meaning, operands
from op_facts.registry import DRAWS, STOPS_NAN, TWINS
from op_twins import Meeting, torch

# A kernel adds in another order than NumPy; its elementary functions are stated to be within a few units.
TOLERANCE = {float32: 1e-5, float64: 1e-12}
SIZES = st.sampled_from([0, 1, 1, 2, 3, 5])
LARGEST = 300
DRAWN = settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
every_op = pytest.mark.parametrize("record", BUILT_IN.values(), ids=BUILT_IN)


def needs_draws(record: Op) -> str | None:
    """Why the op's calls cannot be drawn from its signature alone."""
    if record.attribute_names:
        return "it has attributes"
    if record.signature.variadic:
        return "it takes any number of operands"
    if record.shape_function is not None:
        return "its shape rule is its own"
    if record.fault_function is not None:
        return "it takes positions"
    return None


def from_signature(record: Op, draw: Any) -> Sample:
    """Shapes that fit the signature, of every rank up to 5, and the domain of the op's first sample."""
    model = record.samples[0]
    ports = record.signature.inputs
    plain = max((len([a for a in p.axes if not str(a).startswith("*")]) for p in ports), default=0)
    sizes: dict[str, Any] = {}
    shapes = []
    for port in ports:
        shape: list[int] = []
        for axis in port.axes:
            if isinstance(axis, int):
                shape.append(axis)
            elif axis.startswith("*"):
                shape += sizes.setdefault(axis, draw(st.lists(SIZES, max_size=5 - plain)))
            else:
                shape.append(sizes.setdefault(axis, draw(SIZES)))
        shapes.append(tuple(shape))
    return Sample(tuple(shapes), model.attributes, model.domain, model.limits)


@st.composite
def calls(draw: Any, record: Op, *, floats: bool = False) -> Case:
    """A call of the op with shapes, attributes and a dtype that it takes; its number seeds the operands."""
    if record.name in DRAWS:
        sample = DRAWS[record.name](draw)
    elif needs_draws(record):
        sample = draw(st.sampled_from(record.samples))
    else:
        sample = from_signature(record, draw)
    allowed = [d for d in SUPPORTED if d in record.types and (d in FLOATS or not floats)]
    return Case(record, sample, draw(st.integers(0, 999)), draw(st.sampled_from(allowed)))


def fitting(case: Case) -> bool:
    return all(math.prod(s) <= LARGEST for s in case.sample.shapes)


def compiled(case: Case, arrays: list[np.ndarray]) -> np.ndarray:
    """The op alone, as one program, nothing rewritten."""
    inputs = leaves(case, arrays)
    node = case.record.node(*inputs, **case.sample.attributes)
    used = set(gn.Graph(node).inputs)
    feeds = {n: a for n, a in zip(inputs, arrays, strict=True) if n in used}
    return Program(node, optimize=False).run(feeds)


@every_op
def test_drawn_calls_keep_their_rules(record: Op) -> None:
    """Shape and dtype rule, the compiled kernel, and the slopes' shapes; PyTorch's word where there is a twin."""

    @DRAWN
    @given(calls(record).filter(fitting))
    def check(case: Case) -> None:
        arrays = operands(case, kink_gap=1e-2)
        nodes = leaves(case, arrays)
        node = record.node(*nodes, **case.sample.attributes)
        expected = meaning(record, arrays, case.sample.attributes)
        assert (node.shape, node.dtype) == (expected.shape, expected.dtype)
        found = compiled(case, arrays)
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        tolerance = max(TOLERANCE.get(a.dtype, 0.0) for a in [*arrays, found])
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
        wrt = [k for k, n in enumerate(nodes) if n.dtype in FLOATS]
        if gives_floats(record) and node.dtype in FLOATS and wrt:
            slopes = gn.gradient(node.sum(), [nodes[k] for k in wrt], no_path="zero")
            used = set(gn.Graph(slopes).inputs)
            values = interpret(slopes, {n: a for n, a in zip(nodes, arrays, strict=True) if n in used})
            for k, value in zip(wrt, values, strict=True):
                assert (value.shape, value.dtype) == (arrays[k].shape, arrays[k].dtype)
        if record.name in TWINS and torch is not None and float32 not in {a.dtype for a in arrays}:
            Meeting(case, arrays).check()

    check()


BROADCASTING = {
    name: record
    for name, record in BUILT_IN.items()
    if record.signature.pointwise and sum(bool(p.axes) for p in record.signature.inputs) > 1
}


@pytest.mark.parametrize("record", BROADCASTING.values(), ids=BROADCASTING)
def test_drawn_calls_broadcast_as_numpy_does(record: Op) -> None:
    @DRAWN
    @given(calls(record).filter(fitting), st.data())
    def check(case: Case, data: st.DataObject) -> None:
        """Each operand may lack leading axes and have ones for others."""
        shapes = []
        for port, shape in zip(record.signature.inputs, case.sample.shapes, strict=True):
            thin = [n if data.draw(st.booleans()) else 1 for n in shape]
            lost = data.draw(st.integers(0, len(thin)))
            shapes.append(tuple(thin[lost:]) if port.axes else shape)
        settings = (case.sample.attributes, case.sample.domain, case.sample.limits)
        thin_case = case._replace(sample=Sample(tuple(shapes), *settings))
        arrays = operands(thin_case)
        nodes = leaves(thin_case, arrays)
        node = record.node(*nodes, **case.sample.attributes)
        common = np.broadcast_shapes(*[a.shape for p, a in zip(record.signature.inputs, arrays) if p.axes])
        wide = [np.broadcast_to(a, common) if p.axes else a for p, a in zip(record.signature.inputs, arrays)]
        expected = meaning(record, wide, case.sample.attributes)
        (found,) = interpret(node, dict(zip(nodes, arrays, strict=True)))
        assert node.shape == found.shape == common
        np.testing.assert_array_equal(found, expected)

    check()


@every_op
def test_drawn_calls_with_nan_and_infinity_do_no_harm(record: Op) -> None:
    """NaN goes where it goes in the meaning; a pointwise op answers NaN for it; nothing crashes."""

    @DRAWN
    @given(calls(record, floats=True).filter(fitting), st.data())
    def check(case: Case, data: st.DataObject) -> None:
        arrays = operands(case)
        able = [k for k, a in enumerate(arrays) if a.dtype in FLOATS and a.size]
        if not able:
            return
        slot = data.draw(st.sampled_from(able))
        at = data.draw(st.integers(0, arrays[slot].size - 1))
        hard = data.draw(st.sampled_from([np.nan, np.nan, np.inf, -np.inf]))
        arrays[slot].reshape(-1)[at] = hard
        try:
            found = compiled(case, arrays)
        except FaultError:
            assert record.fault_function is not None
            return
        if not np.isnan(hard) or found.dtype not in FLOATS:
            return
        expected = meaning(record, arrays, case.sample.attributes)
        assert np.array_equal(np.isnan(found), np.isnan(expected)), (arrays, found, expected)
        # A 0-d knob may touch some elements only, as the slope of leaky_relu does.
        if record.signature.pointwise and record._port(slot).axes and record.name not in STOPS_NAN:
            assert np.isnan(found.reshape(-1)[at]), (arrays, found)

    check()


@every_op
def test_calls_of_the_op_can_be_drawn(record: Op) -> None:
    why = needs_draws(record)
    assert why is None or record.name in DRAWS, f"{why}: say how to draw calls of it, in tests/op_facts"
