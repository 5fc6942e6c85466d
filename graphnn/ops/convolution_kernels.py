"""What the kernels of convolution share: an image with its border, its patches side by side, and the way back.

An image is copied into working memory with zeros around it; from there the numbers that lie under one tap of the
kernel are a row of patches, so that convolution is a product of matrices. Patches are made for a band of output
rows at a time, which stays in the second cache.
"""

from __future__ import annotations

import numpy as np

from graphnn.ops.gemm import LINE_BYTES, gemm_rectangle, load_line

LINE = LINE_BYTES // 4
"""Numbers in the longest line that may be copied at once: copies may reach this much too far."""

BAND = 32 * 1024
"""Numbers in a band of patches, 128 KiB of float32: half of the second cache."""


def band_height(taps, rows, columns):
    """Output rows whose patches are made at one time."""
    return max(1, min(rows, BAND // max(1, taps * columns)))


def workspace_size(channels, taps, height, width, rows, columns):
    """Numbers that an image of one group with its border, and one band of its patches, need."""
    return max(0, channels * height * width + taps * band_height(taps, rows, columns) * columns) + 2 * LINE


def pad_image(x, n, first_channel, channels, s, height, width, top, left):
    """Image n of x (n, c, h, w), some channels of it, into s with a border of zeros; cut at height and width."""
    for k in range(channels * height * width):
        s[np.uint64(k)] = 0.0
    count = min(x.shape[3], width - left)
    for c in range(channels):
        for r in range(top, min(height, top + x.shape[2])):
            at = (c * height + r) * width + left
            for k in range(count):
                s[np.uint64(at + k)] = x[n, first_channel + c, r - top, k]


def unfold_band(
    s, target, first_tap, last_tap, kernel_h, kernel_w, height, width, stride_h, stride_w, dilation_h, dilation_w,
    first_row, last_row, columns,
):  # fmt: skip
    """Rows of patches, one for each tap, from the image at the beginning of s to `target` in s.

    Lines are copied whole; what is too much is overwritten by the next row.
    """
    line = LINE_BYTES // s.itemsize
    lines = (columns + line - 1) // line
    at = target
    for tap in range(first_tap, last_tap):
        c = tap // (kernel_h * kernel_w)
        i = tap // kernel_w % kernel_h
        start = (c * height + i * dilation_h) * width + tap % kernel_w * dilation_w
        for p in range(first_row, last_row):
            source = start + p * stride_h * width
            if stride_w == 1:
                for k in range(lines):
                    load_line(s, source + k * line, s, at + k * line, line)
            else:
                for q in range(columns):
                    s[np.uint64(at + q)] = s[np.uint64(source + q * stride_w)]
            at += columns


def fold_band(
    s, source, taps, kernel_h, kernel_w, height, width, stride_h, stride_w, dilation_h, dilation_w, first_row,
    last_row, columns,
):  # fmt: skip
    """The way back: every number of every patch is added to the place in the image that it came from."""
    at = source
    for tap in range(taps):
        c = tap // (kernel_h * kernel_w)
        i = tap // kernel_w % kernel_h
        start = (c * height + i * dilation_h) * width + tap % kernel_w * dilation_w
        for p in range(first_row, last_row):
            target = start + p * stride_h * width
            if stride_w == 1:
                for q in range(columns):
                    s[np.uint64(target + q)] += s[np.uint64(at + q)]
            else:
                for q in range(columns):
                    s[np.uint64(target + q * stride_w)] += s[np.uint64(at + q)]
            at += columns


def convolve_image(
    x, w, y, s, n, columns, stride_h, stride_w, top, left, dilation_h, dilation_w, groups
):  # fmt: skip
    """Image n of y (n, o, rows * columns): all taps of w (o, c, i, j) against the patches of image n of x."""
    channels, kernel_h, kernel_w = w.shape[1], w.shape[2], w.shape[3]
    taps = channels * kernel_h * kernel_w
    size = y.shape[2]
    rows = size // max(1, columns)
    members = y.shape[1] // groups
    height = (rows - 1) * stride_h + (kernel_h - 1) * dilation_h + 1
    width = (columns - 1) * stride_w + (kernel_w - 1) * dilation_w + 1
    patches = channels * height * width + LINE
    band = band_height(taps, rows, columns)
    is_pointwise = taps == channels and size == x.shape[2] * x.shape[3] and top + left == 0
    for group in range(groups):
        first_w = group * members * taps
        first_y = (n * y.shape[1] + group * members) * size
        if is_pointwise:
            first_x = (n * x.shape[1] + group * channels) * size
            gemm_rectangle(
                w, first_w, taps, 1, x, first_x, size, False, y, first_y, size, members, size, taps, 1.0, 0.0
            )  # fmt: skip
            continue
        pad_image(x, n, group * channels, channels, s, height, width, top, left)
        for first in range(0, rows, band):
            last = min(first + band, rows)
            count = (last - first) * columns
            unfold_band(
                s, patches, 0, taps, kernel_h, kernel_w, height, width, stride_h, stride_w, dilation_h,
                dilation_w, first, last, columns,
            )  # fmt: skip
            gemm_rectangle(
                w, first_w, taps, 1, s, patches, count, False, y, first_y + first * columns, size,
                members, count, taps, 1.0, 0.0,
            )  # fmt: skip


def spread_image(
    x, w, y, s, n, columns, stride_h, stride_w, top, left, dilation_h, dilation_w, groups
):  # fmt: skip
    """Image n of y (n, c, h, w): every number of x (n, o, rows * columns) spread over the taps of w."""
    channels, kernel_h, kernel_w = w.shape[1], w.shape[2], w.shape[3]
    taps = channels * kernel_h * kernel_w
    size = x.shape[2]
    rows = size // max(1, columns)
    members = x.shape[1] // groups
    height = (rows - 1) * stride_h + (kernel_h - 1) * dilation_h + 1
    width = (columns - 1) * stride_w + (kernel_w - 1) * dilation_w + 1
    patches = channels * height * width + LINE
    band = band_height(taps, rows, columns)
    for group in range(groups):
        for k in range(channels * height * width):
            s[np.uint64(k)] = 0.0
        first_x = (n * x.shape[1] + group * members) * size
        for first in range(0, rows, band):
            last = min(first + band, rows)
            count = (last - first) * columns
            gemm_rectangle(
                w, group * members * taps, 1, taps, x, first_x + first * columns, size, False, s, patches, count,
                taps, count, members, 1.0, 0.0,
            )  # fmt: skip
            fold_band(
                s, patches, taps, kernel_h, kernel_w, height, width, stride_h, stride_w, dilation_h, dilation_w,
                first, last, columns,
            )  # fmt: skip
        crop_image(s, y, n, group * channels, channels, height, width, top, left)


def crop_image(s, y, n, first_channel, channels, height, width, top, left):
    """The image at the beginning of s without its border, into image n of y; zeros where s does not reach."""
    for c in range(channels):
        for r in range(y.shape[2]):
            row = r + top
            inside = max(0, min(y.shape[3], width - left)) if row < height else 0
            at = (c * height + row) * width + left
            for k in range(inside):
                y[n, first_channel + c, r, np.uint64(k)] = s[np.uint64(at + k)]
            for k in range(inside, y.shape[3]):
                y[n, first_channel + c, r, np.uint64(k)] = 0.0


def correlate_images(
    x, g, y, s, kernel_h, kernel_w, columns, stride_h, stride_w, top, left, dilation_h, dilation_w, groups,
    first_tap, last_tap,
):  # fmt: skip
    """y (o, c * i * j), some taps of it: the patches of all images of x against g (n, o, rows * columns).

    Sums are made in s, transposed, so that few numbers (those of g) have to be turned for the product.
    """
    taps = y.shape[1]
    channels = taps // max(1, kernel_h * kernel_w)
    size = g.shape[2]
    rows = size // max(1, columns)
    members = y.shape[0] // groups
    height = (rows - 1) * stride_h + (kernel_h - 1) * dilation_h + 1
    width = (columns - 1) * stride_w + (kernel_w - 1) * dilation_w + 1
    patches = channels * height * width + LINE
    band = band_height(taps, rows, columns)
    count = last_tap - first_tap
    sums = patches + taps * band * columns + LINE
    for group in range(groups):
        for k in range(count * members):
            s[np.uint64(sums + k)] = 0.0
        for n in range(x.shape[0]):
            pad_image(x, n, group * channels, channels, s, height, width, top, left)
            first_g = (n * g.shape[1] + group * members) * size
            for first in range(0, rows, band):
                last = min(first + band, rows)
                length = (last - first) * columns
                unfold_band(
                    s, patches, first_tap, last_tap, kernel_h, kernel_w, height, width, stride_h, stride_w,
                    dilation_h, dilation_w, first, last, columns,
                )  # fmt: skip
                gemm_rectangle(
                    s, patches, length, 1, g, first_g + first * columns, size, True, s, sums, members,
                    count, members, length, 1.0, 1.0,
                )  # fmt: skip
        for o in range(members):
            for k in range(count):
                y[group * members + o, first_tap + k] = s[sums + k * members + o]
