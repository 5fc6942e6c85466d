"""Write elementwise ops without a twin, and those whose settings are operands here and attributes there."""

from __future__ import annotations

from graphnn.core.dtypes import float32, int64, is_float
from graphnn.io.onnx.write.registry import writes, writes_function
from graphnn.io.onnx.write.writing import Writing
from graphnn.ops.gates import BEND, CUBIC, DENSITY_AT_ZERO, END_OF_GELU, END_OF_SIGMOID, ROOT_HALF

# erfc(z) = t exp(-z^2) P(t) for z >= 0 with t = 2 / (2 + z): P as a sum of Chebyshev polynomials of 2 t - 1.
ERFC = (
    0.5770337386164697,
    0.3554369212704985,
    0.06509515882878653,
    0.0036711423958366396,
    -0.0011128447433526327,
    -0.00016075829915378065,
    3.278031574173131e-05,
    5.442441645504989e-06,
    -1.5154665553170369e-06,
    -1.429760818118885e-07,
    8.234608827445281e-08,
    -1.2962846855423597e-09,
    -4.1547216306668365e-09,
    6.34705827470432e-10,
    1.4320822748578152e-10,
    -6.160390139267863e-11,
    2.061214154821693e-12,
    3.5714929071893294e-12,
    -8.586421135747655e-13,
    -6.145609268040226e-14,
    7.418726294682492e-14,
    -1.2894962951767066e-14,
    -2.358886938249874e-15,
    1.573167280783474e-15,
)


@writes("square")
def square(call: Writing) -> str:
    return call.emit("Mul", call.inputs[0], call.inputs[0])


@writes("cast")
def cast(call: Writing) -> str:
    return call.cast(call.inputs[0], call.dtype)


@writes("whole_part")
def whole_part(call: Writing) -> str:
    return call.cast(call.inputs[0], int64)


@writes("clip")
def clip(call: Writing) -> str:
    return call.emit("Clip", *call.inputs)


@writes_function("not_equal")
def not_equal(call: Writing) -> str:
    return call.emit("Not", call.emit("Equal", *call.inputs))


@writes_function("isfinite")
def isfinite(call: Writing) -> str:
    (x,) = call.inputs
    return call.emit("Not", call.emit("Or", call.emit("IsNaN", x), call.emit("IsInf", x)))


@writes_function("expm1")
def expm1(call: Writing) -> str:
    return _expm1(call, call.inputs[0])


def _expm1(call: Writing, x: str) -> str:
    """tanh(x / 2) (exp(x) + 1): near 0 nothing cancels."""
    half = call.emit("Tanh", call.emit("Mul", x, call.number(0.5)))
    return call.emit("Mul", half, call.emit("Add", call.emit("Exp", x), call.number(1)))


@writes_function("log1p")
def log1p(call: Writing) -> str:
    """log(u) x / (u - 1) with u = 1 + x: the rounding of u cancels. Source: Kahan 1979."""
    (x,) = call.inputs
    one = call.number(1)
    u = call.emit("Add", x, one)
    log = call.emit("Log", u)
    exact = call.emit("Mul", log, call.emit("Div", x, call.emit("Sub", u, one)))
    plain = call.emit("Or", call.emit("Equal", u, one), call.emit("IsInf", u))
    # Where u is 1 the answer is x, and where it is infinite so is x.
    return call.emit("Where", plain, x, exact)


@writes_function("erfc")
def erfc(call: Writing) -> str:
    (x,) = call.inputs
    z = call.emit("Abs", x)
    two = call.number(2)
    t = call.emit("Div", two, call.emit("Add", z, two))
    s = call.emit("Sub", call.emit("Mul", call.number(4), t), two)  # 2 (2 t - 1)
    after = before = call.number(0)
    for coefficient in reversed(ERFC[1:]):
        step = call.emit("Sub", call.emit("Mul", s, before), after)
        after, before = before, call.emit("Add", step, call.number(coefficient))
    half = call.emit("Mul", s, call.number(0.5))
    p = call.emit("Add", call.emit("Sub", call.emit("Mul", half, before), after), call.number(ERFC[0]))
    bell = call.emit("Exp", call.emit("Neg", call.emit("Mul", z, z)))
    tail = call.emit("Mul", call.emit("Mul", t, bell), p)
    negative = call.emit("Less", x, call.number(0))
    return call.emit("Where", negative, call.emit("Sub", two, tail), tail)


@writes_function("step")
def step(call: Writing) -> str:
    (x,) = call.inputs
    positive = call.cast(call.emit("Greater", x, call.number(0)), call.dtype)
    return call.emit("Where", call.emit("IsNaN", x), x, positive)


@writes("leaky_relu")
def leaky_relu(call: Writing) -> str:
    slope = call.single(1)
    if slope is not None:
        return call.emit("LeakyRelu", call.inputs[0], alpha=slope)
    x, rate = call.inputs
    return call.emit("Where", call.emit("Greater", x, call.number(0)), x, call.emit("Mul", rate, x))


@writes("elu")
def elu(call: Writing) -> str:
    alpha = call.single(1)
    if alpha is not None:
        return call.emit("Elu", call.inputs[0], alpha=alpha)
    x, scale = call.inputs
    negative = _expm1(call, call.emit("Min", x, call.number(0)))
    return call.emit("Where", call.emit("Greater", x, call.number(0)), x, call.emit("Mul", scale, negative))


@writes_function("trunc")
def trunc(call: Writing) -> str:
    (x,) = call.inputs
    negative = call.emit("Less", x, call.number(0))
    return call.emit("Where", negative, call.emit("Ceil", x), call.emit("Floor", x))


@writes_function("mod")
def mod(call: Writing) -> str:
    return _mod(call, *call.inputs)


def _mod(call: Writing, a: str, b: str) -> str:
    """The remainder with the sign of the divisor; of a whole number by 0 it is 0."""
    zero = call.number(0)
    if not is_float(call.dtype):
        none = call.emit("Equal", b, zero)
        rest = call.emit("Mod", a, call.emit("Where", none, call.number(1), b))
        return call.emit("Where", none, zero, rest)
    rest = call.emit("Mod", a, b, fmod=1)
    other = call.emit("Xor", call.emit("Less", rest, zero), call.emit("Less", b, zero))
    wrong = call.emit("And", other, call.emit("Not", call.emit("Equal", rest, zero)))
    return call.emit("Where", wrong, call.emit("Add", rest, b), rest)


@writes_function("floor_divide")
def floor_divide(call: Writing) -> str:
    a, b = call.inputs
    rest = call.emit("Sub", a, _mod(call, a, b))
    if is_float(call.dtype):
        return call.emit("Round", call.emit("Div", rest, b))
    zero = call.number(0)
    none = call.emit("Equal", b, zero)
    found = call.emit("Div", rest, call.emit("Where", none, call.number(1), b))
    return call.emit("Where", none, zero, found)


@writes_function("gelu")
def gelu(call: Writing) -> str:
    """For float64, and for operators before version 20."""
    x = call.emit("Max", call.inputs[0], call.number(-END_OF_GELU))
    share = call.emit("Erf", call.emit("Mul", x, call.number(ROOT_HALF)))
    return call.emit("Mul", call.emit("Mul", x, call.number(0.5)), call.emit("Add", share, call.number(1)))


@writes_function("gelu_slope")
def gelu_slope(call: Writing) -> str:
    x = call.emit("Clip", call.inputs[0], call.number(-END_OF_GELU), call.number(END_OF_GELU))
    share = call.emit("Erf", call.emit("Mul", x, call.number(ROOT_HALF)))
    normal = call.emit("Mul", call.emit("Add", share, call.number(1)), call.number(0.5))
    bell = call.emit("Exp", call.emit("Mul", call.emit("Mul", x, x), call.number(-0.5)))
    density = call.emit("Mul", call.emit("Mul", x, call.number(DENSITY_AT_ZERO)), bell)
    return call.emit("Add", normal, density)


@writes("gelu_tanh")
def gelu_tanh(call: Writing) -> str:
    if call.opset >= 20 and call.dtype is float32:
        return call.emit("Gelu", call.inputs[0], approximate="tanh")
    x = call.emit("Max", call.inputs[0], call.number(-END_OF_GELU))
    half = call.emit("Mul", x, call.number(0.5))
    bent, _ = _bend(call, x)
    return call.emit("Mul", half, call.emit("Add", bent, call.number(1)))


def _bend(call: Writing, x: str) -> tuple[str, str]:
    """tanh(BEND (x + CUBIC x^3)) and x^2."""
    square = call.emit("Mul", x, x)
    inner = call.emit("Add", call.emit("Mul", square, call.number(CUBIC)), call.number(1))
    return call.emit("Tanh", call.emit("Mul", call.emit("Mul", x, call.number(BEND)), inner)), square


@writes_function("gelu_tanh_slope")
def gelu_tanh_slope(call: Writing) -> str:
    x = call.emit("Clip", call.inputs[0], call.number(-END_OF_GELU), call.number(END_OF_GELU))
    one = call.number(1)
    bent, square = _bend(call, x)
    inner = call.emit("Add", call.emit("Mul", square, call.number(3 * BEND * CUBIC)), call.number(BEND))
    rise = call.emit("Mul", call.emit("Mul", x, call.emit("Sub", one, bent)), inner)
    outer = call.emit("Mul", call.emit("Add", bent, one), call.number(0.5))
    return call.emit("Mul", outer, call.emit("Add", rise, one))


@writes_function("silu")
def silu(call: Writing) -> str:
    x = call.emit("Max", call.inputs[0], call.number(-END_OF_SIGMOID))
    return call.emit("Mul", x, call.emit("Sigmoid", x))


@writes_function("cbrt")
def cbrt(call: Writing) -> str:
    (x,) = call.inputs
    root = call.emit("Pow", call.emit("Abs", x), call.number(1 / 3))
    return call.emit("Mul", call.emit("Sign", x), root)


@writes_function("hypot")
def hypot(call: Writing) -> str:
    """The larger side times sqrt(1 + ratio^2), which neither grows too large nor too small."""
    a, b = (call.emit("Abs", x) for x in call.inputs)
    large, small = call.emit("Max", a, b), call.emit("Min", a, b)
    none = call.emit("Equal", large, call.number(0))
    ratio = call.emit("Div", small, call.emit("Where", none, call.number(1), large))
    root = call.emit("Sqrt", call.emit("Add", call.emit("Mul", ratio, ratio), call.number(1)))
    return call.emit("Where", call.emit("IsInf", large), large, call.emit("Mul", large, root))


@writes_function("exp2")
def exp2(call: Writing) -> str:
    return call.emit("Pow", call.number(2), call.inputs[0])


@writes_function("log2")
def log2(call: Writing) -> str:
    return call.emit("Div", call.emit("Log", call.inputs[0]), call.number(0.6931471805599453))


@writes_function("log10")
def log10(call: Writing) -> str:
    return call.emit("Div", call.emit("Log", call.inputs[0]), call.number(2.302585092994046))


@writes_function("logaddexp")
def logaddexp(call: Writing) -> str:
    a, b = call.inputs
    top = call.emit("Max", a, b)
    apart = call.emit("Abs", call.emit("Sub", a, b))
    # Two equal infinities have no difference.
    same = call.emit("Equal", a, b)
    apart = call.emit("Where", same, call.number(0), apart)
    return call.emit("Add", top, call.emit("Softplus", call.emit("Neg", apart)))


@writes_function("arctan2")
def arctan2(call: Writing) -> str:
    a, b = call.inputs
    zero, turn = call.number(0), call.number(3.141592653589793)
    angle = call.emit("Atan", call.emit("Div", a, b))
    sides = call.emit("Where", call.emit("Less", a, zero), call.emit("Neg", turn), turn)
    angle = call.emit("Where", call.emit("Less", b, zero), call.emit("Add", angle, sides), angle)
    flat = call.emit("And", call.emit("Equal", a, zero), call.emit("Equal", b, zero))
    return call.emit("Where", flat, a, angle)
