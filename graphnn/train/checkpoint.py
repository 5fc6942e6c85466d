"""Keep a training in a file, so that one that was killed can be gone on with, and ends with the same bits.

A checkpoint is one safetensors file: the arrays of `trainer.state()`, its facts as JSON, and the graphs of the
trainer's output and losses, so that `gn.io.load_model` reads a checkpoint too. It is replaced as a whole: at every
moment the file is the old one or the new one.
"""

from __future__ import annotations

import hashlib
import math
import os
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.core.dims import shape_text
from graphnn.core.errors import DataError, SettingError, did_you_mean
from graphnn.core.graph import Graph
from graphnn.core.node import Node, require_storage
from graphnn.core.settings import positive_number, whole_number
from graphnn.io.container import json_text, json_value, read_own, write_container
from graphnn.io.files import target, told
from graphnn.io.graph_json import graph_text
from graphnn.io.model import CHECKPOINT, READS, model_parts
from graphnn.optim import averaged_graph
from graphnn.train.history import better_of
from graphnn.train.state import State, unpacked

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer

Path_ = str | os.PathLike[str]

# Arrays that the callbacks of a fit remember.
_PASSING = "callbacks/"
# The graph of a trainer's step does not change, and the one of its averages is made once.
_ABOUT: weakref.WeakKeyDictionary[Any, dict[str, Any]] = weakref.WeakKeyDictionary()
_AVERAGED: weakref.WeakKeyDictionary[Any, tuple[Node, Node | None]] = weakref.WeakKeyDictionary()


class Checkpoint:
    """When and where `Trainer.fit` keeps its state: `fit(..., checkpoint=gn.train.Checkpoint("run.safetensors"))`.

    path : the file; its folder exists
    every : epochs between two savings; the end of a fit is saved in any case
    seconds : save within an epoch, too, when the last saving is so many seconds ago
    best : a measure of the history, such as "validation loss": the state of the epoch where it was best is kept
        beside the file, in `best_path` ("run-best.safetensors")
    better : "lower" or "higher"; by default what the metric or the measure's name says: "lower" for losses and errors
    """

    def __init__(
        self,
        path: Path_,
        *,
        every: int = 1,
        seconds: float | None = None,
        best: str | None = None,
        better: str | None = None,
    ):
        self.path = target(path, "Checkpoint")
        self.every = whole_number(every, "Checkpoint: every", 1)
        self.seconds = None if seconds is None else positive_number(seconds, "Checkpoint: seconds")
        if best is not None and (not isinstance(best, str) or not best):
            raise SettingError(f"Checkpoint: best is the name of a measure, found {best!r}.")
        if better not in (None, "lower", "higher"):
            raise SettingError(f"Checkpoint: better is 'lower' or 'higher', found {better!r}.")
        self.best, self.better = best, better
        self._saved_at = time.monotonic()
        self._saved = -1  # epochs of the history when it was saved last
        self._settings: dict[str, Any] = {}

    @classmethod
    def of(cls, value: Any) -> Checkpoint:
        """The checkpoint itself, or one that saves each epoch to the path `value`."""
        return value if isinstance(value, cls) else cls(value)

    @property
    def best_path(self) -> Path:
        """The file of the best epoch."""
        return self.path.with_name(f"{self.path.stem}-best{self.path.suffix}")

    def __repr__(self) -> str:
        return f"<Checkpoint {str(self.path)!r}, every {self.every} epochs>"

    # What `fit` calls

    def begin(
        self, trainer: Trainer, *, resume: bool = False, settings: Mapping[str, Any] | None = None
    ) -> bool:
        """Look whether the file can be written; with `resume`, set the trainer to the state in it, if it is there.

        settings : what the training depends on beside the trainer, such as seed, batch and data; a file in which
            they differ is refused. Tells whether a state was set.
        """
        folder = self.path.absolute().parent
        if not folder.is_dir():
            raise SettingError(f"checkpoint: there is no folder {folder}. Make it first.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise SettingError(f"checkpoint: no permission to write in the folder {folder}.")
        self._settings = dict(settings or {})
        self._saved_at, self._saved = time.monotonic(), -1
        if not resume or not self.path.exists():
            return False
        load_checkpoint(trainer, self.path, settings=self._settings)
        self._saved = len(trainer.history)
        return True

    def epoch(self, trainer: Trainer) -> None:
        """After an epoch: save if it is time to."""
        if self.best is not None and self._is_best(trainer):
            # Before the other file: if it ends between the two, the epoch is made again, and so is this.
            save_checkpoint(trainer, self.best_path, settings=self._settings)
        if len(trainer.history) % self.every == 0:
            self._save(trainer)

    def within(self, trainer: Trainer) -> None:
        """Within an epoch, between steps: save if the last saving is long ago."""
        if self.seconds is not None and time.monotonic() - self._saved_at >= self.seconds:
            self._save(trainer)
            self._saved = -1

    def end(self, trainer: Trainer) -> None:
        """After the last epoch: save if that was not done."""
        if self._saved != len(trainer.history):
            self._save(trainer)

    def _save(self, trainer: Trainer) -> None:
        save_checkpoint(trainer, self.path, settings=self._settings)
        self._saved_at, self._saved = time.monotonic(), len(trainer.history)

    def _is_best(self, trainer: Trainer) -> bool:
        word = str(self.best)
        if word not in trainer.history.names:
            raise SettingError(
                f"checkpoint: best: the history has no measure {word!r}.{did_you_mean(word, trainer.history.names)}"
            )
        sign = 1.0 if self._lower(trainer) else -1.0
        *earlier, last = (sign * float(v) for v in trainer.history[word])
        sound = [v for v in earlier if not math.isnan(v)]
        return not math.isnan(last) and (not sound or last < min(sound))

    def _lower(self, trainer: Trainer) -> bool:
        word = str(self.best)
        told_by_metric = getattr(trainer.metrics.get(word.removeprefix("validation ")), "better", None)
        return better_of(word, self.better or told_by_metric) == "lower"


# Files


@dataclass(frozen=True)
class SavedTraining:
    """What a checkpoint holds beside the model: the state, and what it belongs to.

    about : optimiser and the digest of the step's graph; settings : of the fit, such as batch and seed
    """

    state: State
    about: dict[str, Any]
    settings: dict[str, Any]


def save_checkpoint(trainer: Trainer, path: Path_, *, settings: Mapping[str, Any] | None = None) -> None:
    """Write the state of a trainer, and its model, to one file, replacing it as a whole.

    Raises SettingError for a path that is none, DataError if the file cannot be written; the trainer and an old file
    stay as they are.
    """
    state = trainer.state()
    outputs = _outputs(trainer)
    arrays, texts = model_parts(outputs, state.arrays)
    training = {
        "arrays": sorted(state.arrays),
        "facts": state.facts,
        "about": _about(trainer),
        "settings": dict(settings or {}),
    }
    texts["training"] = json_text(training, "save_checkpoint: training")
    write_container(
        path, {**arrays, **state.arrays}, {**texts, "format": CHECKPOINT, "version": READS[CHECKPOINT]}
    )


def load_checkpoint(trainer: Trainer, path: Path_, *, settings: Mapping[str, Any] | None = None) -> None:
    """Set a trainer, built as the one that was saved, to the state in a file.

    settings : of the fit that is to go on; those that the file has too must agree

    Raises DataError for a file that is absent, damaged or foreign, or that belongs to another model, optimiser or
    data: then nothing has changed.
    """
    saved, name = read_checkpoint(path), Path(path).name
    about, present = saved.about, _about(trainer)
    found = [
        f"{word} is {told(present[word])} here, {told(about.get(word))} in the file"
        for word in ("optimizer", "parameters")
        if about.get(word) != present[word]
    ]
    found += [
        f"{word} is {told(value)} here, {told(saved.settings[word])} in the file"
        for word, value in (settings or {}).items()
        if word in saved.settings and saved.settings[word] != value
    ]
    found += _array_differences(trainer.state().arrays, saved.state.arrays)
    if not found and about.get("step") != present["step"]:
        found.append("the graph of the step is another one, as with another activation, schedule or loss")
    if found:
        raise DataError(
            f"{name} belongs to another training: {'; '.join(found)}. Build the trainer as it was, or "
            "begin anew with another file; gn.io.load_weights(..., partial=True) takes over parameters alone."
        )
    trainer.set_state(saved.state)


def read_checkpoint(path: Path_) -> SavedTraining:
    """The state in a checkpoint, without a trainer. Raises DataError for a file that holds none."""
    arrays, texts = read_own(path, {CHECKPOINT: READS[CHECKPOINT]})
    name = Path(path).name
    training = json_value(texts.get("training", "null"), f"{name}: training")
    parts = training if isinstance(training, dict) else {}
    for word, kind in (("arrays", list), ("facts", dict), ("about", dict), ("settings", dict)):
        if not isinstance(parts.get(word), kind):
            raise DataError(
                f"{name}: training: wanted a {kind.__name__} called {word!r}, found {told(parts.get(word))}."
            )
    for key in parts["arrays"]:
        if not isinstance(key, str) or key not in arrays:
            raise DataError(f"{name}: training: there is no array {told(key)}.")
    state = State({key: arrays[key].copy() for key in parts["arrays"]}, parts["facts"])
    _check_memories(state, name)
    return SavedTraining(state, parts["about"], parts["settings"])


def _check_memories(state: State, who: str) -> None:
    """What callbacks remember is put together from arrays and facts: see that it can be, before anything is set."""
    memories = state.facts.get("callbacks")
    for place, found in enumerate(memories if isinstance(memories, list) else ()):
        try:
            kind, memory = found["kind"], unpacked(found["state"], state.arrays)
        except (AttributeError, DataError, KeyError, TypeError):
            kind, memory = None, None
        if not isinstance(kind, str) or not isinstance(memory, Mapping):
            raise DataError(
                f"{who}: training: what callback {place} remembered cannot be read: {told(found)}."
            )


def _outputs(trainer: Trainer) -> dict[str, Node]:
    """What a reader of the model may want."""
    outputs = {} if trainer.output is None else {"output": trainer.output}
    outputs["loss"] = trainer.loss
    if trainer.evaluation_loss is not trainer.loss:
        outputs["evaluation loss"] = trainer.evaluation_loss
    averaged = _averaged_output(trainer)
    if averaged is not None:
        outputs["averaged output"] = averaged
    return outputs


def _averaged_output(trainer: Trainer) -> Node | None:
    """The output from averaged weights, where the optimiser keeps such."""
    output = trainer.output
    if output is None or not getattr(trainer.optimizer, "averaged", None):
        return None
    if trainer not in _AVERAGED or _AVERAGED[trainer][0] is not output:
        uses = any(w in trainer.optimizer.averaged for w in Graph(output).parameters)
        _AVERAGED[trainer] = (output, averaged_graph(output, trainer.optimizer) if uses else None)
    return _AVERAGED[trainer][1]


def _about(trainer: Trainer) -> dict[str, Any]:
    """What tells one training from another: optimiser, number of parameters, and the graph of the step."""
    if trainer not in _ABOUT:
        graph = Graph([trainer.loss, *trainer.updates.values()])
        text = graph_text(graph, lambda leaf: _value_digest(leaf) if leaf.role == "constant" else None)
        _ABOUT[trainer] = {
            "optimizer": type(trainer.optimizer).__name__,
            "parameters": len(trainer.parameters),
            "step": _short_digest(text.encode("ascii")),
        }
    return _ABOUT[trainer]


def _value_digest(leaf: Node) -> str:
    return _short_digest(require_storage(leaf, "checkpoint").array.tobytes())


def _short_digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _array_differences(here: Mapping[str, np.ndarray], there: Mapping[str, np.ndarray]) -> list[str]:
    """Arrays that differ in shape, dtype or name; those of callbacks are `set_state`'s matter."""
    one, two = ([n for n in arrays if not n.startswith(_PASSING)] for arrays in (here, there))
    kinds = {
        n: tuple(f"{a[n].dtype} {shape_text(a[n].shape)}" for a in (here, there)) for n in one if n in there
    }
    other = [f"{n!r} is {a} here, {b} in the file" for n, (a, b) in kinds.items() if a != b]
    found = [*other[:2], f"{len(other) - 2} arrays more have other shapes"] if len(other) > 2 else other
    for words, names in (
        ("not in the file", [n for n in one if n not in there]),
        ("only in the file", [n for n in two if n not in here]),
    ):
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            found.append(
                f"{', '.join(map(repr, names[:3]))}{more} {'is' if len(names) == 1 else 'are'} {words}"
            )
    return found


__all__ = [
    "Checkpoint",
    "SavedTraining",
    "load_checkpoint",
    "read_checkpoint",
    "save_checkpoint",
]
