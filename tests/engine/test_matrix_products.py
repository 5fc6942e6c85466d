"""What kernels get instead of plain functions: code that stands alone, and the one matrix product by name."""

from __future__ import annotations

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

from graphnn.engine.compile import compile_entry
from graphnn.engine.entry import entry_source
from graphnn.engine.matrix_products import intrinsics, register_products
from graphnn.ops.gemm import gemm, rectangle

DTYPES = [np.float32, np.float64]


def product_kernel(a, b, c):
    gemm(a, b, c, False, True, 1.0, 0.0)


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
    assert wanted_symbols(object_code(product_kernel, dtype)) == {f"graphnn_gemm_{dtype.__name__}"}
    ports = [(name, 1, np.dtype(dtype), "") for name in ("a", "b", "c", "scale")]
    source = entry_source(ports, 8, reports=False)
    core = compile_entry(f"graphnn_test_core_{dtype.__name__}", source, rectangle, np.dtype(dtype))
    assert wanted_symbols(core) <= {"memset", "memcpy"}


def test_registering_twice_is_the_same_as_once() -> None:
    code = object_code(product_kernel, np.float64)
    register_products(code)
    address = llvm.address_of_symbol("graphnn_gemm_float64")
    register_products(code)
    assert address == llvm.address_of_symbol("graphnn_gemm_float64") != 0


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
        "from graphnn.engine.matrix_products import register_products\n"
        "register_products(b'graphnn_gemm_float32')\n"
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
