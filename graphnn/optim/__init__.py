"""Optimisers as graphs: from parameters and gradients they build the nodes of the new values; and their schedules."""

from graphnn.optim.adam import Adam, AdamW, Nadam
from graphnn.optim.adaptive import AdaDelta, AdaGrad, RMSProp
from graphnn.optim.averaging import averaged_graph, ema, swa, use_averages
from graphnn.optim.clipping import clip_global_norm, clip_norm, clip_value
from graphnn.optim.conjugate_gradient import ConjugateGradient
from graphnn.optim.gauss_newton import GaussNewton
from graphnn.optim.groups import Groups
from graphnn.optim.lbfgs import LBFGS
from graphnn.optim.limits import max_norm
from graphnn.optim.line_search import Backtracking, LineSearch
from graphnn.optim.newton import Newton
from graphnn.optim.optimizer import Optimizer
from graphnn.optim.penalties import L1, L2, Penalty, penalty_loss
from graphnn.optim.plateau import plateau
from graphnn.optim.schedules import (
    Schedule,
    constant,
    cosine,
    exponential,
    linear,
    one_cycle,
    step_decay,
    warmup,
)
from graphnn.optim.sgd import SGD, Lion, SignSGD

__all__ = [
    "L1",
    "L2",
    "LBFGS",
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Backtracking",
    "ConjugateGradient",
    "GaussNewton",
    "Groups",
    "LineSearch",
    "Lion",
    "Nadam",
    "Newton",
    "Optimizer",
    "Penalty",
    "RMSProp",
    "Schedule",
    "SignSGD",
    "averaged_graph",
    "clip_global_norm",
    "clip_norm",
    "clip_value",
    "constant",
    "cosine",
    "ema",
    "exponential",
    "linear",
    "max_norm",
    "one_cycle",
    "penalty_loss",
    "plateau",
    "step_decay",
    "swa",
    "use_averages",
    "warmup",
]
