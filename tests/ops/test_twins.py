"""Every op that PyTorch has too, by its declared samples in float64: value, first slopes, second slopes."""

from __future__ import annotations

import pytest

from graphnn.core.dtypes import float64
from op_cases import BUILT_IN, Case, cases, operands
from op_facts.registry import DRAWS, NO_TWIN, STOPS_NAN, TWINS
from op_twins import Meeting, torch

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")
PAIRED = [c for c in cases([float64]) if c.record.name in TWINS]


@needs_torch
@pytest.mark.filterwarnings("ignore")  # PyTorch's own
@pytest.mark.parametrize("case", PAIRED, ids=str)
def test_op_and_its_twin_agree_to_second_order(case: Case) -> None:
    Meeting(case, operands(case, kink_gap=1e-2)).check()


def test_facts_are_told_of_ops_that_exist() -> None:
    assert sorted({*TWINS, *NO_TWIN, *DRAWS, *STOPS_NAN} - set(BUILT_IN)) == []


def test_every_reason_for_no_twin_is_a_sentence() -> None:
    for name, reason in NO_TWIN.items():
        assert len(reason) > 10, name
