"""Train, be killed at random moments, go on, and compare the end with a training that was left in peace.

Run as a script: `python killed_training.py FOLDER KIND KILLS finish` prints a report as JSON. Children are forked, so
that a start costs nothing and a kill -9 is a real one. With `leave` the last training is left as it is, for another
interpreter to go on with.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import graphnn as gn

EPOCHS = 40


def plain(net, **options):
    """Adam with a schedule, dropout, early stopping."""
    trainer = classifier(net, gn.optim.Adam(0.003, schedule=gn.optim.cosine(500)))
    return trainer, [gn.train.EarlyStopping(patience=50)], {}


def averaged(net):
    """AdamW with averaged weights and clipping; batch normalisation; a plateau callback."""
    trainer = classifier(
        net, gn.optim.AdamW(0.003, average=gn.optim.ema(0.99), clip=gn.optim.clip_global_norm(1.0)), norm=True
    )
    return trainer, [gn.train.Plateau(patience=2)], {"best": "validation accuracy"}


def gathered(net):
    """Momentum over gathered gradients, saved within epochs, too."""
    trainer = classifier(net, gn.optim.SGD(0.05, momentum=0.9), accumulate=3)
    return trainer, [gn.train.BestWeights()], {"seconds": 1e-4, "every": 3}


KINDS = {kind.__name__: kind for kind in (plain, averaged, gathered)}


def classifier(seed: int, optimizer, *, norm: bool = False, accumulate: int = 1) -> gn.Trainer:
    layers = [gn.nn.Dense(24, gn.relu), gn.nn.Dropout(0.2), gn.nn.Dense(10)]
    if norm:
        layers.insert(1, gn.nn.BatchNorm())
    net = gn.nn.Sequential(layers, seed=seed)
    x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
    training, scores = net(x, training=True), net(x)
    return gn.Trainer(
        gn.softmax_cross_entropy(training, y), optimizer, output=scores, accumulate=accumulate,
        evaluation_loss=gn.softmax_cross_entropy(scores, y), metrics={"accuracy": gn.accuracy(scores, y)},
    )  # fmt: skip


class Started(gn.train.Callback):
    """Tells the parent that the steps begin."""

    def __init__(self, pipe: int):
        self.pipe = pipe

    def begin(self, trainer) -> None:
        os.write(self.pipe, b"!")


def train(kind, path: Path, pipe: int) -> gn.Trainer:
    """A training of digits that goes on from the file, if it is there."""
    learn, check = gn.data.split(gn.data.digits(), 0.7, seed=1)
    trainer, callbacks, options = kind(3)
    trainer.fit(
        learn, epochs=EPOCHS, batch=16, seed=5, validation=check, progress=False, callbacks=[Started(pipe), *callbacks],
        checkpoint=gn.train.Checkpoint(path, **options), resume=True,
    )  # fmt: skip
    return trainer


def finished(trainer: gn.Trainer) -> dict[str, str]:
    """All that a training ends with, as texts, but for the seconds that it took."""
    state = trainer.state()
    found = {name: f"{a.dtype} {a.shape} {a.tobytes().hex()}" for name, a in state.arrays.items()}
    rows = [{k: v.hex() for k, v in row.items() if k != "seconds"} for row in trainer.history]
    found["history"] = json.dumps([rows, trainer.history.stopped])
    kept = {k: v for k, v in state.facts.items() if k != "history"}
    found["facts"] = json.dumps(kept)
    return found


def child(kind, path: Path) -> int:
    """Fork a child that trains; its process id, once its steps begin."""
    told, pipe = os.pipe()
    made = os.fork()
    if made:
        os.close(pipe)
        os.read(told, 1)  # or nothing, if it ended before
        os.close(told)
        return made
    failed = 1
    try:
        trainer = train(kind, path, pipe)
        path.with_suffix(".json").write_text(json.dumps(finished(trainer)))
        failed = 0
    finally:
        if failed:
            traceback.print_exc()
        os._exit(failed)


def wait(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def halves(folder: Path) -> set[str]:
    """The unfinished files."""
    return {name for name in os.listdir(folder) if name.endswith(".part")}


def wait_for_a_save(folder: Path, before: set[str], after: float) -> None:
    """Wait until a saving has begun, and a moment longer; not for ever, for the training may have ended."""
    late = time.perf_counter() + 0.2
    while time.perf_counter() < late:
        if halves(folder) - before:
            time.sleep(after)
            return


def look_at(path: Path, report: dict[str, Any]) -> None:
    """Note what the killed training left: a file that is whole, or none yet."""
    if path.exists():
        state = gn.train.read_checkpoint(path).state
        report["epochs"].append(len(state.facts["history"]["rows"]))
        report["within an epoch"] += bool(state.arrays["trainer/cursor"])
        gn.io.load_model(path)


def compare(path: Path, peace: Path) -> list[str]:
    """What differs between two trainings that have ended."""
    found, wanted = (json.loads(p.with_suffix(".json").read_text()) for p in (path, peace))
    different = [name for name in {**wanted, **found} if wanted.get(name) != found.get(name)]
    one, two = (gn.train.read_checkpoint(p).state.arrays for p in (path, peace))
    different += [
        name for name in {**one, **two} if name not in one or one[name].tobytes() != two[name].tobytes()
    ]
    return different + sorted(p.name for p in path.parent.iterdir() if p.name.startswith(f".{path.name}"))


def main(folder: str, which: str, kills: str, end: str) -> None:
    kind, wanted = KINDS[which], int(kills)
    draw = random.Random(f"{which} {end}")
    peace = Path(folder) / f"peace {end}.safetensors"
    process = child(kind, peace)
    began = time.perf_counter()
    assert wait(process) == 0
    whole = time.perf_counter() - began
    report: dict[str, Any] = {"kills": 0, "in a save": 0, "within an epoch": 0, "epochs": [], "different": []}
    training = 0
    while report["kills"] < wanted:
        training += 1
        path, ended = Path(folder) / f"killed {training}.safetensors", False
        while report["kills"] < wanted and not ended:
            before = halves(path.parent)
            process = child(kind, path)
            time.sleep(draw.uniform(0.0, whole / 3))
            if draw.random() < 0.5:
                wait_for_a_save(path.parent, before, draw.uniform(0.0, 0.001))
            os.kill(process, signal.SIGKILL)
            code = wait(process)
            assert code in (0, -signal.SIGKILL)
            ended = code == 0
            if not ended:
                report["kills"] += 1
                report["in a save"] += bool(halves(path.parent) - before)
                look_at(path, report)
        if end == "finish" and not ended:
            assert wait(child(kind, path)) == 0
            ended = True
        if ended:
            report["different"] += compare(path, peace)
    print(json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
