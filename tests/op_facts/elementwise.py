"""Arithmetic, exponentials, angles, rounding, comparisons and conversions in PyTorch."""

from __future__ import annotations

from hypothesis import strategies as st

from graphnn.core.op import Sample
from op_facts.registry import draws, twin

SAME = (
    "abs", "add", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "ceil",
    "cos", "cosh", "div", "erf", "erfc", "exp", "exp2", "expm1", "floor", "floor_divide", "fmod",
    "hypot", "isfinite", "isinf", "isnan", "log", "log10", "log1p", "log2", "logaddexp", "logical_and",
    "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "mul", "neg", "not_equal",
    "reciprocal", "round", "rsqrt", "sign", "sin", "sinh", "sqrt", "square", "sub", "tan", "tanh",
    "trunc", "greater", "greater_equal", "less", "less_equal", "pow", "where",
)  # fmt: skip
for _name in SAME:

    def _same(torch, *tensors, name=_name):
        return getattr(torch, name)(*tensors)

    twin(_name)(_same)


@twin("equal")
def equal(torch, a, b):
    return torch.eq(a, b)


@twin("cbrt")
def cbrt(torch, x):
    return torch.sign(x) * torch.pow(torch.abs(x), 1.0 / 3.0)


@twin("mod")
def mod(torch, a, b):
    return torch.remainder(a, b)


@twin("clip")
def clip(torch, x, low, high, *, flat_ends):
    return torch.clamp(x, low, high)


@twin("cast")
def cast(torch, x, *, dtype):
    return x.to(getattr(torch, dtype))


@twin("whole_part")
def whole_part(torch, x):
    return x.to(torch.int64)


@twin("stop_gradient")
def stop_gradient(torch, x):
    return x.detach()


SHAPES = st.lists(st.sampled_from([0, 1, 1, 2, 3, 5]), max_size=5).map(tuple)


@draws("clip")
def draw_clip(draw):
    return Sample((draw(SHAPES), (), ()), {"flat_ends": draw(st.booleans())})


@draws("cast")
def draw_cast(draw):
    return Sample((draw(SHAPES),), {"dtype": draw(st.sampled_from(["float32", "float64"]))})


@draws("whole_part")
def draw_whole_part(draw):
    return Sample((draw(SHAPES),), domain=(-9.0, 9.0))
