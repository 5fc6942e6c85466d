"""The epochs of one `fit`: steps, measures, callbacks, checkpoints, and an end that leaves everything usable."""

from __future__ import annotations

import contextlib
import math
import numbers
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.core.errors import DataError, FaultError, GraphnnError, NotFiniteError, SettingError
from graphnn.engine.program import Program
from graphnn.train.bar import Bar
from graphnn.train.call import number
from graphnn.train.callback import Callback
from graphnn.train.checkpoint import Checkpoint, save_checkpoint
from graphnn.train.epoch import Epochs
from graphnn.train.evaluation import CHUNK, Evaluation
from graphnn.train.history import History
from graphnn.train.identity import Identity
from graphnn.train.rows import Rows
from graphnn.train.state import State, unpacked

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer

# How a callback that is given another's memory, or a damaged one, fails.
_UNFIT = (AttributeError, LookupError, TypeError, ValueError, GraphnnError)

ALL, INTERRUPTED, NOT_FINITE = "all epochs were run", "interrupted", "not finite"


@dataclass(frozen=True)
class Plan:
    """The checked settings of a `fit`."""

    epochs: int
    batch: int
    shuffle: bool
    seed: int
    progress: bool
    resume: bool


def fit_epochs(
    trainer: Trainer, plan: Plan, arrays: Rows, axis: str, measuring: Evaluation | None,
    callbacks: Sequence[Callback], checkpoint: Any,
) -> History:  # fmt: skip
    """Run the epochs of a plan that are left; the trainer's history."""
    file = None if checkpoint is None else Checkpoint.of(checkpoint)
    runner = trainer.epochs_for(arrays, axis, shuffle=plan.shuffle, seed=plan.seed)
    batch = min(plan.batch, runner.rows)
    settings = {
        "batch": batch,
        "shuffle": int(plan.shuffle),
        "seed": plan.seed,
        "accumulate": trainer.accumulate,
    }
    mine = Identity(settings, runner.rows, len(trainer.history), arrays)
    before = trainer.snapshot() if plan.resume else None
    memories = _take_up(trainer, mine, callbacks, file, before, plan.epochs)
    if memories is None:
        trainer.begin_anew(mine)
    identity = trainer.identity or mine
    trainer.callbacks, trainer.remembered = tuple(callbacks), None
    history = trainer.history
    history.stopped = None
    begun: list[Callback] = []
    try:
        for callback in callbacks:
            begun.append(callback)
            callback.begin(trainer)
        if memories is not None and before is not None:
            _remind(trainer, begun, memories, before)
        _run(trainer, runner, batch, identity, plan, measuring, file)
        history.stopped = trainer.stop_reason or ALL
    except KeyboardInterrupt:
        history.stopped = INTERRUPTED
        raise
    except NotFiniteError:
        history.stopped = NOT_FINITE
        raise
    except BaseException as error:
        history.stopped = f"{type(error).__name__}"
        raise
    finally:
        for callback in begun:
            callback.end(trainer)
    return history


def _run(
    trainer: Trainer, runner: Epochs, batch: int, identity: Identity, plan: Plan, measuring: Evaluation | None,
    file: Checkpoint | None
) -> None:  # fmt: skip
    history, position = trainer.history, trainer.position
    steps, goal = runner.steps(batch), identity.begun + plan.epochs
    done = steps * (plan.epochs - goal + len(history)) + number(position.cursor) // batch
    with Bar(steps * plan.epochs, done, show=plan.progress) as bar:

        def tell(count: int) -> None:
            bar.steps(count)
            if file is not None:
                file.within(trainer)

        while len(history) < goal and trainer.stop_reason is None:
            bar.begin(len(history) + 1)
            began = time.perf_counter()
            runner.draw()
            try:
                means = runner.run(batch, tell)
            except (FaultError, NotFiniteError) as error:
                raise type(error)(_with_step(error, trainer, runner, batch)) from error
            except KeyboardInterrupt:
                if file is not None:  # nothing of the epoch is lost
                    save_checkpoint(trainer, file.path, settings=identity.described())
                raise
            row = {**means, "seconds": time.perf_counter() - began}
            if not all(map(math.isfinite, means.values())):
                raise NotFiniteError(_not_finite(trainer, means, runner, batch))
            if measuring is not None:
                row.update(_numbers(measuring.run(), "validation "))
            row = history.add(row)
            position.next_epoch()
            for callback in trainer.callbacks:
                callback.epoch(trainer, row)
                _check_row(callback, row)
                # A callback that tried something, and put the trainer back, has put a copy of the row there.
                history.amend(row)
            bar.measured(row)
            if file is not None:
                file.epoch(trainer)
    if file is not None:
        file.end(trainer)


def _take_up(
    trainer: Trainer, mine: Identity, callbacks: Sequence[Callback], file: Checkpoint | None,
    before: State | None, epochs: int,
) -> list[dict[str, Any]] | None:  # fmt: skip
    """Put the state to go on from in place; the memories of the callbacks. None if there is nothing to go on from.

    before : the trainer's state, if what there is, is to be gone on with; it stays where that does not fit
    """
    absent = file is not None and not file.begin(
        trainer, resume=before is not None, settings=mine.described()
    )
    if before is None or trainer.identity is None:
        return None
    if absent and not _unfinished(trainer, mine, trainer.identity, epochs):
        return None
    try:
        mine.require_same(trainer.identity)
        return _memories(trainer, callbacks)
    except GraphnnError:
        trainer.set_state(before)
        raise


def _unfinished(trainer: Trainer, mine: Identity, known: Identity, epochs: int) -> bool:
    """Whether the trainer's last fit was of these data and settings, and has epochs left."""
    if trainer.stop_reason is not None or len(trainer.history) >= known.begun + epochs:
        return False
    try:
        mine.require_same(known)
    except GraphnnError:
        return False
    return True


def _remind(
    trainer: Trainer, begun: list[Callback], memories: Sequence[Mapping[str, Any]], before: State
) -> None:  # fmt: skip
    """Give the callbacks their memories. Where one cannot take its own, all ends and the trainer is as it was."""
    for callback, memory in zip(begun, memories, strict=True):
        try:
            callback.set_state(memory)
        except _UNFIT as error:
            # What has half a memory may put back half of a model; the state is set after that.
            for other in begun:
                with contextlib.suppress(*_UNFIT):
                    other.end(trainer)
            begun.clear()
            trainer.set_state(before)
            what = f"no {error}" if type(error) is KeyError else str(error)
            raise DataError(
                f"fit: the callback {type(callback).__name__} cannot take up what it remembered: {what}. Fit without "
                "resume=True, or go on from another checkpoint; the trainer is as it was."
            ) from error


def _memories(trainer: Trainer, callbacks: Sequence[Callback]) -> list[dict[str, Any]]:
    state = trainer.remembered if trainer.remembered is not None else trainer.state()
    kinds = [type(c).__name__ for c in callbacks]
    known = [str(c.get("kind")) for c in state.facts["callbacks"]]
    if kinds != known:
        raise DataError(
            f"fit: what is gone on with had the callbacks {', '.join(known) or 'none'}, found "
            f"{', '.join(kinds) or 'none'}. Give the same, in the same order, or fit without resume=True."
        )
    return [unpacked(c["state"], state.arrays) for c in state.facts["callbacks"]]


def _numbers(measures: Mapping[str, Any], prefix: str) -> dict[str, float]:
    """The measures that a history holds: those that are one number."""
    return {f"{prefix}{k}": float(v) for k, v in measures.items() if type(v) is not np.ndarray}


def _check_row(callback: Callback, row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        if not isinstance(name, str) or not isinstance(value, numbers.Real):
            raise SettingError(
                f"fit: after the callback {type(callback).__name__} the row of measures holds {name!r}: {value!r}; "
                "a measure is one number, called by a text."
            )


def _with_step(error: Exception, trainer: Trainer, runner: Epochs, batch: int) -> str:
    """An error of a node, with the step of the epoch in place of that of the compiled call."""
    at = number(trainer.position.cursor) // batch + 1
    words = re.sub(r" in step \d+(?=:)", "", str(error), count=1)
    return f"fit: epoch {len(trainer.history) + 1}, step {at} of {runner.steps(batch)}: {words}"


def _not_finite(trainer: Trainer, means: Mapping[str, float], runner: Epochs, batch: int) -> str:
    """What can be said of a loss that is not finite: when, where, and which parameters are affected."""
    position = trainer.position
    which, value = next((k, v) for k, v in means.items() if not math.isfinite(v))
    first = number(position.sound) // batch + 1
    text = (
        f"fit: the mean {which} of epoch {len(trainer.history) + 1} is {value}; "
        f"the sum first was so in step {first} of {runner.steps(batch)}."
    )
    probe = Program(trainer.loss, optimize=False, watch=True)
    needed = frozenset(probe.inputs)  # in a tuple, == would make nodes
    try:
        probe.run({n: a[:CHUNK] for n, a in runner.data.items() if n in needed})
    except NotFiniteError as error:
        text += f" The first bad node now: {error}"
    bad = [p.label for p in trainer.parameters if not np.isfinite(p.value).all()]
    if bad:
        text += f" Parameters that are no longer finite: {', '.join(bad[:6])}."
    return text + " A smaller learning rate or scaled data often helps; watch=True stops at the very step."


__all__ = ["ALL", "INTERRUPTED", "NOT_FINITE", "Plan", "fit_epochs"]
