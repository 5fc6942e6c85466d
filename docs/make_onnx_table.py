"""Write the table of ONNX operators into docs/onnx.md: `python docs/make_onnx_table.py`.

Whether an operator is read stands in the list of readers, whether it is written in what our ops are written as, and
its tests in tests/io/onnx/conformance.json, which `python tests/onnx_conformance.py` renews.
"""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import graphnn as gn
from graphnn.core.errors import GraphnnError
from graphnn.core.registry import OPS
from graphnn.io.onnx.read.readers import import_readers
from graphnn.io.onnx.read.registry import READERS
from graphnn.io.onnx.report import nature_of
from graphnn.io.onnx.write.door import onnx_model

HERE = Path(__file__).resolve().parent
PAGE = HERE / "onnx.md"
KEPT = HERE.parent / "tests" / "io" / "onnx" / "conformance.json"
MARK = "<!-- From here on docs/make_onnx_table.py writes. -->"

KINDS = {
    "simple": "small models",
    "pytorch-converted": "layers of PyTorch",
    "pytorch-operator": "functions of PyTorch",
    "real": "known architectures",
}


def page(prose: str) -> str:
    """The page: its prose up to the mark, then what is known of the tests, and the table."""
    kept = json.loads(KEPT.read_text("utf-8"))
    head = prose.partition(MARK)[0]
    return f"{head}{MARK}\n\n{_counts(kept)}\n\n{_table(kept)}\n"


def _counts(kept: dict[str, Any]) -> str:
    node = kept["node"].values()
    passed, skipped = (sum(each[word] for each in node) for word in ("pass", "skip"))
    plain, left = (sum(each[f"plain {word}"] for each in node) for word in ("pass", "skip"))
    whole = sum(bool(each["plain pass"]) and not each["plain skip"] for each in node)
    rounding = sum(each.get("rounding", 0) for each in node)
    lines = [
        "## The ONNX project's own tests",
        "",
        f"Run through `graphnn.io.onnx.backend` on onnx {kept['onnx']}. None fails.",
        "",
        "| tests | pass | are skipped | fail |",
        "|---|---:|---:|---:|",
        f"| of operators | {passed} | {skipped} | 0 |",
        f"| of these, on float32, float64, int64 and bool only | {plain} | {left} | 0 |",
        *(
            f"| {words} | {kept[kind]['pass']} | {len(kept[kind]['skip'])} | 0 |"
            for kind, words in KINDS.items()
        ),
        "",
        f"{whole} operators pass all of their tests on float32, float64, int64 and bool. A test is skipped where the "
        "importer refuses its model in a sentence, or where the numbers are random draws, which the standard leaves "
        "open; there is no list of tests to leave out.",
    ]
    older = sum(each["older"]["pass"] for each in node)
    lines.append(
        f"Run once more on older versions of their operators, tests pass {older} times, judged by their own numbers or "
        "by those of onnxruntime."
    )
    if rounding:
        lines.append(
            f"{rounding} tests pass only within the rounding of their largest number: what they want is itself a "
            "rounding error of float32, such as 1.9e-07 where 0 is exact."
        )
    return "\n".join(lines)


def _table(kept: dict[str, Any]) -> str:
    rows = [
        "## Operators",
        "",
        "Read: yes; by its parts, where the standard defines the operator by others; or no. Versions are those in "
        "which the standard changed it, in bold where a test passes on that version: one of its own, or one of a later "
        "version whose operands and attributes it takes as well. Written: whether it occurs in what "
        "`gn.io.save_onnx` makes of some op of graphnn. Tests: how many of the operator's own pass, and how many are "
        "skipped.",
        "",
        "| operator | read | versions | written | pass | skip | why not all |",
        "|---|---|---|---|---:|---:|---|",
    ]
    tested = {**kept["node"], **{key: {} for key in _other_domains() if key not in kept["node"]}}
    for key, history in operators().items():
        if "." in key and key not in tested:
            continue
        rows.append(_row(key, history, kept["node"].get(key, {}), kept["versions in models"].get(key, [])))
    return "\n".join(rows)


def _other_domains() -> list[str]:
    return [_key(domain, name) for domain, name in _readers() if domain]


def _row(key: str, history: list[Any], tests: dict[str, Any], older: list[int]) -> str:
    latest = history[-1]
    read, reason = "yes", _reasons(tests)
    if (_plain(latest.domain), latest.name) not in _readers():
        read = "by its parts" if latest.has_function and tests.get("pass") else "no"
        reason = nature_of(latest) if read == "no" else reason
    proved = {*tests.get("versions", []), *older}
    versions = ", ".join(f"**{v}**" if v in proved else str(v) for v in (s.since_version for s in history))
    written = "yes" if key in written_operators() else ""
    name = f"`{key}`" + (" (withdrawn)" if latest.deprecated else "")
    counts = [str(tests[word]) if tests else "" for word in ("pass", "skip")]
    return f"| {name} | {read} | {versions} | {written} | {counts[0]} | {counts[1]} | {reason} |"


def _reasons(tests: dict[str, Any]) -> str:
    """Why tests of an operator are skipped, shortened: element types of one sort stand together."""
    types: list[str] = []
    sentences: list[str] = []
    for reason in tests.get("reasons", {}):
        found = re.search(r"elements of type (\w+)|a cast to (\w+)", reason)
        if found:
            types.append(found[1] or found[2])
        elif "is not read (version" not in reason and not reason.startswith("within"):
            sentences.append(reason.partition(": ")[2] if re.match(r"\w+: ", reason) else reason)
        elif "is not read (version" in reason:
            sentences.append(f"`{reason.partition(':')[0]}` is not read")
    if types:
        sentences.insert(0, f"of {', '.join(dict.fromkeys(types))}")
    return "; ".join(dict.fromkeys(s.replace("|", "\\|").rstrip(".") for s in sentences))


@cache
def _readers() -> dict[tuple[str, str], Any]:
    import_readers()
    return READERS


@cache
def operators() -> dict[str, list[Any]]:
    """Every operator that the standard has, with its versions in order; those of the standard's own domain first."""
    import onnx

    found: dict[tuple[str, str], list[Any]] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        found.setdefault((_plain(schema.domain), schema.name), []).append(schema)
    ordered = sorted(found.items())
    return {_key(*key): sorted(history, key=lambda s: int(s.since_version)) for key, history in ordered}


def _plain(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain


def _key(domain: str, name: str) -> str:
    return f"{domain}.{name}" if domain else name


@cache
def written_operators() -> frozenset[str]:
    """The operators of the standard that occur in what our ops are written as, sample by sample."""
    found: set[str] = set()
    for op in OPS.values():
        if op.role != "op" or not op.__module__.startswith("graphnn."):
            continue
        for sample in op.samples:
            for dtype, form in product((gn.float32, gn.int64, gn.bool_), ("inputs", "knobs", "open")):
                try:
                    leaves = [_leaf(op, k, shape, dtype, form) for k, shape in enumerate(sample.shapes)]
                    model, _ = onnx_model({"y": op.node(*leaves, **sample.attributes)}, draws="inputs")
                except GraphnnError:
                    continue  # not of this dtype, or refused
                graphs = [model.graph.node, *(f.node for f in model.functions)]
                found |= {_key(_plain(n.domain), n.op_type) for nodes in graphs for n in nodes}
    return frozenset(found)


def _leaf(op: Any, k: int, shape: tuple[int, ...], dtype: Any, form: str) -> gn.Node:
    """An operand: an input; or a number, where it is a knob; or an input with open axes."""
    port = op.signature.inputs[0 if op.signature.variadic else k]
    dtype = port.dtype or dtype
    if form == "knobs" and shape == ():
        return gn.constant(1, dtype) if dtype is not gn.float32 else gn.constant(0.3, dtype)
    axes = tuple(f"n{d}" if d > 1 else d for d in shape) if form == "open" else shape
    return gn.input(op.port_name(k), axes, dtype)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"{PAGE}\n")


if __name__ == "__main__":
    main()
