"""A trial op goes again after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import graphnn as gn
from graphnn.core.registry import OPS
from wrong_ops import NAME


@pytest.fixture(autouse=True)
def nothing_stays_declared() -> Iterator[None]:
    yield
    if NAME in OPS:
        gn.undeclare(NAME)
