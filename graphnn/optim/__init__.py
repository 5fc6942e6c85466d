"""Optimisers as graphs: from parameters and gradients they build the nodes of the new values; and their schedules."""

from graphnn.optim.adam import Adam, AdamW, Nadam
from graphnn.optim.adaptive import AdaDelta, AdaGrad, RMSProp
from graphnn.optim.optimizer import Optimizer
from graphnn.optim.schedules import Schedule, cosine, exponential, linear, one_cycle, step_decay, warmup
from graphnn.optim.sgd import SGD, Lion, SignSGD

__all__ = [
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSProp",
    "Schedule",
    "SignSGD",
    "cosine",
    "exponential",
    "linear",
    "one_cycle",
    "step_decay",
    "warmup",
]
