"""Kernels that do what a kernel must not: (what is wrong, the kernel, the error that it gets, words of its sentence).

`python -m bad_input.kernels` runs them all in one process, and tells for each what came of it.
"""

from __future__ import annotations

import json

import numpy as np

import graphnn as gn


def raises(x, y):
    for i in range(y.size):
        if x[i] > 0.0:
            raise ValueError("no")
        y[i] = x[i]


def allocates(x, y):
    z = np.zeros(y.size)
    for i in range(y.size):
        y[i] = z[i]


def makes_a_list(x, y):
    values = [x[0], x[1]]
    for i in range(y.size):
        y[i] = values[i % 2]


def returns_a_value(x, y):
    y[0] = x[0]
    return 3


def calls_the_unknown(x, y):
    y[0] = frobnicate(x[0])  # noqa: F821


def stores_text(x, y):
    y[0] = "a"


def prints(x, y):
    print(x[0])


def array_arithmetic(x, y):
    y[:] = x * 2.0


def forever(v):
    return forever(v - 1.0)


def calls_itself(x, y):
    y[0] = forever(x[0])


def draws(x, y):
    y[0] = np.random.rand()  # noqa: NPY002


def enclosing():
    gain = 2.0

    def uses_an_enclosing_name(x, y):
        y[0] = gain * x[0]

    return uses_an_enclosing_name


def status_far_away(x, y):
    return 10**9


def status_below_zero(x, y):
    return -5


def sometimes_no_status(x, y):
    if x[0] > 0.0:
        return 1


def divides_by_zero(x, y):
    for i in range(y.size):
        y[i] = x[i] / (x[i] - x[i])


def times(v, gain=3.0):
    return v * gain


def helper_with_a_default(x, y):
    for i in range(y.size):
        y[i] = times(x[i])


KERNELS = [
    ("raises", raises, gn.KernelError, "the kernel of own raised an error or returned a value"),
    ("allocates an array", allocates, gn.KernelError, "Numba cannot compile it for float32"),
    ("makes a list", makes_a_list, gn.KernelError, "it allocates memory"),
    ("returns a value", returns_a_value, gn.KernelError, "raised an error or returned a value"),
    ("calls an unknown function", calls_the_unknown, gn.KernelError, "name 'frobnicate' is not defined"),
    ("stores text", stores_text, gn.KernelError, "setitem"),
    ("prints", prints, gn.KernelError, "kernel prints: it needs Py"),
    ("computes with whole arrays", array_arithmetic, gn.KernelError, "Numba cannot compile it for float32"),
    ("calls itself", calls_itself, gn.KernelError, "forever calls itself. Kernels use loops."),
    ("draws random numbers", draws, gn.KernelError, "kernel draws: it needs numba_"),
    ("uses an enclosing function's name", enclosing(), gn.DeclarationError, "uses gain from an enclosing function"),
]  # fmt: skip

REPORTING = [
    (
        "gives a status far away",
        status_far_away,
        gn.KernelError,
        "gave the status 1000000000, which its @op.fault",
    ),
    ("gives a status below zero", status_below_zero, gn.KernelError, "gave the status -5"),
    ("gives a status only sometimes", sometimes_no_status, gn.KernelError, "Numba cannot compile it"),
]

# On so many elements that threads share the work.
SHARED = [
    ("raises in one of several threads", raises, gn.KernelError, "raised an error or returned a value"),
]

FINE = [
    ("divides by zero", divides_by_zero, [np.inf] * 3),
    ("calls a helper with a default", helper_with_a_default, [3.0] * 3),
]


def result_of(kernel, *, reports: bool = False, size: int = 3) -> np.ndarray:
    """Declare an op with this kernel, run it on ones, and forget the op."""

    @gn.op("x(*s) -> y(*s)", latex="", samples=[(3,)], no_slope="not needed", name="own")
    def own(x):
        """Give x."""
        return x

    try:
        own.kernel(kernel)
        if reports:
            own.fault(lambda position, x: f"element {position} is {x[position]}")
        return gn.Program(own(gn.parameter(np.ones(size), "x"))).run()
    finally:
        gn.undeclare("own")


def main() -> None:
    """Print one line of JSON per kernel: what it does wrong, the error's name (or ""), its text or the numbers."""
    for rows, reports, size in (
        (KERNELS, False, 3),
        (REPORTING, True, 3),
        (FINE, False, 3),
        (SHARED, False, 300_000),
    ):
        for label, kernel, *_ in rows:
            try:
                told = "", result_of(kernel, reports=reports, size=size).tolist()
            except Exception as error:  # noqa: BLE001  (the test wants to see every kind)
                told = type(error).__name__, str(error)
            print(json.dumps([label, *told]), flush=True)


if __name__ == "__main__":
    main()
