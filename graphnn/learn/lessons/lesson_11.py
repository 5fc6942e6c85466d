"""A network that reads digits: count it, split for it, train it."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

import graphnn as gn
from graphnn.learn.answers import Choice, Number, Property, UnreadableAnswerError
from graphnn.learn.exercise import Exercise, Mistake

_WEIGHTS = 64 * 32 + 32 * 10


@cache
def _labels() -> np.ndarray:
    """The digits of the lesson's test part."""
    return gn.data.split3(gn.data.digits(), 0.2, 0.2, seed=0)[2].y


def _scores(shares: float) -> np.ndarray:
    """Scores of which such a share is right: what a network would give."""
    labels = _labels()
    said = np.where(np.arange(len(labels)) < shares * len(labels), labels, (labels + 1) % 10)
    return np.eye(10)[said]


def _hint_for_scores(answer: Any) -> str | None:
    labels = _labels()
    try:
        found = np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        raise UnreadableAnswerError("The array of scores is asked for: trainer.predict(test.x).") from None
    if found.shape == labels.shape:
        return "That looks like the digits themselves. Give the scores, ten for each image: trainer.predict(test.x)."
    if found.shape != (len(labels), 10):
        return f"The scores of {len(labels)} test images have the shape ({len(labels)}, 10), found {found.shape}."
    if not np.isfinite(found).all():
        return "Some scores are no numbers: the training has blown up. Take a smaller learning rate."
    share = float(np.mean(found.argmax(axis=1) == labels))
    if share < 0.3:
        return f"{share:.0%} are right, about what guessing gives. Was it trained, and are x and y of the same rows?"
    if share < 0.95:
        return (
            f"{share:.1%} are right; 95 % are asked for. More epochs, more units, or another learning rate?"
        )
    return None


EXERCISES = (
    Exercise(
        "11-1",
        "How many parameters has a network 64 -> 32 -> 10 with biases, all together?",
        Number(0),
        _WEIGHTS + 32 + 10,
        (
            Mistake(_WEIGHTS, "Those are the weights. Each unit of both layers has a bias, too."),
            Mistake(64 * 32 + 32, "That is the first layer. The second has 32 · 10 weights and 10 biases."),
            Mistake(
                64 + 32 + 10,
                "Those are the units. Between two layers there is a weight for each pair of units.",
            ),
        ),
        "2080 in the first layer and 330 in the second.",
        "Inputs times units plus biases, for each layer.",
    ),
    Exercise(
        "11-2",
        "You keep the best of ten networks by their test accuracy. As a forecast for new images it is: "
        '"fair", "too high" or "too low"?',
        Choice(("fair", "too high", "too low")),
        "too high",
        (
            Mistake(
                "fair", "If ten pupils guess, the best of them looks clever. What did the choice look at?"
            ),
            Mistake(
                "too low", "Choosing the best on these images favours those that were lucky on these images."
            ),
        ),
        "The choice has used the test images. That is what the validation part is for.",
        "Think of choosing the luckiest of ten dice.",
    ),
    Exercise(
        "11-3",
        "1079 training images, batches of 32: how many steps has an epoch?",
        Number(1e-9),
        math.ceil(1079 / 32),
        (
            Mistake(1079 // 32, "23 images are left over. They make a smaller batch."),
            Mistake(1079 / 32, "Steps are whole numbers: the last, smaller batch is one too."),
            Mistake(1079, "One step for each batch, not for each image."),
        ),
        "33 full batches and one of 23 images.",
        "How often does 32 fit into 1079, and is anything left?",
    ),
    Exercise(
        "11-4",
        "Train a network of your own and answer with its scores for test.x. At least 95 % of the test images must be right.",
        Property(_hint_for_scores),
        _scores(0.97),
        (
            Mistake(_scores(0.9), "95 % are asked for. More epochs, more units, or another learning rate?"),
            Mistake(_scores(0.1), "about what guessing gives."),
            Mistake(_labels(), "That looks like the digits themselves."),
            Mistake(np.full((len(_labels()), 10), np.nan), "the training has blown up."),
        ),
        "Your network reads.",
        "Begin with the network of the lesson.",
    ),
)
