"""Call sin, cos, tan, arctan, sinh and cosh inside a kernel at the speed of vector instructions.

Written as `graphnn.ops.mathematics` is: arithmetic and selects only; there the rules and the bounds are told.

Angles are reduced by whole multiples of pi/2, which stand in parts (Cody and Waite): the leading parts have so
few bits that their products are exact. That ends where the multiple has too many bits itself, so the functions
of angles give NaN beyond FAR. A kernel passes such angles to the C library, element by element: see
`graphnn.ops.trigonometric`. In float32 the reduction is done in float64, which is exact enough everywhere and
takes no more instructions than four parts in float32 would.
"""

from __future__ import annotations

import numpy as np

from graphnn.core.routine import Routine
from graphnn.ops.mathematics import (
    _expm1_near_zero32,
    _expm1_near_zero64,
    _power32,
    _power64,
    float32_bits,
    float32_from_bits,
    float64_bits,
    float64_from_bits,
)

FAR = 100000.0

# These stay float64 in a float32 kernel: only literals take its dtype.
_TWO_OVER_PI = np.float64(0.6366197723675814)
_HALF_PI_HIGH = np.float64(1.5707963267341256)  # 33 bits of pi/2
_HALF_PI_LOW = np.float64(6.077100506506192e-11)  # and the next 53


def _angle32(x):
    """x = k pi/2 + r with |r| <= pi/4: gives r and k, an int32. The error of r is below 1e-18."""
    wide = np.float64(x if abs(x) <= 100000.0 else 0.0)
    n = np.rint(wide * _TWO_OVER_PI)
    return np.float32((wide - n * _HALF_PI_HIGH) - n * _HALF_PI_LOW), np.int32(n)


def _angle64(x):
    """x = k pi/2 + r + t with |r| <= pi/4 and t below half a unit of r. The error of r + t is below 1e-31."""
    z = x if abs(x) <= 100000.0 else 0.0
    n = np.rint(z * 0.6366197723675814)
    whole = z - n * 1.5707963267341256  # 33 bits times at most 16: exact, as is the next product
    w = n * 6.077100506303966e-11
    r = whole - w
    t = ((whole - r) - w) - n * 2.0222662487959506e-21
    s = r + t
    return s, (r - s) + t, np.int32(n)


def _sin_near_zero32(r):
    """sin r for |r| <= pi/4. Source: Cephes 2.2 (Moshier 1992), sinf."""
    z = r * r
    return r + (r * z) * (-0.16666654611 + z * (0.0083321608736 + z * -0.00019515295891))


def _cos_near_zero32(r):
    """cos r for |r| <= pi/4. Source: Cephes 2.2 (Moshier 1992), cosf."""
    z = r * r
    return (1.0 - 0.5 * z) + (z * z) * (
        0.04166664568298827 + z * (-0.001388731625493765 + z * 2.443315711809948e-05)
    )


def _sin_near_zero64(r, t):
    """sin(r + t) for |r| <= pi/4. Source: FDLIBM (Sun Microsystems, 1993), `__kernel_sin`."""
    z = r * r
    v = z * r
    z2 = z * z
    p = (0.00833333333332249 + z * -0.0001984126982985795) + z2 * (
        (2.7557313707070068e-06 + z * -2.5050760253406863e-08) + z2 * 1.58969099521155e-10
    )
    return r - ((z * (0.5 * t - v * p) - t) - v * -0.16666666666666632)


def _cos_near_zero64(r, t):
    """cos(r + t) for |r| <= pi/4. Source: FDLIBM (Sun Microsystems, 1993), `__kernel_cos`."""
    z = r * r
    z2 = z * z
    p = (0.0416666666666666 + z * -0.001388888888887411) + z2 * (
        (2.480158728947673e-05 + z * -2.7557314351390663e-07)
        + z2 * (2.087572321298175e-09 + z * -1.1359647557788195e-11)
    )
    h = 0.5 * z
    w = 1.0 - h
    return w + (((1.0 - w) - h) + (z2 * p - r * t))


def _sin32(x):
    """sin x within 1.4e-7 of itself for |x| <= FAR, beyond NaN."""
    r, k = _angle32(x)
    y = _cos_near_zero32(r) if k & np.int32(1) else _sin_near_zero32(r)
    y = -y if k & np.int32(2) else y
    return y if abs(x) <= 100000.0 else np.float32(np.nan)


def _cos32(x):
    """cos x within 1.4e-7 of itself for |x| <= FAR, beyond NaN."""
    r, k = _angle32(x)
    y = _sin_near_zero32(r) if k & np.int32(1) else _cos_near_zero32(r)
    y = -y if (k + np.int32(1)) & np.int32(2) else y
    return y if abs(x) <= 100000.0 else np.float32(np.nan)


def _tan32(x):
    """tan x within 3e-7 of itself for |x| <= FAR, beyond NaN."""
    r, k = _angle32(x)
    s = _sin_near_zero32(r)
    c = _cos_near_zero32(r)
    odd = (k & np.int32(1)) != np.int32(0)
    y = (-c if odd else s) / (s if odd else c)
    return y if abs(x) <= 100000.0 else np.float32(np.nan)


def _sin64(x):
    """sin x within 1.7e-16 of itself for |x| <= FAR, beyond NaN."""
    r, t, k = _angle64(x)
    y = _cos_near_zero64(r, t) if k & np.int32(1) else _sin_near_zero64(r, t)
    y = -y if k & np.int32(2) else y
    return y if abs(x) <= 100000.0 else np.nan


def _cos64(x):
    """cos x within 1.7e-16 of itself for |x| <= FAR, beyond NaN."""
    r, t, k = _angle64(x)
    y = _sin_near_zero64(r, t) if k & np.int32(1) else _cos_near_zero64(r, t)
    y = -y if (k + np.int32(1)) & np.int32(2) else y
    return y if abs(x) <= 100000.0 else np.nan


def _tan64(x):
    """tan x within 6e-16 of itself for |x| <= FAR, beyond NaN."""
    r, t, k = _angle64(x)
    s = _sin_near_zero64(r, t)
    c = _cos_near_zero64(r, t)
    odd = (k & np.int32(1)) != np.int32(0)
    y = (-c if odd else s) / (s if odd else c)
    return y if abs(x) <= 100000.0 else np.nan


# Arcus tangent: arctan(a / b) of two numbers that are not negative. Above tan(3 pi/8) it is pi/2 - arctan(b / a),
# above 0.66 (0.41 in float32) it is pi/4 + arctan((a - b) / (a + b)): one quotient, whichever it is.


def _arctan_of_quotient32(a, b):
    """arctan(a / b) for a, b >= 0. Source: Cephes 2.2 (Moshier 1992), atanf."""
    steep = (b < 0.414213562373095 * a) | ((b == 0.0) & (a > 0.0))
    flat = a <= 0.414213562373095 * b
    # A sum near the largest number would overflow.
    half = 0.5 if (a if a > b else b) > 1e38 else 1.0
    numerator = -b if steep else (a if flat else half * a - half * b)
    denominator = a if steep else (b if flat else half * a + half * b)
    q = numerator / (1.0 if numerator == 0.0 else denominator)
    z = q * q
    p = (-0.333329491539 + 0.199777106478 * z) + (z * z) * (-0.138776856032 + 0.0805374449538 * z)
    y = q + q * z * p
    return (1.5707964 if steep else (0.0 if flat else 0.78539816)) + y


def _arctan_of_quotient64(a, b):
    """arctan(a / b) for a, b >= 0. Source: Cephes 2.2 (Moshier 1992), atan."""
    steep = (b < 0.414213562373095 * a) | ((b == 0.0) & (a > 0.0))
    flat = a <= 0.66 * b
    half = 0.5 if (a if a > b else b) > 1e307 else 1.0
    numerator = -b if steep else (a if flat else half * a - half * b)
    denominator = a if steep else (b if flat else half * a + half * b)
    q = numerator / (1.0 if numerator == 0.0 else denominator)
    z = q * q
    z2 = z * z
    p = (-64.85021904942025 + -122.88666844901361 * z) + z2 * (
        (-75.00855792314705 + -16.157537187333652 * z) + z2 * -0.8750608600031904
    )
    d = (194.5506571482614 + 485.3903996359137 * z) + z2 * (
        (432.88106049129027 + 165.02700983169885 * z) + z2 * (24.858464901423062 + z)
    )
    y = q + q * (z * p / d)
    low = 6.123233995736766e-17 if steep else (0.0 if flat else 3.061616997868383e-17)
    return (1.5707963267948966 if steep else (0.0 if flat else 0.7853981633974483)) + (y + low)


def _arctan32(x):
    """arctan x within 2.5e-7 of itself."""
    y = _arctan_of_quotient32(abs(x), np.float32(1.0))
    return float32_from_bits(float32_bits(y) | (float32_bits(x) & np.int32(-0x80000000)))


def _arctan64(x):
    """arctan x within 4e-16 of itself."""
    y = _arctan_of_quotient64(abs(x), 1.0)
    return float64_from_bits(float64_bits(y) | (float64_bits(x) & -0x8000000000000000))


def _arctan232(a, b):
    """The angle of the point (b, a), within 4e-7 of itself; signs of zeros and infinities count as in C."""
    u = abs(a)
    v = abs(b)
    corner = (u == np.float32(np.inf)) & (v == np.float32(np.inf))
    y = _arctan_of_quotient32(1.0 if corner else u, 1.0 if corner else v)
    y = (3.1415927 - (y - -8.742278e-08)) if float32_bits(b) < np.int32(0) else y
    y = float32_from_bits(float32_bits(y) | (float32_bits(a) & np.int32(-0x80000000)))
    return y if (a == a) & (b == b) else np.float32(np.nan)


def _arctan264(a, b):
    """The angle of the point (b, a), within 6e-16 of itself; signs of zeros and infinities count as in C."""
    u = abs(a)
    v = abs(b)
    corner = (u == np.inf) & (v == np.inf)
    y = _arctan_of_quotient64(1.0 if corner else u, 1.0 if corner else v)
    y = (3.141592653589793 - (y - 1.2246467991473532e-16)) if float64_bits(b) < 0 else y
    y = float64_from_bits(float64_bits(y) | (float64_bits(a) & -0x8000000000000000))
    return y if (a == a) & (b == b) else np.nan


# Hyperbolic sine and cosine are (h - 1/(4h)) and (h + 1/(4h)) with h = e^|x| / 2, which overflows no earlier than
# they do. Near 0 the sine has a series of its own.


def _half_exp32(x):
    """e^x / 2 for x >= 0 within 1e-7 of itself."""
    n = np.rint(x * 1.442695)
    n = n if n < 130.0 else 130.0
    r = (x - n * 0.693359375) - n * -0.00021219444
    k = np.int32(n) - np.int32(1)
    half = k >> np.int32(1)
    return ((1.0 + _expm1_near_zero32(r)) * _power32(half)) * _power32(k - half)


def _half_exp64(x):
    """e^x / 2 for x >= 0 within 2e-16 of itself."""
    n = np.rint(x * 1.4426950408889634)
    n = n if n < 1026.0 else 1026.0
    r = (x - n * 0.6931471803691238) - n * 1.9082149292705877e-10
    k = np.int32(n) - np.int32(1)
    half = k >> np.int32(1)
    return ((1.0 + _expm1_near_zero64(r)) * _power64(half)) * _power64(k - half)


def _sinh32(x):
    """sinh x within 3e-7 of itself. Infinity above 89.41."""
    h = _half_exp32(abs(x))
    y = h - 0.25 / h
    y = -y if x < 0.0 else y
    z = x * x
    small = x + x * z * ((0.16666667 + 0.008333334 * z) + (z * z) * (0.0001984127 + 2.7557319e-06 * z))
    return small if abs(x) < 1.0 else y


def _sinh64(x):
    """sinh x within 5e-16 of itself. Infinity above 710.47."""
    h = _half_exp64(abs(x))
    y = h - 0.25 / h
    y = -y if x < 0.0 else y
    z = x * x
    z2 = z * z
    a = (0.16666666666666666 + 0.008333333333333333 * z) + z2 * (
        0.0001984126984126984 + 2.7557319223985893e-06 * z
    )
    b = (2.505210838544172e-08 + 1.6059043836821613e-10 * z) + z2 * (
        7.647163731819816e-13 + 2.8114572543455206e-15 * z
    )
    small = x + x * z * (a + (z2 * z2) * b)
    return small if abs(x) < 1.0 else y


def _cosh32(x):
    """cosh x within 3e-7 of itself. Infinity above 89.41."""
    h = _half_exp32(abs(x))
    return h + 0.25 / h


def _cosh64(x):
    """cosh x within 4e-16 of itself. Infinity above 710.47."""
    h = _half_exp64(abs(x))
    return h + 0.25 / h


sin = Routine("sin", np.sin, _sin32, _sin64)
cos = Routine("cos", np.cos, _cos32, _cos64)
tan = Routine("tan", np.tan, _tan32, _tan64)
arctan = Routine("arctan", np.arctan, _arctan32, _arctan64)
arctan2 = Routine("arctan2", np.arctan2, _arctan232, _arctan264)
sinh = Routine("sinh", np.sinh, _sinh32, _sinh64)
cosh = Routine("cosh", np.cosh, _cosh32, _cosh64)
