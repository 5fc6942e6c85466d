"""Activations made of straight pieces, and their kin with an exponential below 0; most are compositions."""

from __future__ import annotations

from graphnn.core.declare import composite
from graphnn.core.errors import ShapeError
from graphnn.core.op import Sample
from graphnn.ops.activation import elu, tanh
from graphnn.ops.arithmetic import abs as absolute
from graphnn.ops.arithmetic import neg
from graphnn.ops.axes import normal_axis
from graphnn.ops.comparison import greater, less_equal, where
from graphnn.ops.exponential import expm1
from graphnn.ops.rounding import clip
from graphnn.ops.shape import build_reshape


@composite(
    "x(*s), slope(*s) -> y(*s)", latex=r"\max({x}, 0) + {slope} \min({x}, 0)",
    slopes=(r"[{x} > 0] + {slope}\, [{x} \le 0]", r"\min({x}, 0)"), onnx="PRelu", kink=0.0, samples=[(3, 4)],
)  # fmt: skip
def prelu(x, slope):
    """Parametric relu: the operand where positive, else a learned `slope` times it.

    Shapes: x (*s), slope (*s) -> y (*s). A slope of one axis holds one number per channel, and channels are axis 1
    of x unless `axis` says otherwise; slopes of other ranks broadcast. The slope at 0 is `slope` by convention.
    Source: He, Zhang, Ren, Sun 2015, equation 1.
    """
    below = where(greater(x, 0.0), 0.0, x)
    return where(greater(x, 0.0), x, slope * below)


@prelu.build
def build_prelu(x, slope, axis=1):
    x, slope = prelu.as_nodes((x, slope))
    if slope.ndim == 1 and slope.shape[0] != 1:
        k = normal_axis(axis, x.shape, "prelu")
        if slope.shape[0] != x.shape[k]:
            raise ShapeError(
                f"prelu: slope has {slope.shape[0]} numbers but axis {k} of {x.label} has size {x.shape[k]}; "
                "wanted one number per channel. Say axis= if the channels are elsewhere."
            )
        slope = build_reshape(slope, (slope.shape[0],) + (1,) * (x.ndim - 1 - k))
    return prelu.node(x, slope)


@composite(
    "x(*s), alpha() -> y(*s)", latex=r"{x}\, [{x} > {alpha}]", slopes=(r"[{x} > {alpha}]", "0"),
    onnx="ThresholdedRelu", samples=[Sample(((3, 4), ()))],
)  # fmt: skip
def thresholded_relu(x, alpha):
    """The operand where it is above `alpha`, else 0. Shapes: x (*s), alpha () -> y (*s); alpha is 1 if not said.

    The slope at alpha is 0 by convention. Source: Konda, Memisevic, Krueger 2014, section 3.
    """
    return where(less_equal(x, alpha), 0.0, x)


@thresholded_relu.build
def build_thresholded_relu(x, alpha=1.0):
    return thresholded_relu.node(x, alpha)


@composite(
    "x(*s), low(), high() -> y(*s)", latex=r"\min(\max({x},\, {low}),\, {high})",
    slopes=(r"[{low} < {x} < {high}]", r"[{x} < {low}]", r"[{x} > {high}]"), samples=[Sample(((3, 4), (), ()))],
)  # fmt: skip
def hardtanh(x, low, high):
    """A tanh of straight pieces: the operand between `low` and `high`, which are -1 and 1 if not said.

    Shapes: x (*s), low (), high () -> y (*s). Its slope at the bounds is 0 by convention, that of clip is 1.
    Source: PyTorch, torch.nn.functional.hardtanh.
    """
    return clip.node(x, low, high, flat_ends=True)


@hardtanh.build
def build_hardtanh(x, low=-1.0, high=1.0):
    return hardtanh.node(x, low, high)


@composite(
    "x(*s) -> y(*s)", latex=r"\min(\max({x},\, 0),\, 6)", slopes=(r"[0 < {x} < 6]",),
    samples=[Sample(((3, 4),), domain=(-3.0, 9.0))],
)  # fmt: skip
def relu6(x):
    """A relu that ends at 6. Shapes: x (*s) -> y (*s). relu6'(0) = relu6'(6) = 0 by convention.

    Source: Howard et al. 2017; PyTorch, torch.nn.functional.relu6.
    """
    return clip.node(x, 0.0, 6.0, flat_ends=True)


@composite(
    "x(*s), alpha(), beta() -> y(*s)", latex=r"\min(\max({alpha}\, {x} + {beta},\, 0),\, 1)", onnx="HardSigmoid",
    slopes=(r"{alpha}\, [0 < y < 1]", r"{x}\, [0 < y < 1]", "[0 < y < 1]"), samples=[Sample(((3, 4), (), ()))],
)  # fmt: skip
def hard_sigmoid(x, alpha, beta):
    """A sigmoid of straight pieces: alpha x + beta between 0 and 1.

    Shapes: x (*s), alpha (), beta () -> y (*s); alpha is 1/6 and beta 1/2 if not said, so the pieces meet at -3 and
    3, where the slope is 0 by convention. Source: PyTorch, torch.nn.functional.hardsigmoid.
    """
    return clip.node(x * alpha + beta, 0.0, 1.0, flat_ends=True)


@hard_sigmoid.build
def build_hard_sigmoid(x, alpha=1.0 / 6.0, beta=0.5):
    return hard_sigmoid.node(x, alpha, beta)


# Klambauer et al. 2017, equation 14: with these, mean 0 and variance 1 are a fixed point.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@composite(
    "x(*s) -> y(*s)", latex=r"\lambda\, (\max({x}, 0) + \alpha\, (e^{\min({x}, 0)} - 1))",
    slopes=(r"\lambda\, [{x} > 0] + \lambda \alpha\, e^{{x}}\, [{x} \le 0]",), onnx="Selu", kink=0.0,
    samples=[(3, 4)],
)  # fmt: skip
def selu(x):
    """Self-normalising elu: lambda elu(x, alpha), with lambda = 1.0507 and alpha = 1.6733.

    Shapes: x (*s) -> y (*s). Its slope at 0 is lambda alpha by convention. Source: Klambauer, Unterthiner, Mayr,
    Hochreiter 2017, equation 2.
    """
    return elu(x, SELU_ALPHA) * SELU_SCALE


@composite(
    "x(*s), alpha() -> y(*s)", latex=r"\max({x}, 0) + {alpha}\, (e^{\min({x}, 0) / {alpha}} - 1)", onnx="Celu",
    slopes=(
        r"[{x} > 0] + e^{{x} / {alpha}}\, [{x} \le 0]",
        r"e^{\min({x}, 0) / {alpha}} (1 - \min({x}, 0) / {alpha}) - 1",
    ),
    kink=0.0, samples=[Sample(((3, 4), ()), domain=(-2.0, -0.5)), Sample(((3, 4), ()), domain=(0.5, 2.0))],
)  # fmt: skip
def celu(x, alpha):
    """An elu whose slope is continuous for every alpha: x where positive, else alpha (e^(x/alpha) - 1).

    Shapes: x (*s), alpha () -> y (*s); alpha is 1 if not said. Source: Barron 2017, equation 2.
    """
    below = where(greater(x, 0.0), 0.0, x)
    return where(greater(x, 0.0), x, alpha * expm1(below / alpha))


@celu.build
def build_celu(x, alpha=1.0):
    return celu.node(x, alpha)


@composite(
    "x(*s) -> y(*s)", latex=r"\frac{{x}}{1 + \left|{x}\right|}", slopes=(r"\frac{1}{(1 + \left|{x}\right|)^2}",),
    onnx="Softsign", kink=0.0, samples=[(3, 4)],
)  # fmt: skip
def softsign(x):
    """The operand over one plus its size: a sigmoid with slow tails. Shapes: x (*s) -> y (*s).

    Source: PyTorch, torch.nn.functional.softsign.
    """
    # Beyond this the quotient is 1; infinity over infinity would be NaN.
    v = clip(x, -1e30, 1e30)
    return v / (1.0 + absolute(v))


@composite(
    "x(*s), lambd() -> y(*s)", latex=r"\operatorname{sign}({x}) \max(\left|{x}\right| - {lambd},\, 0)",
    slopes=(r"[\left|{x}\right| > {lambd}]", r"-\operatorname{sign}({x})\, [\left|{x}\right| > {lambd}]"),
    samples=[Sample(((3, 4), ()))],
)  # fmt: skip
def softshrink(x, lambd):
    """The operand moved towards 0 by `lambd`, 0 if it is nearer: the proximal map of lambd |x|.

    Shapes: x (*s), lambd () -> y (*s); lambd is 0.5 if not said, and not negative. The slope at -lambd and lambd
    is 0 by convention. Source: PyTorch, torch.nn.functional.softshrink.
    """
    return x - clip.node(x, neg(lambd), lambd, flat_ends=False)


@softshrink.build
def build_softshrink(x, lambd=0.5):
    return softshrink.node(x, lambd)


@composite(
    "x(*s), lambd() -> y(*s)", latex=r"{x}\, [\left|{x}\right| > {lambd}]",
    slopes=(r"[\left|{x}\right| > {lambd}]", "0"), onnx="Shrink", samples=[Sample(((3, 4), ()))],
)  # fmt: skip
def hardshrink(x, lambd):
    """The operand, but 0 where it is no farther from 0 than `lambd`.

    Shapes: x (*s), lambd () -> y (*s); lambd is 0.5 if not said. The slope at -lambd and lambd is 0 by convention.
    Source: PyTorch, torch.nn.functional.hardshrink.
    """
    return where(less_equal(absolute(x), lambd), 0.0, x)


@hardshrink.build
def build_hardshrink(x, lambd=0.5):
    return hardshrink.node(x, lambd)


@composite(
    "x(*s) -> y(*s)", latex=r"{x} - \tanh {x}", slopes=(r"\tanh^2 {x}",), samples=[(3, 4)],
)  # fmt: skip
def tanhshrink(x):
    """The operand minus its tanh; its last digits are lost near 0, where both are nearly equal.

    Shapes: x (*s) -> y (*s). Source: PyTorch, torch.nn.functional.tanhshrink.
    """
    return x - tanh(x)


__all__ = [
    "celu",
    "hard_sigmoid",
    "hardshrink",
    "hardtanh",
    "prelu",
    "relu6",
    "selu",
    "softshrink",
    "softsign",
    "tanhshrink",
    "thresholded_relu",
]
