"""What kernels get instead of plain functions: code that stands alone, and SciPy's BLAS by name."""

from __future__ import annotations

import ctypes
import itertools
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
import pytest

from graphnn.core.errors import KernelError
from graphnn.engine import loader
from graphnn.engine.blas import blas_address, intrinsics, register_blas
from graphnn.engine.compile import compile_entry
from graphnn.engine.entry import entry_source
from graphnn.ops.gemm import blas_gemm, gemm, rectangle

DTYPES = [np.float32, np.float64]


def product_kernel(a, b, c):
    gemm(a, b, c, False, True, 1.0, 0.0)


def scipy_kernel(a, b, c, scale, transpose_a, transpose_b):
    blas_gemm(a, b, c, transpose_a, transpose_b, scale[0], scale[1])


@cache
def object_code(kernel: Callable[..., None], dtype: type) -> bytes:
    names = kernel.__code__.co_varnames[: kernel.__code__.co_argcount]
    ports = [
        (name, 1 if name == "scale" else 2, np.dtype(dtype), "") for name in names if "transpose" not in name
    ]
    source = entry_source(ports, len(names) - len(ports), reports=False)
    return compile_entry(f"graphnn_test_{kernel.__name__}_{dtype.__name__}", source, kernel, np.dtype(dtype))


def wanted_symbols(code: bytes) -> set[str]:
    """The names that object code in ELF expects to find elsewhere."""
    sections = {section.name(): section.data() for section in llvm.ObjectFileRef.from_data(code).sections()}
    names = sections[b".strtab"]
    wanted = set()
    for name, _, _, section, _, _ in struct.iter_unpack("<IBBHQQ", sections[b".symtab"]):
        if name and section == 0:
            wanted.add(names[name : names.index(b"\0", name)].decode())
    return wanted


@pytest.mark.skipif(sys.platform != "linux", reason="reads ELF")
@pytest.mark.parametrize("dtype", DTYPES)
def test_object_code_refers_to_the_products_and_to_nothing_else(dtype: type) -> None:
    own, scipy = (
        f"graphnn_gemm_{dtype.__name__}",
        {np.float32: "graphnn_sgemm", np.float64: "graphnn_dgemm"}[dtype],
    )
    assert wanted_symbols(object_code(product_kernel, dtype)) == {own}
    assert wanted_symbols(object_code(scipy_kernel, dtype)) == {scipy}
    ports = [(name, 1, np.dtype(dtype), "") for name in ("a", "b", "c", "scale")]
    source = entry_source(ports, 8, reports=False)
    core = compile_entry(f"graphnn_test_core_{dtype.__name__}", source, rectangle, np.dtype(dtype))
    assert wanted_symbols(core) <= {"memset", "memcpy"}


@pytest.mark.parametrize("dtype", DTYPES)
def test_blas_multiplies_row_major_arrays_with_every_transpose(dtype: type, rng: np.random.Generator) -> None:
    code = object_code(scipy_kernel, dtype)
    register_blas(code)
    entry = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(
        loader.load(f"graphnn_test_scipy_kernel_{dtype.__name__}", code)
    )
    scale = np.array([0.5, -2.0], dtype)
    for transpose_a, transpose_b in itertools.product((0, 1), repeat=2):
        for m, k, n in [(1, 1, 1), (3, 4, 5), (64, 30, 17), (3, 0, 2)]:
            a = rng.standard_normal((k, m) if transpose_a else (m, k)).astype(dtype)
            b = rng.standard_normal((n, k) if transpose_b else (k, n)).astype(dtype)
            c = rng.standard_normal((m, n)).astype(dtype)
            before = c.copy()
            words = [word for x in (a, b, c, scale) for word in (x.ctypes.data, *x.shape)]
            page = np.array([*words, transpose_a, transpose_b], np.int64)
            assert entry(page.ctypes.data) == 0
            want = before.copy()
            if k:
                blas_gemm(a, b, want, transpose_a, transpose_b, 0.5, -2.0)
            # Sums of at most 30 terms of size 1, in another order.
            np.testing.assert_allclose(c, want, rtol=0, atol=400 * np.finfo(dtype).eps)


def test_registering_twice_is_the_same_as_once() -> None:
    code = object_code(scipy_kernel, np.float64)
    register_blas(code)
    address = llvm.address_of_symbol("graphnn_dgemm")
    register_blas(code)
    assert address == llvm.address_of_symbol("graphnn_dgemm") == blas_address("dgemm")


def test_an_unknown_blas_function_is_named() -> None:
    with pytest.raises(KernelError, match="qgemm: this SciPy does not offer it"):
        blas_address("qgemm")


def test_a_function_of_another_signature_is_refused() -> None:
    with pytest.raises(KernelError, match="daxpy: SciPy declares it as"):
        blas_address("daxpy")


def test_every_intrinsic_stands_for_a_plain_function_of_its_name() -> None:
    for plain, compiled in intrinsics().items():
        assert plain.__module__ == "graphnn.ops.gemm"
        assert plain.__name__ == compiled._name


def test_a_warm_start_loads_the_product_without_a_compiler_or_scipy(tmp_path: Path) -> None:
    """The first process compiles and keeps it, the second finds it where importing Numba or SciPy is an
    error."""
    script = (
        "import sys\n"
        "{block}"
        "from graphnn.engine.blas import register_blas\n"
        "register_blas(b'graphnn_gemm_float32')\n"
        "import llvmlite.binding as llvm\n"
        "assert llvm.address_of_symbol('graphnn_gemm_float32')\n"
    )
    environment = {**os.environ, "GRAPHNN_CACHE_DIR": str(tmp_path)}
    for block in ("", "sys.modules['numba'] = sys.modules['scipy'] = None\n"):
        done = subprocess.run(
            [sys.executable, "-c", script.format(block=block)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
