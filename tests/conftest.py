"""What every test shares: one thread per worker, seeded draws, a line that says which graphnn is tested."""

from __future__ import annotations

import gc
import importlib.util
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

# The workers of xdist share the cores: threads of a BLAS that spin beside them slow all of them down.
# It must be said before the first import of numpy, scipy or torch. A test of threads sets its own number.
for _pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_pool, "1")
# Nothing is drawn on a screen.
os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# The same examples on every machine and on every run; a cold kernel cache makes the first example slow.
settings.register_profile("same", derandomize=True, deadline=None, print_blob=False, database=None)
settings.load_profile("same")


def pytest_report_header() -> str:
    """Name the copy under test: the tree, or an installed wheel."""
    spec = importlib.util.find_spec("graphnn")
    return f"graphnn: {spec.origin if spec else 'not found'}"


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """A generator seeded by the test's own name: the same draws alone, in any order, on any worker."""
    return np.random.default_rng(zlib.crc32(request.node.nodeid.encode()))


@pytest.fixture
def quiet_collector() -> Iterator[None]:
    """No garbage collection meanwhile: its time grows with all that a long session of tests holds."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def declared_ops_go_again() -> Iterator[None]:
    """Ops that an example declares are undeclared after it: the next one may use the name."""
    import graphnn as gn
    from graphnn.core.registry import OPS

    before = set(OPS)
    yield
    for name in sorted(set(OPS) - before):
        gn.undeclare(name)
