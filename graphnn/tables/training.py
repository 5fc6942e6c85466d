"""Train on a table: read it, split it, fit a network, measure it on the rows that were held out, keep it."""

from __future__ import annotations

import functools
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.dtypes import is_float
from graphnn.core.errors import DataError, SettingError
from graphnn.core.files import write_whole
from graphnn.data.columns import Columns
from graphnn.data.dataset import Dataset
from graphnn.data.splits import split3_rows
from graphnn.tables.model import TableModel
from graphnn.tables.network import table_net
from graphnn.tables.settings import TableSettings
from graphnn.train import BestWeights, Callback, Checkpoint, EarlyStopping

MODEL, REPORT, SETTINGS, CHECKPOINT = (
    "model.safetensors",
    "report.json",
    "settings.toml",
    "checkpoint.safetensors",
)

# Rows of the least table that can be split into three parts with something to learn in each.
_FEWEST_ROWS = 10


def train_table(
    path: str | Path,
    target: str | int = -1,
    settings: TableSettings | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    progress: bool = True,
    resume: bool = False,
) -> TableModel:
    """Learn to predict the column `target` of a CSV file from its other columns.

    out : a folder for model.safetensors, report.json and settings.toml; while training it holds checkpoint.safetensors
    progress : whether a bar shows epochs and measures
    resume : go on from the checkpoint in `out`, if there is one; the model has the bits of an uninterrupted run

    Rows are split by `settings.seed` into training, validation and test rows; the scaling, and what stands for a
    missing cell, is learned from the training rows only, the epoch is chosen by the validation rows, and
    `report["held out"]` is of the test rows.

    Raises DataError for a table that cannot be learned from, SettingError for settings. Ctrl-C leaves the checkpoint.
    """
    chosen = TableSettings() if settings is None else settings
    if not isinstance(chosen, TableSettings):
        raise SettingError(f"train_table: settings are a gn.tables.TableSettings, found {settings!r}.")
    if resume and out is None:
        raise SettingError(
            "train_table: resume=True goes on from a checkpoint; say out=, the folder that has it."
        )
    columns, data, places = _read(path, target, chosen)
    names = ("train", "validation", "test")
    parts = [data.take(rows, f"{data.name} {word}") for rows, word in zip(places, names, strict=True)]
    folder = None if out is None else _made_folder(out)
    if folder is not None:  # at once, so that an interrupted run can be gone on with by its own settings
        _write_text(folder / SETTINGS, chosen.as_toml())
    net = table_net(parts[0], chosen)
    trainer = net.trainer
    stopping: Callback = (
        EarlyStopping("validation loss", patience=chosen.patience)
        if chosen.patience
        else BestWeights("validation loss")
    )
    checkpoint = None if folder is None else Checkpoint(folder / CHECKPOINT, seconds=10.0)
    history = trainer.fit(
        parts[0], epochs=chosen.epochs, batch=chosen.batch, seed=chosen.seed, validation=parts[1],
        progress=progress, callbacks=[stopping], checkpoint=checkpoint, resume=resume,
    )  # fmt: skip
    parameters = [p for p in trainer.parameters if is_float(p.dtype)]
    report: dict[str, Any] = {
        "kind": columns.kind,
        "target": columns.target,
        "classes": list(columns.classes),
        "features": list(columns.names),
        "rows": dict(zip(names, map(len, parts), strict=True)),
        "parameters": int(sum(p.value.size for p in parameters)),
        "epochs": len(history),
        "best epoch": stopping.best_epoch,  # type: ignore[attr-defined]
        "stopped": history.stopped,
        "settings": chosen.as_dict(),
    }
    model = TableModel(net.answer, columns, report, history)
    report["validation"], report["held out"] = model.measure(parts[1]), model.measure(parts[2])
    model.report = report
    if folder is not None:
        _write(model, folder)
    return model


def _made_folder(out: str | os.PathLike[str]) -> Path:
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, probe = tempfile.mkstemp(dir=folder)  # before minutes of training
        os.close(handle)
        os.unlink(probe)
    except OSError as error:
        raise DataError(f"the output folder {str(folder)!r} cannot be written: {error.strerror}.") from None
    return folder


def _read(
    path: str | Path, target: str | int, settings: TableSettings
) -> tuple[Columns, Dataset, tuple[np.ndarray, ...]]:
    """The columns, the whole table as data, and the rows of its parts for training, validation and test."""
    learn = functools.partial(
        Columns.learn, path, target=target, drop=settings.drop, missing=settings.missing,
        unseen=settings.unseen,
        kind=None if settings.kind == "auto" else settings.kind,
    )  # fmt: skip
    columns = learn()
    data = columns.read(path)
    name = Path(path).name
    if len(data) < _FEWEST_ROWS:
        raise DataError(
            f"{name}: has {len(data)} row{'s' if len(data) > 1 else ''}; at least {_FEWEST_ROWS} are wanted to train, "
            "validate and test."
        )
    if columns.classes:
        counts = np.bincount(data.y, minlength=len(columns.classes))
        if len(counts) < 2:
            raise DataError(
                f"{name}: column {columns.target!r} holds one class, {columns.classes[0]!r}; two or more are wanted."
            )
    elif (data.y == data.y[0]).all():
        raise DataError(
            f"{name}: column {columns.target!r} holds one number, {data.y[0, 0]:g}; there is nothing to learn."
        )
    places = split3_rows(data, settings.validation, settings.test, seed=settings.seed)
    if settings.missing != "error":  # the parts are known from the targets, which no fill has a part in
        columns = learn(fill_rows=places[0])
        data = columns.read(path)
    return columns, data, places


def _write_text(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be written: {error.strerror}.") from None


def _write(model: TableModel, folder: Path) -> None:
    """The model last: where it is, all is."""
    try:
        _write_text(folder / REPORT, json.dumps(model.report, indent=2) + "\n")
        model.save(folder / MODEL)
        (folder / CHECKPOINT).unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"the output folder {str(folder)!r} cannot be written: {error.strerror}.") from None
