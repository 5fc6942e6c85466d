"""Call exp, log, tanh and their kin inside a kernel at the speed of vector instructions.

NumPy's functions, and those of the C library, are one call per element in compiled code. The functions here
are arithmetic only: no branch, no table, no call is left after inlining, so LLVM turns a loop over them into
vector instructions. How they are written, and why:

- A choice is a select between two values that both exist (`a if c else b`), never a jump.
- `hi if x > hi else x` is one machine instruction and lets NaN pass; `x if x < hi else hi` turns NaN into hi.
  Which of the two stands in a line is never chance: NaN must reach the result, but no integer.
- Float literals take the dtype of the kernel when compiled, and of their NumPy operand in plain Python.
- Polynomials are split in halves (Estrin's scheme): shorter chains of dependent operations, so that a
  processor works on several at once.
- Polynomials are minimax fits (Remez exchange), quotients are minimax fits by the iteration of Sanathanan and
  Koerner under Lawson's weights, both in 40 to 110 digits. Coefficients were rounded to the dtype; those of
  float32 were then moved by single units in the last place while the largest error fell. The error of each
  fit is given where it stands, relative to the function.
- The bounds in the docstrings are relative errors of the whole function, rounding included, over every normal
  result, with fused multiply-add or without: `tests/ops/test_mathematics.py`. A result below the normal range
  is off by at most the smallest number there is (1.4e-45, 4.9e-324).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.core.routine import Routine

# Numba accepts `.view` only straight after a NumPy scalar type, as written here; then it costs nothing.


def float32_bits(x):
    """The bits of a float32 as an int32."""
    return np.float32(x).view(np.int32)


def float32_from_bits(i):
    """The float32 that has these 32 bits."""
    return np.int32(i).view(np.float32)


def float64_bits(x):
    """The bits of a float64 as an int64."""
    return np.float64(x).view(np.int64)


def float64_from_bits(i):
    """The float64 that has these 64 bits."""
    return np.int64(i).view(np.float64)


def _power32(k):
    """2^k as a float32, -126 <= k <= 127: the exponent is written straight into its place."""
    return float32_from_bits((k + np.int32(127)) << np.int32(23))


def _power64(k):
    """2^k as a float64, -1022 <= k <= 1023."""
    return float64_from_bits((np.int64(k) + 1023) << 52)


# Exponentials: x = n ln 2 + r with |r| <= ln(2) / 2, so e^x = 2^n e^r. ln 2 stands in two parts; the
# first has so few bits that n times it is exact.


def _expm1_near_zero32(r):
    """e^r - 1 for |r| <= ln(2) / 2. Error of the fit: 1.5e-8 of the result."""
    r2 = r * r
    q = (0.49999997 + 0.16666543 * r) + r2 * ((0.04166735 + 0.008366633 * r) + r2 * 0.0013882533)
    return r + r2 * q


def _expm1_near_zero64(r):
    """e^r - 1 for |r| <= ln(2) / 2. Error of the fit: 3.4e-17 of the result."""
    r2 = r * r
    r4 = r2 * r2
    a = (0.5000000000000006 + 0.16666666666666588 * r) + r2 * (0.04166666666657669 + 0.008333333333389613 * r)
    b = 0.001388888893158891 + 0.0001984126971891174 * r
    c = 2.480150524263723e-05 + 2.75574075893917e-06 * r
    d = 2.7626051039534745e-07 + 2.505377383363015e-08 * r
    q = a + r4 * ((b + r2 * c) + r4 * d)
    return r + r2 * q


def _exp32(x):
    """e^x within 1e-7 of itself. Infinity above 88.72, gradually 0 below -87.3."""
    x = -104.0 if x < -104.0 else x  # e^-104 rounds to 0
    n = np.rint(x * 1.442695)
    n = n if n < 128.0 else 128.0
    r = (x - n * 0.693359375) - n * -0.00021219444
    k = np.int32(n)
    # 2^n in two factors, each a normal number: only the last product can overflow or underflow.
    half = k >> np.int32(1)
    return ((1.0 + _expm1_near_zero32(r)) * _power32(half)) * _power32(k - half)


def _exp64(x):
    """e^x within 2e-16 of itself. Infinity above 709.78, gradually 0 below -708.4."""
    x = -746.0 if x < -746.0 else x  # e^-746 rounds to 0
    n = np.rint(x * 1.4426950408889634)
    n = n if n < 1024.0 else 1024.0
    r = (x - n * 0.6931471803691238) - n * 1.9082149292705877e-10
    k = np.int32(n)  # not int64: AVX2 has no such conversion
    half = k >> np.int32(1)
    return ((1.0 + _expm1_near_zero64(r)) * _power64(half)) * _power64(k - half)


def _exp232(x):
    """2^x within 1e-7 of itself, exact for whole x. Infinity from 128, gradually 0 below -126."""
    x = -151.0 if x < -151.0 else x
    n = np.rint(x)
    n = n if n < 128.0 else 128.0
    k = np.int32(n)
    half = k >> np.int32(1)
    return ((1.0 + _expm1_near_zero32((x - n) * 0.6931472)) * _power32(half)) * _power32(k - half)


def _exp264(x):
    """2^x within 2e-16 of itself, exact for whole x. Infinity from 1024, gradually 0 below -1022."""
    x = -1076.0 if x < -1076.0 else x
    n = np.rint(x)
    n = n if n < 1024.0 else 1024.0
    k = np.int32(n)
    half = k >> np.int32(1)
    return ((1.0 + _expm1_near_zero64((x - n) * 0.6931471805599453)) * _power64(half)) * _power64(k - half)


def _expm132(x):
    """e^x - 1 within 1.5e-7 of itself, however near to 0. Infinity above 88.72."""
    x = -18.0 if x < -18.0 else x  # e^-18 is less than half a unit in the last place of 1
    n = np.rint(x * 1.442695)
    n = n if n < 128.0 else 128.0
    r = (x - n * 0.693359375) - n * -0.00021219444
    k = np.int32(n)
    half = k >> np.int32(1)
    rest = k - half
    s = _power32(half)
    return (_expm1_near_zero32(r) * s + (s - _power32(-rest))) * _power32(rest)


def _expm164(x):
    """e^x - 1 within 3e-16 of itself, however near to 0. Infinity above 709.78."""
    x = -38.0 if x < -38.0 else x
    n = np.rint(x * 1.4426950408889634)
    n = n if n < 1024.0 else 1024.0
    r = (x - n * 0.6931471803691238) - n * 1.9082149292705877e-10
    k = np.int32(n)
    half = k >> np.int32(1)
    rest = k - half
    s = _power64(half)
    return (_expm1_near_zero64(r) * s + (s - _power64(-rest))) * _power64(rest)


# Logarithms: x = 2^n (1 + f) with 1 + f between sqrt(1/2) and sqrt(2), so log x = n ln 2 + log(1 + f). To
# read n and 1 + f off the bits at once, sqrt(1/2) is first moved onto a power of two. 0x3F8... and 0x3FF...
# are the bits of 1, 0x3F3504F3 and 0x3FE6A09E667F3BCD those of sqrt(1/2).


def _log_of_one_plus32(f, n):
    """n ln 2 + log(1 + f), sqrt(1/2) <= 1 + f <= sqrt(2). Error of the fit: 6e-9 of the result."""
    f2 = f * f
    f4 = f2 * f2
    a = (0.3333333 + -0.2500082 * f) + f2 * (0.2000123 + -0.16623378 * f)
    b = (0.1420178 + -0.13160208 * f) + f2 * (0.12761788 + -0.07634782 * f)
    return n * 0.6931472 + (f - f2 * (0.5 - f * (a + f4 * b)))


def _log_of_one_plus64(f, n):
    """n ln 2 + log(1 + f), sqrt(1/2) <= 1 + f <= sqrt(2). Error of the fit: 1.8e-18 of the result.

    Source: arranged as `__ieee754_log` of FDLIBM (Sun Microsystems, 1993): with s = f / (2 + f),
    log(1 + f) = f - f^2 / 2 + s (f^2 / 2 + R(s^2)).
    """
    s = f / (2.0 + f)
    z = s * s
    z2 = z * z
    a = 0.6666666666666734 + z * 0.3999999999941466
    b = 0.28571428742394095 + z * 0.22222198572320084
    c = (0.1818356438063904 + z * 0.15314048926553525) + z2 * 0.14795968131885476
    r = z * (a + z2 * (b + z2 * c))
    h = 0.5 * f * f
    return n * 0.6931471803691238 + (f - (h - (s * (h + r) + n * 1.9082149292705877e-10)))


def _parts32(x):
    """f and n of x = 2^n (1 + f), for x > 0; those of 1 for others."""
    z = x if x > 0.0 else 1.0
    tiny = z < 1.1754944e-38
    z = z * (33554432.0 if tiny else 1.0)  # 2^25 lifts a denormal number into the normal range
    i = float32_bits(z) + np.int32(0x3F800000 - 0x3F3504F3)
    n = np.float32(np.int32(i >> np.int32(23))) - (152.0 if tiny else 127.0)
    return float32_from_bits((i & np.int32(0x7FFFFF)) + np.int32(0x3F3504F3)) - 1.0, n


def _biased_exponent64(i):
    """The exponent field of these bits, as a float64.

    AVX2 has no conversion from int64; to place the bits under those of 2^52 and to subtract 2^52 is one.
    """
    return float64_from_bits((i >> 52) | 0x4330000000000000) - 4503599627370496.0


def _parts64(x):
    """f and n of x = 2^n (1 + f), for x > 0; those of 1 for others."""
    z = x if x > 0.0 else 1.0
    tiny = z < 2.2250738585072014e-308
    z = z * (18014398509481984.0 if tiny else 1.0)  # 2^54
    i = float64_bits(z) + (0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
    n = _biased_exponent64(i) - (1077.0 if tiny else 1023.0)
    return float64_from_bits((i & 0xFFFFFFFFFFFFF) + 0x3FE6A09E667F3BCD) - 1.0, n


def _with_ends32(x, y):
    """The logarithm y of x, where x > 0 is finite; -infinity at 0, NaN below, and what x is above."""
    edge = np.float32(-np.inf) if x == 0.0 else np.float32(np.nan)
    y = y if x > 0.0 else edge
    return x if x == np.float32(np.inf) else y


def _with_ends64(x, y):
    """The logarithm y of x, where x > 0 is finite; -infinity at 0, NaN below, and what x is above."""
    edge = -np.inf if x == 0.0 else np.nan
    y = y if x > 0.0 else edge
    return x if x == np.inf else y


def _log32(x):
    """log x within 1.3e-7 of itself. log 0 = -infinity; NaN below 0."""
    f, n = _parts32(x)
    return _with_ends32(x, _log_of_one_plus32(f, n))


def _log64(x):
    """log x within 2.5e-16 of itself. log 0 = -infinity; NaN below 0."""
    f, n = _parts64(x)
    return _with_ends64(x, _log_of_one_plus64(f, n))


def _log232(x):
    """log x / log 2 within 2.5e-7 of itself, exact for powers of 2. log 0 = -infinity; NaN below 0."""
    f, n = _parts32(x)
    return _with_ends32(x, n + _log_of_one_plus32(f, 0.0) * 1.442695)


def _log264(x):
    """log x / log 2 within 4e-16 of itself, exact for powers of 2. log 0 = -infinity; NaN below 0."""
    f, n = _parts64(x)
    return _with_ends64(x, n + _log_of_one_plus64(f, 0.0) * 1.4426950408889634)


def _log1032(x):
    """log x / log 10 within 2.5e-7 of itself, exact for powers of 10. log 0 = -infinity; NaN below 0."""
    f, n = _parts32(x)
    y = n * 0.30102920532 + (n * 7.9034151668e-07 + _log_of_one_plus32(f, 0.0) * 0.43429449201)
    return _with_ends32(x, y)


def _log1064(x):
    """log x / log 10 within 4e-16 of itself, exact for powers of 10. log 0 = -infinity; NaN below 0."""
    f, n = _parts64(x)
    y = _log_of_one_plus64(f, 0.0) * 0.4342944819032518
    return _with_ends64(x, n * 0.30102999566361177 + (n * 3.694239077158931e-13 + y))


def _log1p32(x):
    """log(1 + x) within 1.5e-7 of itself, however near to 0. -infinity at -1; NaN below."""
    u = 1.0 + x
    z = u if u > 0.0 else 1.0
    i = float32_bits(z) + np.int32(0x3F800000 - 0x3F3504F3)
    e = np.int32(i >> np.int32(23))
    m = float32_from_bits((i & np.int32(0x7FFFFF)) + np.int32(0x3F3504F3))
    # 1 + x was rounded; s = 2^-n and s - 1 are exact, so f = s (1 + x) - 1 has its own rounding only.
    # From 2^30 on the 1 no longer counts, and s would leave the range.
    s = float32_from_bits((np.int32(254) - e) << np.int32(23))
    f = m - 1.0 if x > 1073741824.0 else s * x + (s - 1.0)
    y = _log_of_one_plus32(f, np.float32(e) - 127.0)
    edge = np.float32(-np.inf) if u == 0.0 else np.float32(np.nan)
    y = y if u > 0.0 else edge
    return x if x == np.float32(np.inf) else y


def _log1p64(x):
    """log(1 + x) within 2.8e-16 of itself, however near to 0. -infinity at -1; NaN below."""
    u = 1.0 + x
    z = u if u > 0.0 else 1.0
    i = float64_bits(z) + (0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
    m = float64_from_bits((i & 0xFFFFFFFFFFFFF) + 0x3FE6A09E667F3BCD)
    s = float64_from_bits((2046 - (i >> 52)) << 52)
    f = m - 1.0 if x > 1152921504606846976.0 else s * x + (s - 1.0)
    y = _log_of_one_plus64(f, _biased_exponent64(i) - 1023.0)
    edge = -np.inf if u == 0.0 else np.nan
    y = y if u > 0.0 else edge
    return x if x == np.inf else y


# Odd functions that saturate: x P(x^2) / Q(x^2). All coefficients but one are positive, so nothing cancels.
# The limits of x are places where the quotient gives 1 or a little more, so that infinity gives 1 exactly.


def _tanh32(x):
    """tanh x within 3.5e-7 of itself (5e-8 on average), at most 1. Error of the fit: 3.3e-8."""
    x = 9.02 if x > 9.02 else x
    x = -9.02 if x < -9.02 else x
    z = x * x
    z2 = z * z
    p = z * (0.13379173 + z2 * 2.0572876e-05) + z2 * (0.0034933877 + z2 * 1.3304432e-08)
    q = z * (0.4671249 + z2 * 0.00032820366) + z2 * (0.02586861 + z2 * 7.756018e-07)
    p = 1.0 + p
    q = 1.0 + q
    y = x * (p / q)
    y = 1.0 if y > 1.0 else y
    return -1.0 if y < -1.0 else y


def _tanh64(x):
    """tanh x within 7e-16 of itself, at most 1. Error of the fit: 2.7e-17."""
    x = 19.0645 if x > 19.0645 else x
    x = -19.0645 if x < -19.0645 else x
    z = x * x
    z2 = z * z
    p = 4.8829777721597835e-15 + z2 * 1.0009160361463208e-22
    p = 9.796366459866665e-05 + z2 * (2.8763911508263524e-09 + z2 * p)
    even = 1.613017039919441e-18 + z2 * -2.6533728591474784e-27
    even = 7.481012766917415e-07 + z2 * (5.52171698605977e-12 + z2 * even)
    p = (1.0 + z2 * (0.006088302687824644 + z2 * even)) + z * (0.15256020747826746 + z2 * p)
    q = 1.8249913104953758e-13 + z2 * 1.7287385330907958e-20
    q = 0.0008535731774252064 + z2 * (5.0494409771391684e-08 + z2 * q)
    even = 1.3787745622924672e-10 + z2 * 1.026337485427571e-16
    even = 0.03471948295835834 + z2 * (9.345575203486944e-06 + z2 * even)
    q = (1.0 + z2 * even) + z * (0.48589354081160074 + z2 * q)
    y = x * (p / q)
    y = 1.0 if y > 1.0 else y
    return -1.0 if y < -1.0 else y


def _erf32(x):
    """erf x within 4e-7 of itself (5e-8 on average), at most 1. Error of the fit: 2.3e-8.

    P and Q are scaled until both first coefficients are nearly float32 numbers: their quotient, 2 / sqrt(pi),
    is the slope at 0.
    """
    x = 3.942 if x > 3.942 else x
    x = -3.942 if x < -3.942 else x
    z = x * x
    z2 = z * z
    p = 0.19207554 + z2 * (0.0038182293 + z2 * 2.0319676e-06)
    p = (1.1315861 + z2 * (0.053023424 + z2 * 0.0002854917)) + z * p
    q = 0.50450253 + z2 * (0.0150963515 + z2 * 3.7942184e-05)
    q = (1.0028421 + z2 * (0.11487751 + z2 * 0.0011738922)) + z * q
    y = x * (p / q)
    y = 1.0 if y > 1.0 else y
    return -1.0 if y < -1.0 else y


def _erf64(x):
    """erf x within 9e-16 of itself, at most 1. Error of the fit: 6e-17, with P and Q scaled as in float32."""
    x = 5.94 if x > 5.94 else x
    x = -5.94 if x < -5.94 else x
    z = x * x
    z2 = z * z
    p = 3.327204335788489e-07 + z2 * (3.3749373965667197e-10 + z2 * 4.344355711550143e-14)
    p = 0.431629395741087 + z2 * (0.013514540692973736 + z2 * (0.00011175700010450109 + z2 * p))
    even = 1.3261405221770974e-08 + z2 * (6.530493815128571e-12 + z2 * 3.057954864316039e-17)
    even = 0.12958109738259438 + z2 * (0.001677781788316825 + z2 * (7.651498859184037e-06 + z2 * even))
    p = (2.2102677026876174 + z2 * even) + z * p
    q = 1.6386899240299805e-06 + z2 * (2.2065345514203783e-09 + z2 * 6.485166812656943e-13)
    q = 1.035454509182776 + z2 * (0.04310619292965352 + z2 * (0.0004435222394020559 + z2 * q))
    even = 6.899374825342356e-08 + z2 * (4.998520416086104e-11 + z2 * 1.724479408024528e-15)
    even = 0.26410988553312714 + z2 * (0.005029803875981475 + z2 * (3.0410163961782917e-05 + z2 * even))
    q = (1.958798750580378 + z2 * even) + z * q
    y = x * (p / q)
    y = 1.0 if y > 1.0 else y
    return -1.0 if y < -1.0 else y


def _sigmoid32(x):
    """1 / (1 + e^-x) within 2e-7 of itself, also where it nears 0."""
    e = _exp32(-abs(x))
    return (1.0 if x >= 0.0 else e) / (1.0 + e)


def _sigmoid64(x):
    """1 / (1 + e^-x) within 3.5e-16 of itself, also where it nears 0."""
    e = _exp64(-abs(x))
    return (1.0 if x >= 0.0 else e) / (1.0 + e)


def _softplus32(x):
    """log(1 + e^x) within 1.8e-7 of itself, also where it nears 0."""
    e = _exp32(-abs(x))
    # 1 + e lies between 1 and 2, so log1p needs neither bits nor edges.
    upper = e > 0.41421357
    f = 0.5 * e - 0.5 if upper else e
    return (x if x > 0.0 else 0.0) + _log_of_one_plus32(f, 1.0 if upper else 0.0)


def _softplus64(x):
    """log(1 + e^x) within 3.5e-16 of itself, also where it nears 0."""
    e = _exp64(-abs(x))
    upper = e > 0.41421356237309503
    f = 0.5 * e - 0.5 if upper else e
    return (x if x > 0.0 else 0.0) + _log_of_one_plus64(f, 1.0 if upper else 0.0)


# The meanings: the same functions in NumPy, for whole arrays.


def _sigmoid(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _softplus(x: Any) -> Any:
    return np.logaddexp(x, np.zeros_like(x))


def _erf(x: Any) -> Any:
    from scipy import special  # here, because `import graphnn` does not load scipy

    return special.erf(x)


exp = Routine("exp", np.exp, _exp32, _exp64)
expm1 = Routine("expm1", np.expm1, _expm132, _expm164)
exp2 = Routine("exp2", np.exp2, _exp232, _exp264)
log = Routine("log", np.log, _log32, _log64)
log2 = Routine("log2", np.log2, _log232, _log264)
log10 = Routine("log10", np.log10, _log1032, _log1064)
log1p = Routine("log1p", np.log1p, _log1p32, _log1p64)
tanh = Routine("tanh", np.tanh, _tanh32, _tanh64)
sigmoid = Routine("sigmoid", _sigmoid, _sigmoid32, _sigmoid64)
softplus = Routine("softplus", _softplus, _softplus32, _softplus64)
erf = Routine("erf", _erf, _erf32, _erf64)
