"""Call pow inside a kernel at the speed of vector instructions.

Written as `graphnn.ops.mathematics` is. A power is 2^(b log2 a), and what the logarithm lacks in its last digits the
exponent multiplies by up to a hundred. So the logarithm of a float32 is made in float64.
"""

from __future__ import annotations

import numpy as np

from graphnn.core.routine import Routine
from graphnn.ops.mathematics import (
    _expm1_near_zero32,
    _parts32,
    _power32,
    float32_bits,
)

# 2 / ln 2 / (2 k + 1): log2 of (1 + s) / (1 - s) is s times their series in s^2. These stay float64 in a float32
# kernel, where literals would not.
_C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7 = (
    np.float64(2.0 / 0.6931471805599453 / (2 * k + 1)) for k in range(8)
)
_TWO = np.float64(2.0)


def _pow32(a, b):
    """a to the power b within 1.2e-7 of itself; zeros, infinities and NaN count as in C."""
    u = abs(a)
    f, whole = _parts32(u if u < np.float32(np.inf) else np.float32(1.0))
    wide = np.float64(f)
    s = wide / (_TWO + wide)
    z = s * s
    z2 = z * z
    series = ((_C0 + z * _C1) + z2 * (_C2 + z * _C3)) + (z2 * z2) * ((_C4 + z * _C5) + z2 * (_C6 + z * _C7))
    t = np.float64(b) * (np.float64(whole) + s * series)
    n = np.rint(t)
    n = n if n < 129.0 else np.float64(129.0)
    n = np.float64(-152.0) if n < -152.0 else n
    # Far out the rest is not small: what it does to the polynomial must not matter.
    r = np.float32(t - n)
    r = 0.5 if r > 0.5 else r
    r = -0.5 if r < -0.5 else r
    k = np.int32(n)
    half = k >> np.int32(1)
    y = ((1.0 + _expm1_near_zero32(r * 0.6931472)) * _power32(half)) * _power32(k - half)
    return _with_cases32(a, b, y)


def _with_cases32(a, b, y):
    """y = |a|^b, as it is in C where a is 0, negative, infinite or NaN, and where it is 1 whatever else."""
    infinity = np.float32(np.inf)
    u = abs(a)
    vanishing = (u == 0.0) == (b > 0.0)
    y = (0.0 if vanishing else infinity) if (u == 0.0) | (u == infinity) else y
    half = 0.5 * b
    odd = (np.rint(b) == b) & (np.rint(half) != half)
    y = -y if (float32_bits(a) < np.int32(0)) & odd else y
    y = np.float32(np.nan) if (a < 0.0) & (u < infinity) & (np.rint(b) != b) else y
    y = 1.0 if (u == 1.0) & (abs(b) == infinity) else y
    y = a + b if (a != a) | (b != b) else y
    return 1.0 if (b == 0.0) | (a == 1.0) else y


def _pow64(a, b):
    """a to the power b by the C library, within one unit of rounding.

    A logarithm in two numbers, as FDLIBM has it, was written with vector instructions: 1.6e-16, but a chain of 200
    that wait for each other, and no faster than the library.
    """
    return a**b


pow = Routine("pow", np.power, _pow32, _pow64)
