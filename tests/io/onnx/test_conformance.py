"""The ONNX project's own tests: what graphnn reads passes, what it refuses it refuses with a sentence, none fails."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")  # the judge of older versions

import onnx_conformance as conformance  # noqa: E402

KEPT = conformance.kept_results()
SAME = KEPT["onnx"] == onnx.__version__
"""Other versions of onnx have other tests: there only failures count."""


@pytest.mark.parametrize("op_type", KEPT["node"])
def test_node_tests_of_an_op_pass_or_are_refused_as_before(op_type: str) -> None:
    cases = conformance.node_cases().get(op_type, [])
    found, failures = conformance.tally(cases)
    assert failures == []
    assert not SAME or found == KEPT["node"][op_type]


@pytest.mark.skipif(not SAME, reason="another version of onnx has other tests")
def test_every_op_that_has_tests_is_among_those_that_are_kept() -> None:
    assert list(KEPT["node"]) == list(conformance.node_cases())


@pytest.mark.parametrize("kind", conformance.KINDS)
def test_models_in_folders_pass_or_are_refused_as_before(kind: str) -> None:
    found = {case.name: conformance.run_folder_case(case) for case in conformance.folder_cases(kind)}
    assert [f"{name}: {each.why}" for name, each in found.items() if each.state == "fail"] == []
    kept = KEPT[kind]
    if SAME:
        assert sum(each.state == "pass" for each in found.values()) == kept["pass"]
        assert {name: each.why for name, each in found.items() if each.state == "skip"} == kept["skip"]


@pytest.mark.parametrize("name", ["alexnet", "densenet", "inception_v1", "inception_v2", "resnet", "shufflenet",
                                  "squeezenet", "vgg", "zfnet"])  # fmt: skip
def test_known_architectures_give_the_numbers_that_the_project_keeps(name: str) -> None:
    (case,) = [case for case in conformance.folder_cases("real") if name in case.name]
    assert conformance.run_real_case(case) == conformance.Outcome("pass")


def test_at_least_110_ops_pass_all_their_tests_on_floats_int64_and_bool() -> None:
    whole = [op for op, kept in KEPT["node"].items() if kept["plain pass"] and not kept["plain skip"]]
    assert len(whole) >= 110


def test_the_projects_own_runner_accepts_the_back_end() -> None:
    import unittest

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # making its tests overflows on purpose
        from onnx.backend.test import BackendTest

        from graphnn.io.onnx.backend import GraphnnBackend

        tests = BackendTest(GraphnnBackend, __name__).include(
            "^test_(relu|gemm_all_attributes|reshape_negative_dim)_(cpu|cuda)$"
        )
        result = unittest.TestResult()
        tests.test_suite.run(result)
    assert not result.errors
    assert not result.failures
    ran = result.testsRun - len(result.skipped)
    assert ran == 3, "each once on the CPU; there is no other device"


def _model(*nodes: Any, inputs: Any, outputs: Any, **options: Any) -> Any:
    helper = onnx.helper
    graph = helper.make_graph(list(nodes), "g", inputs, outputs, **options)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def test_a_test_that_fails_is_told_with_its_error() -> None:
    import numpy as np

    info = onnx.helper.make_tensor_value_info
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    model = _model(node, inputs=[info("x", 1, [2])], outputs=[info("y", 1, [2])])
    case = next(iter(conformance.node_cases()["Relu"]))
    wrong = type(case)(
        name="wrong", model_name="wrong", url=None, model_dir=None, model=model, kind="node", rtol=1e-3, atol=1e-7,
        data_sets=[([np.float32([1, -1])], [np.float32([1, 1])])],
    )  # fmt: skip
    kept, failures = conformance.tally([wrong])
    assert kept["pass"] == kept["skip"] == 0
    assert len(failures) == 1
    assert failures[0].startswith("wrong: AssertionError")
