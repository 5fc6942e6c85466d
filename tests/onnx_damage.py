"""Read many damaged ONNX files in a process of few means: `python onnx_damage.py FIRST COUNT`.

Prints one line of JSON: how many files were read and refused, how long the slowest took, how much memory was in use at
most, and every file that ended in anything but a GraphnnError.
"""

from __future__ import annotations

import collections
import faulthandler
import json
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np

import graphnn as gn
from graphnn.core.dims import Dim, evaluate
from graphnn.core.errors import FaultError, GraphnnError
from graphnn.core.graph import Graph
from graphnn.io.loaded import Model
from graphnn.io.onnx import Limits, load_onnx
from onnx_models import BASES
from onnx_mutations import mutated

LIMITS = Limits(
    file_bytes=2**20, data_bytes=2**24, nodes=5000, depth=16, elements=2**24, folded=2**16
)  # what is read of these files takes far less than the room below
ROOM = 2**28
SECONDS, HANG = 2.0, 20.0
EVALUATED = 20_000


def main(first: int, count: int, folder: Path) -> dict[str, Any]:
    """The record of the files with these seeds."""
    path = folder / "model.onnx"
    (folder / "x").write_bytes(bytes(64))
    bases = [*(make().SerializeToString() for make in BASES.values()), *exported(folder)]
    for base in bases:  # what loads code and tables does so before memory is measured
        evaluate_model(load_onnx(base, limits=LIMITS))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    soft = _address_space() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (soft, soft))
    faulthandler.register(signal.SIGVTALRM, chain=True)  # tells where it hangs, then ends the process
    found: collections.Counter[str] = collections.Counter()
    bad: list[dict[str, Any]] = []
    slowest = 0.0
    for seed in range(first, first + count):
        way, content = mutated(seed, bases)
        signal.setitimer(signal.ITIMER_VIRTUAL, HANG)
        start = time.process_time()
        try:
            path.write_bytes(content)
            model = load_onnx(path, limits=LIMITS)
        except GraphnnError as error:
            found["refused"] += 1
            outcome = str(error)
            cause = error.__cause__
            if cause is not None and not isinstance(cause, GraphnnError):  # no sentence of its own
                bad.append(_told(seed, way, cause))
        except Exception as error:  # noqa: BLE001 - every other kind is what is looked for
            bad.append(_told(seed, way, error))
            continue
        else:
            found["read"] += 1
            try:
                found["evaluated"] += evaluate_model(model)
            except Exception as error:  # noqa: BLE001
                bad.append(_told(seed, f"{way}, evaluated", error))
                continue
            outcome = ""
        took = time.process_time() - start
        if len(outcome) > 3000:
            bad.append({"seed": seed, "way": way, "error": f"a message of {len(outcome)} letters", "at": ""})
        if took > SECONDS:
            bad.append({"seed": seed, "way": way, "error": f"took {took:.1f} s", "at": ""})
        slowest = max(slowest, took)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    return {**found, "grown": grown, "slowest": slowest, "bad": bad}


def exported(folder: Path) -> list[bytes]:
    """Files as `save_onnx` writes them."""
    x, picture = gn.input("x", ("batch", 5, 4)), gn.input("x", ("batch", 1, 6, 6))
    nets = [
        gn.nn.LSTM(2, seed=1)(x),
        gn.nn.TransformerBlock(2, seed=2)(x),
        gn.nn.Sequential(
            [
                gn.nn.Conv2d(2, 3, gn.relu, seed=3), gn.nn.BatchNorm(), gn.nn.MaxPool2d(2), gn.nn.Flatten(),
                gn.nn.Dense(3, gn.softmax, seed=4),
            ]
        )(picture),
    ]  # fmt: skip
    found = []
    for net in nets:
        gn.io.save_onnx(net, folder / "export.onnx")
        found.append((folder / "export.onnx").read_bytes())
    return found


def evaluate_model(model: Model) -> int:
    """Compute the outputs once by the NumPy meanings, if they are small; 1 if that was done."""
    graph = model.graph
    names = sorted({n for node in graph.inputs for d in node.shape if isinstance(d, Dim) for n in d.names()})
    binding = {name: 2 + k % 2 for k, name in enumerate(names)}
    try:
        sizes = [float(np.prod([float(d) for d in evaluate(node.shape, binding)])) for node in graph.nodes]
        if max(sizes) > EVALUATED or len(sizes) > 400:
            return 0
        rng = np.random.default_rng(0)
        feeds = {}
        for node in graph.inputs:
            shape = evaluate(node.shape, binding)
            feeds[node] = rng.integers(0, 2, shape).astype(node.dtype)
        if gn.cost(graph).operations and len(sizes) > 400:
            return 0
        gn.interpret(Graph(graph.outputs), feeds)
    except (FaultError, GraphnnError):
        return 0
    return 1


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _told(seed: int, way: str, error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno}" for f in frames[-4:]]
    text = f"{type(error).__name__}: {error}"
    return {"seed": seed, "way": way, "error": text[:300], "at": " ".join(places)}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), Path(place))))
