"""Training: fit a graph's parameters to data, with whole epochs in compiled code."""

from graphnn.train.callback import Callback
from graphnn.train.checkpoint import (
    Checkpoint,
    SavedTraining,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
)
from graphnn.train.diagnosis import (
    Finding,
    FlowReport,
    OneBatch,
    Report,
    debug,
    flow_report,
    overfit_one_batch,
)
from graphnn.train.find_rate import RateTest, find_rate
from graphnn.train.history import Best, History
from graphnn.train.log_lines import LogLines
from graphnn.train.plateau import Plateau
from graphnn.train.state import State
from graphnn.train.statistics import GradientStatistics
from graphnn.train.stopping import BestWeights, EarlyStopping, StopAt, TimeLimit
from graphnn.train.trainer import Trainer
from graphnn.train.turns import Turn

__all__ = [
    "Best",
    "BestWeights",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "Finding",
    "FlowReport",
    "GradientStatistics",
    "History",
    "LogLines",
    "OneBatch",
    "Plateau",
    "RateTest",
    "Report",
    "SavedTraining",
    "State",
    "StopAt",
    "TimeLimit",
    "Trainer",
    "Turn",
    "debug",
    "find_rate",
    "flow_report",
    "load_checkpoint",
    "overfit_one_batch",
    "read_checkpoint",
    "save_checkpoint",
]
