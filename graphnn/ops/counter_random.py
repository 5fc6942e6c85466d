"""Draw random numbers inside a kernel, each from its own position: the same on any thread and in any batch.

There is no state to advance. A draw is a function of (seed, stream, index): the seed belongs to the program,
the stream tells draws apart that share a seed (one per node and per step), the index is the place of the
element. All three are int64, of either sign. So element 1,000 can be drawn without the 999 before it, work
can be split in any way, and a run can be repeated from any step.

The bits come from Philox4x32-10, a block cipher made weak enough to be fast, strong enough to pass BigCrush.
Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

One block holds four words of 32 bits: four numbers of float32, two of float64. The functions with an index
give one number and compute its whole block; the `fill_` kernels give the same numbers and use every word.
Bits, uniform numbers and permutations are the same on every machine; normal numbers may differ in the last
place where a processor has no fused multiply-add.

Words are kept in uint64, never above 2^32 - 1: their products fit, so that nothing wraps, and x86 multiplies
them in vectors. Every constant is a np.uint64, because uint64 with int64 is float64 to NumPy and to Numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.core.routine import Routine
from graphnn.ops.mathematics import log

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds of Philox4x32: four words of counter and two of key give four words that look random.

    All words are uint64 below 2^32.
    """
    for _ in range(10):
        p = c0 * np.uint64(0xD2511F53)
        q = c2 * np.uint64(0xCD9E8D57)
        c0 = (q >> _HALF) ^ c1 ^ k0
        c2 = (p >> _HALF) ^ c3 ^ k1
        c1 = q & _LOW
        c3 = p & _LOW
        k0 = (k0 + np.uint64(0x9E3779B9)) & _LOW
        k1 = (k1 + np.uint64(0xBB67AE85)) & _LOW
    return c0, c1, c2, c3


def _block(seed, stream, position):
    """The four words of one block: the key is the seed, the counter is position and stream."""
    k = np.int64(seed).view(np.uint64)
    s = np.int64(stream).view(np.uint64)
    c = np.int64(position).view(np.uint64)
    return philox(c & _LOW, c >> _HALF, s & _LOW, s >> _HALF, k & _LOW, k >> _HALF)


def random_bits32(seed, stream, index):
    """32 random bits, as a uint64 below 2^32."""
    w0, w1, w2, w3 = _block(seed, stream, index >> 2)
    low = w0 if (index & 1) == 0 else w1
    high = w2 if (index & 1) == 0 else w3
    return low if (index & 2) == 0 else high


def random_bits64(seed, stream, index):
    """64 random bits, as a uint64. They are those of indices 2 index and 2 index + 1 of `random_bits32`."""
    w0, w1, w2, w3 = _block(seed, stream, index >> 1)
    low = w0 if (index & 1) == 0 else w2
    high = w1 if (index & 1) == 0 else w3
    return low | (high << _HALF)


def _unit32(word):
    """The upper 24 of 32 bits as a float32 in [0, 1): all multiples of 2^-24, equally likely."""
    return np.float32(np.int32(word >> np.uint64(8))) * 2.0**-24


def _unit64(low, high):
    """53 of 64 bits as a float64 in [0, 1): all multiples of 2^-53, equally likely.

    The two words are converted on their own, each within int32, which vector units can convert.
    """
    upper = np.float64(np.int32(high >> np.uint64(5)))
    lower = np.float64(np.int32(low >> np.uint64(6)))
    return (upper * 67108864.0 + lower) * 2.0**-53


def _uniform32(seed, stream, index):
    """A float32 in [0, 1)."""
    return _unit32(random_bits32(seed, stream, index))


def _uniform64(seed, stream, index):
    """A float64 in [0, 1)."""
    bits = random_bits64(seed, stream, index)
    return _unit64(bits & _LOW, bits >> _HALF)


# Normal numbers by pairs: with u and v uniform, sqrt(-2 log u) cos(2 pi v) and the same with sin are normal
# and independent (Box and Muller, 1958). The angle is taken from the bits: two of them say the quarter, and
# of the rest, at most an eighth of a turn to either side, sin and cos are polynomials (minimax, Remez).


def _normal_pair32(a, b):
    """Two normal float32 from two words. No number is beyond 6.67: that is sqrt(-2 log 2^-32)."""
    u = (np.float32(np.int32(a >> np.uint64(1))) + 0.5) * 2.0**-31
    r = np.sqrt(-2.0 * log(u))
    y = np.float32(np.int32(b & np.uint64(0x3FFFFFFF)) - np.int32(0x20000000)) * 2.0**-30
    z = y * y
    # Errors of the fits: 4.6e-8 and 6.7e-9.
    s = r * (y * (1.5707964 + z * (-0.6459638 + z * (0.07968004 + z * -0.0046022004))))
    c = r * (1.0 + z * (-1.2337005 + z * (0.2536692 + z * (-0.020860072 + z * 0.0009036317))))
    return _turn(s, c, b >> np.uint64(30))


def _normal_pair64(a0, a1, b0, b1):
    """Two normal float64 from four words. No number is beyond 8.66: that is sqrt(-2 log 2^-54)."""
    r = np.sqrt(-2.0 * log(_unit64(a0, a1) + 2.0**-54))
    y = np.float64(np.int32(b1 & np.uint64(0x3FFFFFFF)) - np.int32(0x20000000))
    y = (y + np.float64(np.int32(b0 >> np.uint64(1))) * 2.0**-31) * 2.0**-30
    z = y * y
    # Errors of the fits: 6.2e-17 and 1.5e-17.
    s = 0.00016044115075205766 + z * (-3.5986433878859517e-06 + z * 5.6339384167204736e-08)
    s = 1.5707963267948966 + z * (
        -0.6459640975062443 + z * (0.07969262624604308 + z * (-0.004681754132342268 + z * s))
    )
    c = -2.5202036771694383e-05 + z * (4.7106097626584307e-07 + z * -6.321260972436187e-09)
    c = 0.2536695079010467 + z * (-0.020863480763311227 + z * (0.0009192602741833661 + z * c))
    c = 1.0 + z * (-1.2337005501361697 + z * c)
    return _turn(r * (y * s), r * c, b1 >> np.uint64(30))


def _turn(s, c, quarter):
    """The point (c, s) turned by 0, 1, 2 or 3 quarters."""
    odd = (quarter & np.uint64(1)) == np.uint64(1)
    x = s if odd else c
    y = c if odd else s
    # cos changes sign after one and two quarters, sin after two and three.
    x = -x if quarter == np.uint64(1) or quarter == np.uint64(2) else x
    y = -y if quarter >= np.uint64(2) else y
    return x, y


def _normal32(seed, stream, index):
    """A normal float32."""
    w0, w1, w2, w3 = _block(seed, stream, index >> 2)
    second = (index & 2) != 0
    x, y = _normal_pair32(w2 if second else w0, w3 if second else w1)
    return x if (index & 1) == 0 else y


def _normal64(seed, stream, index):
    """A normal float64."""
    w0, w1, w2, w3 = _block(seed, stream, index >> 1)
    x, y = _normal_pair64(w0, w1, w2, w3)
    return x if (index & 1) == 0 else y


# The kernels that fill an array: y[i] is the number of index first + i. Blocks are written whole; what comes
# before the first whole block and after the last is drawn one by one.


def _fill_uniform32(seed, stream, first, y):
    head = min(-first & 3, y.size)
    blocks = (y.size - head) >> 2
    whole = y[head:]  # its indices are seen to be positive: y[head + 4 * b] would not be vectorised
    start = (first + head) >> 2
    for b in range(blocks):
        w0, w1, w2, w3 = _block(seed, stream, start + b)
        whole[4 * b] = _unit32(w0)
        whole[4 * b + 1] = _unit32(w1)
        whole[4 * b + 2] = _unit32(w2)
        whole[4 * b + 3] = _unit32(w3)
    for rest in range(y.size - 4 * blocks):
        i = rest if rest < head else rest + 4 * blocks
        y[i] = _uniform32(seed, stream, first + i)


def _fill_uniform64(seed, stream, first, y):
    head = min(-first & 1, y.size)
    blocks = (y.size - head) >> 1
    whole = y[head:]  # its indices are seen to be positive: y[head + 2 * b] would not be vectorised
    start = (first + head) >> 1
    for b in range(blocks):
        w0, w1, w2, w3 = _block(seed, stream, start + b)
        whole[2 * b] = _unit64(w0, w1)
        whole[2 * b + 1] = _unit64(w2, w3)
    for rest in range(y.size - 2 * blocks):
        i = rest if rest < head else rest + 2 * blocks
        y[i] = _uniform64(seed, stream, first + i)


def _fill_normal32(seed, stream, first, y):
    head = min(-first & 3, y.size)
    blocks = (y.size - head) >> 2
    whole = y[head:]  # its indices are seen to be positive: y[head + 4 * b] would not be vectorised
    start = (first + head) >> 2
    for b in range(blocks):
        w0, w1, w2, w3 = _block(seed, stream, start + b)
        whole[4 * b], whole[4 * b + 1] = _normal_pair32(w0, w1)
        whole[4 * b + 2], whole[4 * b + 3] = _normal_pair32(w2, w3)
    for rest in range(y.size - 4 * blocks):
        i = rest if rest < head else rest + 4 * blocks
        y[i] = _normal32(seed, stream, first + i)


def _fill_normal64(seed, stream, first, y):
    head = min(-first & 1, y.size)
    blocks = (y.size - head) >> 1
    whole = y[head:]  # its indices are seen to be positive: y[head + 2 * b] would not be vectorised
    start = (first + head) >> 1
    for b in range(blocks):
        w0, w1, w2, w3 = _block(seed, stream, start + b)
        whole[2 * b], whole[2 * b + 1] = _normal_pair64(w0, w1, w2, w3)
    for rest in range(y.size - 2 * blocks):
        i = rest if rest < head else rest + 2 * blocks
        y[i] = _normal64(seed, stream, first + i)


def _below(bits, n):
    """An integer from 0 to n - 1: the upper half of the product of 64 random bits with n.

    No value is more likely than another by more than n / 2^64 (Lemire, 2019).
    """
    b0, b1 = bits & _LOW, bits >> _HALF
    n0, n1 = n & _LOW, n >> _HALF
    middle = b1 * n0 + ((b0 * n0) >> _HALF)
    other = b0 * n1 + (middle & _LOW)
    return b1 * n1 + (middle >> _HALF) + (other >> _HALF)


def permutation(seed, stream, order):
    """Fill the int64 array `order` with 0 to n - 1 in random order, all orders equally likely.

    Source: Fisher and Yates, as arranged by Durstenfeld (1964).
    """
    for i in range(order.size):
        order[i] = i
    last = order.size - 1
    w0, w1, w2, w3 = _block(seed, stream, last >> 1)
    for i in range(last, 0, -1):
        # These are random_bits64(seed, stream, i); one block serves for an odd number and the even one below it.
        if (i & 1) == 1 and i < last:
            w0, w1, w2, w3 = _block(seed, stream, i >> 1)
        bits = (w0 | (w1 << _HALF)) if (i & 1) == 0 else (w2 | (w3 << _HALF))
        j = np.int64(_below(bits, np.uint64(i + 1)))
        kept = order[i]
        order[i] = order[j]
        order[j] = kept


def _fill_by_dtype(narrow: Any, wide: Any) -> Any:
    def fill(seed: int, stream: int, first: int, y: Any) -> None:
        (narrow if y.dtype == np.float32 else wide)(seed, stream, first, y)

    return fill


uniform = Routine("uniform", _uniform64, _uniform32, _uniform64)
normal = Routine("normal", _normal64, _normal32, _normal64)
fill_uniform = Routine(
    "fill_uniform", _fill_by_dtype(_fill_uniform32, _fill_uniform64), _fill_uniform32, _fill_uniform64
)
fill_normal = Routine(
    "fill_normal", _fill_by_dtype(_fill_normal32, _fill_normal64), _fill_normal32, _fill_normal64
)
