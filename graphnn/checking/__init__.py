"""Find what is wrong with a gradient or with an op, and hear it in words."""

from graphnn.checking.formula import formula, slope_formulas
from graphnn.checking.gradients import GradientCheck, check_gradients
from graphnn.checking.ops import check_op
from graphnn.checking.report import OpCheck

__all__ = ["GradientCheck", "OpCheck", "check_gradients", "check_op", "formula", "slope_formulas"]
