"""The arithmetic of optimisers, one fused op per formula, so that a step is one pass over the parameters.

They are composites: the body is the formula in ordinary ops, the kernel is its fast form. Settings such as the
learning rate are 0-d operands, so they can be drawn and changed without compiling anything.
"""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import composite
from graphnn.core.op import Sample
from graphnn.ops.arithmetic import sqrt, square

_VECTOR = (3, 4)


@composite(
    "w(*s), g(*s), rate() -> y(*s)", latex=r"{w} - {rate}\,{g}", slopes=("1", r"-{rate}", r"-\sum {g}"),
    samples=[Sample((_VECTOR, _VECTOR, ()))],
)  # fmt: skip
def sgd_step(w, g, rate):
    """Gradient descent: a step of length `rate` against the gradient g. Shapes: w, g (*s), rate () -> y (*s).

    Source: Robbins and Monro 1951, A stochastic approximation method; PyTorch, torch.optim.SGD.
    """
    return w - rate * g


@sgd_step.kernel
def sgd_step_kernel(w, g, rate, y):
    r = rate[0]
    for i in range(y.size):
        y[i] = w[i] - r * g[i]


@composite(
    "m(*s), g(*s), decay(), gain() -> y(*s)", latex=r"{decay}\,{m} + {gain}\,{g}",
    slopes=(r"{decay}", r"{gain}", r"\sum {m}", r"\sum {g}"), samples=[Sample((_VECTOR, _VECTOR, (), ()))],
)  # fmt: skip
def blend(m, g, decay, gain):
    """Moving sum: what stays of `m` (decay) plus a share of `g` (gain); momentum and Adam's first moment.

    Shapes: m, g (*s), decay, gain () -> y (*s). Source: Polyak 1964; Kingma and Ba 2015, algorithm 1.
    """
    return decay * m + gain * g


@blend.kernel
def blend_kernel(m, g, decay, gain, y):
    d = decay[0]
    a = gain[0]
    for i in range(y.size):
        y[i] = d * m[i] + a * g[i]


@composite(
    "v(*s), g(*s), decay(), gain() -> y(*s)", latex=r"{decay}\,{v} + {gain}\,{g}^2",
    slopes=(r"{decay}", r"2\,{gain}\,{g}", r"\sum {v}", r"\sum {g}^2"),
    samples=[Sample((_VECTOR, _VECTOR, (), ()))],
)  # fmt: skip
def blend_square(v, g, decay, gain):
    """Moving sum of squares: decay times v plus gain times g^2; Adam's second moment.

    Shapes: v, g (*s), decay, gain () -> y (*s). Source: Kingma and Ba 2015, algorithm 1.
    """
    return decay * v + gain * square(g)


@blend_square.kernel
def blend_square_kernel(v, g, decay, gain, y):
    d = decay[0]
    a = gain[0]
    for i in range(y.size):
        y[i] = d * v[i] + a * (g[i] * g[i])


@composite(
    "w(*s), m(*s), v(*s), rate(), spread(), epsilon() -> y(*s)",
    latex=r"{w} - {rate}\,\frac{{m}}{\sqrt{{v}}/{spread} + {epsilon}}",
    slopes=("1", r"-{rate} / d", r"\frac{{rate}\,{m}}{2\,{spread} \sqrt{{v}}\, d^2}", r"-\sum {m} / d",
            r"-\sum \frac{{rate}\,{m} \sqrt{{v}}}{{spread}^2 d^2}", r"\sum {rate}\,{m} / d^2"),
    samples=[Sample((_VECTOR, _VECTOR, _VECTOR, (), (), ()), domain=(0.2, 2.0))],
)  # fmt: skip
def adam_step(w, m, v, rate, spread, epsilon):
    """Adam's step of the weights w from the moments m and v, corrected for their start at 0.

    `rate` is the learning rate over 1 - beta1^t, `spread` the root of 1 - beta2^t. In the
    slopes d is the divisor, sqrt(v) / spread + epsilon.
    Shapes: w, m, v (*s), rate, spread, epsilon () -> y (*s). Source: Kingma and Ba 2015, algorithm 1.
    """
    return w - rate * (m / (sqrt(v) / spread + epsilon))


@adam_step.kernel
def adam_step_kernel(w, m, v, rate, spread, epsilon, y):
    r = rate[0]
    s = 1.0 / spread[0]
    e = epsilon[0]
    for i in range(y.size):
        y[i] = w[i] - r * m[i] / (np.sqrt(v[i]) * s + e)


__all__ = ["adam_step", "blend", "blend_square", "sgd_step"]
