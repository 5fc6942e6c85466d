"""The command line: train, evaluate, predict, look at models, and keep the installation well. See `graphnn --help`."""

from __future__ import annotations

from graphnn.cli import check, convert, draw, frames, lecture, models, tables, train, upkeep
from graphnn.cli.group import main

# In the order in which a newcomer needs them.
for _command in (
    train.train, tables.evaluate, tables.predict, models.summary, check.check, convert.convert, draw.draw,
    frames.frames, lecture.quiz, lecture.wrong_way, lecture.explain, upkeep.warmup, upkeep.doctor,
):  # fmt: skip
    main.add_command(_command)

__all__ = ["check", "convert", "draw", "frames", "lecture", "main", "models", "tables", "train", "upkeep"]
