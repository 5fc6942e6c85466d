"""Ask what is wrong with a training, and get findings in words with the numbers behind them.

>>> import graphnn as gn
>>> x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
>>> logits = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)], seed=1)(x)
>>> trainer = gn.Trainer(gn.softmax_cross_entropy(logits, y), gn.optim.Adam(0.01), output=logits)
>>> print(str(gn.train.debug(trainer, gn.data.digits())).splitlines()[0])
Nothing wrong was found.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from graphnn.core.errors import GraphError
from graphnn.core.settings import seed_number, whole_number
from graphnn.train.diagnosis.data_checks import check_features, check_targets, classes_of, start_loss
from graphnn.train.diagnosis.flow import Probe, judged
from graphnn.train.diagnosis.learning_checks import (
    ROWS,
    check_few_rows,
    check_rate,
    check_targets_belong,
    overfitting,
)
from graphnn.train.diagnosis.model_checks import Activity, Slopes, check_finite
from graphnn.train.diagnosis.report import Finding, Report
from graphnn.train.diagnosis.stages import Anatomy, anatomy
from graphnn.train.diagnosis.trial import Measured, Trial, sample
from graphnn.train.rows import Data, Rows, matched_rows

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer


def debug(
    trainer: Trainer, data: Data, *, validation: Data | None = None, batch: int = 64, steps: int = 200,
    seed: int = 0,
) -> Report:  # fmt: skip
    """Examine data, model and training; the trainer stays as it was.

    data : the training rows, as for `fit`
    validation : rows to look for overfitting, once the trainer has been trained
    batch, steps : of the trainings that are tried; they draw their rows by `seed`

    It looks for: "data out of range", "not finite", "data not scaled", "constant features", "targets not scaled",
    "class imbalance", "loss at start" (far from ln(classes)), "dead units", "saturated units", "vanishing gradients",
    "exploding gradients" (or activations), "no gradient", "loss does not fall", "learning rate too high" (or low),
    "optimizer does not learn", "labels shifted", "labels unrelated" and "overfitting". What was not found is not
    proved to be absent. Raises FeedError or ShapeError for data that does not fit.
    """
    batch, steps = whole_number(batch, "debug: batch", 1), whole_number(steps, "debug: steps", 20)
    seed = seed_number(seed, "debug")
    arrays, axis = matched_rows(data, [trainer.loss, trainer.evaluation_loss], "debug")
    body = anatomy(trainer.loss, trainer.output)
    if not body.stages:
        raise GraphError("debug: the loss has no layer in which data meets parameters.")
    classes = classes_of(trainer.loss, body)
    findings, remarks = check_features(body, arrays)
    more, words = check_targets(body, arrays, classes)
    findings, remarks = findings + more, remarks + words
    few = sample(arrays, ROWS, seed)
    with trainer.kept():
        broken = check_finite(trainer, few)
    if broken:
        remarks.append("the training was not tried, because its first step fails.")
        return Report((*broken, *findings), tuple(remarks))
    with trainer.kept():
        fresh = len(trainer.history) == 0
        if classes is not None and fresh:
            findings += start_loss(Measured(trainer.evaluation_loss, few)(), classes)
        inside, curves = _at_work(trainer, body, few, axis, batch, steps, seed)
        found, learns, own_learns = check_few_rows(trainer, arrays, axis, seed)
        findings = found + findings + inside
        unscaled = any(f.kind.endswith("not scaled") for f in findings)
        nothing: float | None = None
        if learns:
            rates, _, more_curves = check_rate(
                trainer, arrays, axis, batch=batch, steps=steps, seed=seed, own_learns=own_learns
            )
            findings += rates
            curves |= more_curves
            related, nothing = check_targets_belong(
                trainer, arrays, axis, body, batch=batch, steps=steps, seed=seed
            )
            if not related or (fresh and not unscaled):
                findings += related
            else:
                remarks.append(
                    "whether the targets belong to the inputs was not examined: it shows in an untrained model "
                    "with scaled data."
                )
        else:
            remarks.append("learning rate and targets were not examined, because the loss does not fall.")
        if validation is not None and not fresh:
            if classes is not None:
                nothing = min(math.log(classes), math.inf if nothing is None else nothing)
            unseen, _ = matched_rows(validation, [trainer.evaluation_loss], "debug: validation")
            train, other = (
                Measured(trainer.evaluation_loss, rows)() for rows in (few, sample(unseen, ROWS, seed))
            )
            findings += overfitting(train, other, nothing, len(trainer.history))
        elif validation is not None:
            remarks.append("overfitting shows after a training only; call fit first.")
    return Report(tuple(findings), tuple(remarks), curves)


def _at_work(
    trainer: Trainer, body: Anatomy, arrays: Rows, axis: str, batch: int, steps: int, seed: int
) -> tuple[list[Finding], dict[str, np.ndarray]]:
    """What shows inside of the model now, and after some steps of its own training.

    Gradients that are 0 now only, as before a last layer that starts at 0, are no fault.
    """
    activity, slopes = Activity(body), Slopes(trainer)
    probe = Probe(trainer.loss, body.stages)
    found = activity.findings(arrays, "now")
    slopes.look(arrays)
    columns = probe.run(arrays)
    flow = judged(probe.names, columns)
    with trainer.kept():
        losses = Trial(trainer.loss, trainer.updates, arrays, axis, steps=steps, batch=batch, seed=seed).run()
        if np.isfinite(losses).all() and all(np.isfinite(p.value).all() for p in trainer.parameters):
            slopes.look(arrays)
            later = probe.run(arrays)
            if not columns["gradient std"].all():
                flow = judged(probe.names, later)
            if not found:
                found = activity.findings(arrays, f"after {steps} steps")
    curves = {f"{name} per layer": column for name, column in columns.items()}
    return found + flow + slopes.findings(arrays), curves


__all__ = ["debug"]
