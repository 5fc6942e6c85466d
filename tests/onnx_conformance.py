"""Run the ONNX project's own tests on graphnn, and keep what came of them: `python tests/onnx_conformance.py`.

A test passes, or is refused by the importer in one sentence, or fails. The sentence is the reason that is told: there
is no list of tests to leave out. What came of all is kept in `io/onnx/conformance.json`, op by op, so that a test that
once passed cannot be refused unseen, and so that the page of the docs has its numbers.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.errors import OnnxError

KEPT = Path(__file__).parent / "io" / "onnx" / "conformance.json"
PLAIN = (1, 11, 7, 9)
"""float32, float64, int64 and bool, as TensorProto numbers them."""
DRAWN = "random draws: the standard leaves the numbers open, so their shape and type are compared"
ROUNDING = "within the rounding of its largest number, where the wanted number is itself a rounding error"
"""So a test passes whose wanted numbers NumPy computed in float32 on this machine: 1.9e-07 where 0 is exact."""
KINDS = ("simple", "pytorch-converted", "pytorch-operator")
"""Folders of tests that hold their models."""


@dataclass(frozen=True)
class Outcome:
    """What came of one test: "pass", "skip" or "fail", and why."""

    state: str
    why: str = ""


@cache
def node_cases() -> dict[str, list[Any]]:
    """The node tests by the op that they test; of the standard's domain by its name, of others with the domain."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # making them overflows on purpose
        from onnx.backend.test.loader import load_model_tests

        cases = load_model_tests(kind="node")
    own = {case.name: case.model.graph.node[0] for case in cases if "_expanded" not in case.name}
    found: dict[str, list[Any]] = {}
    for case in cases:
        node = own[case.name.partition("_expanded")[0]]
        found.setdefault(op_key(node.domain, node.op_type), []).append(case)
    return dict(sorted(found.items()))


def op_key(domain: str, op_type: str) -> str:
    return f"{domain}.{op_type}" if domain not in ("", "ai.onnx") else op_type


def folder_cases(kind: str) -> list[Any]:
    """The tests of a folder, with their models and numbers read."""
    from onnx.backend.test.loader import load_model_tests

    return sorted(load_model_tests(kind=kind), key=lambda case: str(case.name))


def is_plain(model: Any) -> bool:
    """Whether all inputs and outputs are tensors of the four element types that graphnn computes in."""
    values = [*model.graph.input, *model.graph.output]
    return all(v.type.HasField("tensor_type") and v.type.tensor_type.elem_type in PLAIN for v in values)


def run_node_case(case: Any) -> Outcome:
    """What comes of a node test."""
    return _outcome(case.model, case.data_sets, case)


def run_folder_case(case: Any) -> Outcome:
    """What comes of a test whose model and numbers are files."""
    folder, model = Path(case.model_dir), _model(case)
    sets = []
    for place in sorted(folder.glob("test_data_set*")):
        try:
            inputs = _protos(place, "input", model.graph.input)
            outputs = _protos(place, "output", model.graph.output)
        except _NoTensor:
            inputs, outputs = [], []  # the importer will say so
        sets.append((inputs, outputs))
    return _outcome(model, sets, case)


def _model(case: Any) -> Any:
    import onnx

    return onnx.load(Path(case.model_dir) / "model.onnx")


class _NoTensor(Exception):
    """A sequence or an optional."""


def _protos(place: Path, word: str, infos: Any) -> list[np.ndarray]:
    import onnx
    from onnx import numpy_helper

    found = []
    for k in range(len(list(place.glob(f"{word}_*.pb")))):
        if not infos[k].type.HasField("tensor_type"):
            raise _NoTensor
        tensor = onnx.TensorProto()
        tensor.ParseFromString((place / f"{word}_{k}.pb").read_bytes())
        found.append(numpy_helper.to_array(tensor))
    return found


def run_real_case(case: Any) -> Outcome:
    """What comes of a known architecture with made-up weights, on the inputs that the ONNX project's runner makes."""
    import onnx
    from onnx import numpy_helper
    from onnx.backend.test.runner import Runner

    path = Path(onnx.__file__).parents[1] / case.url
    model = onnx.load(path)
    held = {each.name for each in model.graph.initializer}
    inputs = [Runner.generate_dummy_data(x) for x in model.graph.input if x.name not in held]
    outputs = []
    for k in range(len(model.graph.output)):
        tensor = onnx.TensorProto()
        tensor.ParseFromString(path.with_name(f"{path.stem}_output_{k}.pb").read_bytes())
        outputs.append(numpy_helper.to_array(tensor))
    return _outcome(model, [(inputs, outputs)], case)


def _outcome(model: Any, sets: Iterable[tuple[Any, Any]], case: Any) -> Outcome:
    from onnx.backend.test.runner import Runner

    from graphnn.io.onnx import backend

    drawn = rounding = False
    try:
        ready = backend.prepare(model)
        for inputs, outputs in sets:
            wanted = [_array(each) for each in outputs]
            found = ready.run([_array(each) for each in inputs])
            try:
                Runner.assert_similar_outputs(wanted, found, case.rtol, case.atol)
            except AssertionError:
                if [(a.shape, a.dtype) for a in found] != [(a.shape, a.dtype) for a in wanted]:
                    raise
                drawn = has_draws(model)
                rounding = not drawn and all(map(_differ_by_rounding, found, wanted))
                if not drawn and not rounding:
                    raise
    except OnnxError as error:
        return Outcome("skip", reason(str(error)))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is told as this test's failure
        return Outcome("fail", f"{type(error).__name__}: {_line(str(error))}")
    return Outcome("skip", DRAWN) if drawn else Outcome("pass", ROUNDING if rounding else "")


def _array(each: Any) -> Any:
    from onnx import TensorProto, numpy_helper

    return numpy_helper.to_array(each) if isinstance(each, TensorProto) else each


def _differ_by_rounding(found: np.ndarray, wanted: np.ndarray) -> bool:
    if found.dtype.kind != "f" or not np.isfinite(found).all():
        return np.array_equal(found, wanted)
    unit = np.finfo(found.dtype).eps * np.abs(wanted).max(initial=0.0)
    return bool(np.abs(found.astype(np.float64) - wanted).max(initial=0.0) <= unit)


def has_draws(model: Any) -> bool:
    """Whether the standard says of an op of the model that its results are not determined."""
    import onnx

    schema = onnx.defs.get_schema
    return any(schema(n.op_type, domain=n.domain).non_deterministic for n in model.graph.node)


def reason(message: str) -> str:
    """The importer's sentence without the name of the node or tensor in one file."""
    told = re.sub(r"^(\w+) '[^']*': ", r"\1: ", _line(message))
    return re.sub(r"^input '[^']*' is no tensor", "input: it is no tensor", told)


def _line(text: str) -> str:
    return " ".join(text.split())[:300]


def operators(model: Any) -> set[tuple[str, int]]:
    """The operators of a model's graph, each with the version since which it is what it is there."""
    import onnx

    opsets = {each.domain: each.version for each in model.opset_import}
    found = set()
    for node in model.graph.node:
        schema = onnx.defs.get_schema(node.op_type, opsets[node.domain], node.domain)
        found.add((op_key(node.domain, node.op_type), schema.since_version))
    return found


# Older versions


OTHERWISE = {
    (
        "AveragePool",
        1,
    ): "before version 7 padding counted in the mean, as in Caffe2, where models of it are from"
}
"""Older versions whose meaning neither knows."""


def older_models(case: Any) -> Iterator[tuple[int, Any]]:
    """The model of a test as one of the older versions of its operator, where the standard's checker accepts that."""
    import onnx

    (node,) = case.model.graph.node
    (now,) = [version for _, version in operators(case.model)]
    versions = {
        schema.since_version
        for schema in onnx.defs.get_all_schemas_with_history()
        if (schema.name, schema.domain) == (node.op_type, node.domain) and schema.since_version < now
    }
    for version in sorted(versions):
        model = onnx.ModelProto()
        model.CopyFrom(case.model)
        for each in model.opset_import:
            if each.domain == node.domain:
                each.version = version
        try:
            onnx.checker.check_model(model)
        except onnx.checker.ValidationError:
            continue
        yield version, model


def run_older(case: Any, version: int, model: Any) -> Outcome:
    """What comes of it: its numbers are those of the test, or those of onnxruntime for that version."""
    found = _outcome(model, case.data_sets, case)
    node = case.model.graph.node[0]
    if found.state != "fail" or not found.why.startswith("AssertionError"):
        return found
    if (node.op_type, version) in OTHERWISE:
        return Outcome("skip", OTHERWISE[node.op_type, version])
    inputs = [_array(each) for each in case.data_sets[0][0]]
    for judge in (_by_runtime, _by_reference):
        try:
            wanted = judge(model, dict(zip([each.name for each in model.graph.input], inputs, strict=True)))
        except Exception:  # noqa: BLE001  # whatever a judge cannot do, the next is asked
            continue
        return _outcome(model, [(inputs, wanted)], case)
    return Outcome("skip", "neither the test nor another program tells what it gives")


def _by_runtime(model: Any, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    return list(session.run(None, feeds))


def _by_reference(model: Any, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    from onnx.reference import ReferenceEvaluator

    with np.errstate(all="ignore"):
        return list(ReferenceEvaluator(model).run(None, feeds))


def tally(cases: Iterable[Any]) -> tuple[dict[str, Any], list[str]]:
    """What came of the node tests of one op, as it is kept, and those that fail, in words."""
    counts = {"pass": 0, "skip": 0, "plain pass": 0, "plain skip": 0}
    reasons: Counter[str] = Counter()
    versions: set[int] = set()
    older = {"pass": 0, "skip": 0}
    failures = []
    for case in cases:
        found = run_node_case(case)
        if found.state == "fail":
            failures.append(f"{case.name}: {found.why}")
            continue
        counts[found.state] += 1
        counts[f"plain {found.state}"] += is_plain(case.model)
        if found.why:
            reasons[found.why] += 1
        if found.state == "pass" and "_expanded" not in case.name:
            versions |= {version for _, version in operators(case.model)}
            for version, model in older_models(case) if is_plain(case.model) else ():
                found = run_older(case, version, model)
                if found.state == "fail":
                    failures.append(f"{case.name} at version {version}: {found.why}")
                    continue
                older[found.state] += 1
                versions |= {version} if found.state == "pass" else set()
    kept: dict[str, Any] = {**counts, "versions": sorted(versions), "older": older}
    if ROUNDING in reasons:
        kept["rounding"] = reasons.pop(ROUNDING)
    if reasons:
        kept["reasons"] = dict(sorted(reasons.items()))
    return kept, failures


def everything() -> tuple[dict[str, Any], list[str]]:
    """What came of all tests, as it is kept, and those that fail."""
    import onnx

    kept: dict[str, Any] = {"onnx": onnx.__version__, "node": {}}
    failures = []
    for op_type, cases in node_cases().items():
        kept["node"][op_type], failed = tally(cases)
        failures += failed
    older: dict[str, set[int]] = {}
    runs = [(kind, run_folder_case) for kind in KINDS]
    for kind, run in [*runs, ("real", run_real_case)]:
        found = {case.name: run(case) for case in folder_cases(kind)}
        failures += [f"{name}: {each.why}" for name, each in found.items() if each.state == "fail"]
        kept[kind] = {
            "pass": sum(each.state == "pass" for each in found.values()),
            "skip": {name: each.why for name, each in found.items() if each.state == "skip"},
        }
        for case in folder_cases(kind):
            if kind != "real" and found[case.name].state == "pass":
                for op_type, version in operators(_model(case)):
                    older.setdefault(op_type, set()).add(version)
    kept["versions in models"] = {op_type: sorted(found) for op_type, found in sorted(older.items())}
    return kept, failures


def kept_results() -> dict[str, Any]:
    """What is kept in the tree."""
    return dict(json.loads(KEPT.read_text("utf-8")))


def main() -> None:
    """Run all tests and keep what came of them, unless one fails."""
    kept, failures = everything()
    for line in failures:
        sys.stdout.write(f"{line}\n")
    passed = sum(each["pass"] for each in kept["node"].values())
    skipped = sum(each["skip"] for each in kept["node"].values())
    sys.stdout.write(f"node tests: {passed} pass, {skipped} are skipped; {len(failures)} tests fail\n")
    if failures:
        raise SystemExit(1)
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
