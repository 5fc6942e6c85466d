"""Look at the rows themselves: scales, constant features, how often each label occurs."""

from __future__ import annotations

import math

import numpy as np

from graphnn.core.dtypes import int64, is_float
from graphnn.core.graph import Graph
from graphnn.core.node import Node
from graphnn.train.diagnosis.report import Finding
from graphnn.train.diagnosis.stages import Anatomy
from graphnn.train.rows import Rows

# Ranges of features that differ by more, and numbers that are larger, are told.
APART = 100.0
# A feature whose middle lies that many of its ranges from 0 hardly varies as the model sees it.
AWAY = 10.0
# Targets of a regression beyond this size ask much of the last layer.
LARGE_TARGET = 100.0
# The commonest class may have this share, and the rarest this part of the commonest.
COMMON, RARE = 0.9, 0.05
# So many constant features, as a share, are told even where they are 0, as pixels at an edge are.
CONSTANT = 0.5

_SCALE = "scale the features with gn.data.Scaling, learned from the training rows"


def check_features(body: Anatomy, arrays: Rows) -> tuple[list[Finding], list[str]]:
    """Findings and remarks on what the model sees."""
    found: list[Finding] = []
    remarks: list[str] = []
    for node in body.features:
        if is_float(node.dtype) and node in arrays:
            columns = arrays[node].reshape(len(arrays[node]), -1).astype(np.float64)
            found += _scales(str(node.name), columns)
            constant, remark = _constants(str(node.name), columns)
            found += constant
            remarks += remark
    return found, remarks


def _scales(name: str, columns: np.ndarray) -> list[Finding]:
    low, high = columns.min(0), columns.max(0)
    width = high - low
    moving = np.flatnonzero(width > 0)
    if not len(moving):
        return []
    wide, narrow = moving[np.argmax(width[moving])], moving[np.argmin(width[moving])]
    middle = np.abs(high + low) / 2.0
    off = moving[np.argmax(middle[moving] / width[moving])]
    largest = float(np.maximum(np.abs(low), np.abs(high)).max())
    evidence = {
        "widest range": width[wide], "narrowest range": width[narrow], "largest number": largest,
        "rows": len(columns),
    }  # fmt: skip
    if width[wide] > APART * width[narrow]:
        words = (
            f"feature {wide} ranges over {width[wide]:.3g} but feature {narrow} over {width[narrow]:.3g}, "
            f"{width[wide] / width[narrow]:.3g} times less"
        )
        place = f"{name}, features {wide} and {narrow}"
    elif largest > APART:
        words, place = f"its numbers go up to {largest:.3g}", name
    elif middle[off] > AWAY * width[off]:
        words = f"feature {off} lies around {(high + low)[off] / 2:.3g} but ranges over {width[off]:.3g} only"
        place = f"{name}, feature {off}"
        evidence |= {"middle": middle[off], "range": width[off]}
    else:
        return []
    return [Finding("data not scaled", place, words, f"{_SCALE}.", evidence)]


def _constants(name: str, columns: np.ndarray) -> tuple[list[Finding], list[str]]:
    if len(columns) < 2:
        return [], [f"{name} has one row only, so nothing can be said about its features."]
    constant = np.flatnonzero(columns.min(0) == columns.max(0))
    if not len(constant):
        return [], []
    count, features = len(constant), columns.shape[1]
    listed = ", ".join(map(str, constant[:8])) + (", ..." if count > 8 else "")
    filled = constant[columns[0, constant] != 0.0]
    if len(filled) or count > CONSTANT * features:
        place = filled[0] if len(filled) else constant[0]
        return [
            Finding(
                "constant features",
                f"{name}, features {listed}",
                f"{count} of {features} features are the same in all rows, so they tell nothing",
                "leave them out, or look at how the data was read.",
                {"constant features": count, "features": features, "value of the first": columns[0, place]},
            )
        ], []
    return [], [f"{count} of {features} features of {name} are 0 in all rows: {listed}."]


def check_targets(body: Anatomy, arrays: Rows, classes: int | None) -> tuple[list[Finding], list[str]]:
    """Findings and remarks on what the model is to predict; `classes` is None for a regression."""
    found: list[Finding] = []
    remarks: list[str] = []
    for node in body.targets:
        values = arrays.get(node)
        if values is None:
            continue
        if node.dtype is int64 and classes is not None:
            more, words = _shares(str(node.name), values, classes)
            found += more
            remarks += words
        elif is_float(node.dtype) and classes is None:
            found += _large_targets(str(node.name), values.astype(np.float64))
        elif is_float(node.dtype) and classes == 2 and np.isin(values, (0.0, 1.0)).all():
            found += _shares(str(node.name), values.astype(np.int64), 2)[0]
    return found, remarks


def _shares(name: str, labels: np.ndarray, classes: int) -> tuple[list[Finding], list[str]]:
    inside = labels[
        (labels >= 0) & (labels < classes)
    ]  # what is outside is told by the run, or ignored by the loss
    counts = np.bincount(inside.reshape(-1), minlength=classes)
    total = int(counts.sum())
    present = np.flatnonzero(counts)
    if not total:
        return [], [f"no label of {name} is a class from 0 to {classes - 1}."]
    absent = [str(c) for c in range(classes) if counts[c] == 0]
    remarks = (
        [f"classes {', '.join(absent[:8])} never occur in {name}."] if absent and len(present) > 1 else []
    )
    common, rare = int(np.argmax(counts)), int(present[np.argmin(counts[present])])
    evidence = {
        "share of the commonest": counts[common] / total,
        "rows of the rarest": counts[rare],
        "rows": total,
    }
    advice = (
        "judge by gn.metrics.balanced_accuracy, f1 or auc rather than by accuracy, and weigh the classes in the loss "
        "(weight=...) or collect more rows of the rare ones."
    )
    if len(present) == 1:
        words = f"all labels are {common}, so there is nothing to tell apart"
        return [
            Finding("class imbalance", name, words, "look at how the labels were read.", evidence)
        ], remarks
    if counts[common] >= COMMON * total or counts[rare] <= RARE * counts[common]:
        words = f"class {common} has {counts[common]} of {total} labels, class {rare} has {counts[rare]}"
        return [Finding("class imbalance", name, words, advice, evidence)], remarks
    return [], remarks


def _large_targets(name: str, values: np.ndarray) -> list[Finding]:
    mean, std = float(values.mean()), float(values.std())
    if max(abs(mean), std) <= LARGE_TARGET:
        return []
    return [
        Finding(
            "targets not scaled",
            name,
            f"the targets lie around {mean:.4g} with a spread of {std:.4g}",
            "subtract their mean and divide by their spread, and undo it on predictions.",
            {"mean": mean, "std": std, "rows": len(values)},
        )
    ]


_OF_CLASSES = ("softmax_cross_entropy", "softmax_cross_entropy_soft")
_OF_TWO = ("binary_cross_entropy_with_logits", "binary_cross_entropy")
_OF_LOGARITHMS = ("nll_loss", "categorical_cross_entropy")


def classes_of(loss: Node, body: Anatomy) -> int | None:
    """Among how many classes a cross-entropy chooses; None for other losses."""
    last = body.stages[-1].output if body.stages else None
    for node in Graph(loss).nodes:
        if node.op.name in _OF_CLASSES and isinstance(node.operands[0].shape[-1], int):
            return int(node.operands[0].shape[-1])
        words = {node.op.name, *node.scope.split("/")}
        if words & frozenset(_OF_TWO):
            return 2
        if words & frozenset(_OF_LOGARITHMS) and last is not None and isinstance(last.shape[-1], int):
            return int(last.shape[-1])
    return None


def start_loss(loss: float, classes: int) -> list[Finding]:
    """A classifier that knows nothing gives each class 1/classes, so its loss is ln(classes)."""
    wanted = math.log(classes)
    evidence = {"loss at the start": loss, "ln(classes)": wanted, "classes": classes}
    if loss > 2.0 * wanted + 1.0:
        return [Finding(
            "loss at start", "loss",
            f"before any step it is {loss:.4g}, but guessing evenly among {classes} classes gives {wanted:.4g}: the "
            "model starts sure of wrong answers",
            "start the last layer with smaller weights, or scale the data.", evidence,
        )]  # fmt: skip
    if loss < 0.5 * wanted:
        return [Finding(
            "loss at start", "loss",
            f"before any step it is {loss:.4g}, but guessing evenly among {classes} classes gives {wanted:.4g}: an "
            "untrained model cannot know so much",
            "look whether labels reach the inputs, whether the parameters are trained already, or the loss is divided "
            "by too much.", evidence,
        )]  # fmt: skip
    return []


__all__ = ["check_features", "check_targets", "classes_of", "start_loss"]
