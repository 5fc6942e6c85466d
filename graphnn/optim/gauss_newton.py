"""Gauss-Newton and Levenberg-Marquardt: least squares by the slopes of the residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

import numpy as np

from graphnn.core.dtypes import float64
from graphnn.core.errors import GraphError
from graphnn.core.leaves import constant, describe
from graphnn.core.node import Node
from graphnn.ops import cast, clip, dot, eye, less, solve, stack, where
from graphnn.optim.flat import Flat
from graphnn.optim.line_search import SearchOptions, loss_at, stepped
from graphnn.optim.newton import damping_of
from graphnn.optim.optimizer import Clock, Optimizer
from graphnn.transform.forward_mode import jvp

LARGEST_GAUSS_NEWTON = 500
"""Numbers in the parameters up to which the slopes of residuals are built: one forward pass for each, in the graph."""


class GaussNewton(Optimizer):
    """w' = w - (J^T J + damping I)^-1 J^T r, with J the slopes of the residuals r: for sums of squares.

    residuals : the node whose squares are summed, such as `prediction - target`, of any shape
    damping : 0 is Gauss and Newton's step
    adapt : Levenberg and Marquardt's rule. A step that does not make the sum of squares smaller is not made, and the
        damping becomes 4 times as large; after a good step it becomes a third. It starts with `damping`, above 0.
    learning_rate : a factor of the step

    The step knows the residuals only: gradients and loss are not looked at, so a penalty belongs into the residuals
    (sqrt(rate) * w). With fewer residuals than parameters J^T J is singular, and damping is needed.

    Raises ShapeError for more than 500 numbers in the parameters. Source: Levenberg 1944; Marquardt 1963; Nocedal and
    Wright 2006, section 10.3.
    """

    name = "GaussNewton"
    takes = ("schedule", "average")

    def __init__(
        self,
        residuals: Node,
        damping: float = 0.0,
        learning_rate: float = 1.0,
        *,
        adapt: bool = False,
        **options: Unpack[SearchOptions],
    ):
        super().__init__(learning_rate, **options)
        if not isinstance(residuals, Node) or residuals.dtype.kind != "f":
            raise GraphError(f"GaussNewton: residuals is a float node, found {residuals!r}.")
        self.residuals = residuals
        self.damping = damping_of(damping, self.name)
        self.adapt = adapt
        if adapt and self.damping is None:
            raise GraphError("GaussNewton: adapt=True needs a damping above 0 to start with, such as 1e-3.")

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        flat = Flat(parameters, self.name)
        flat.at_most(LARGEST_GAUSS_NEWTON, self.name, "Use gn.optim.LBFGS on the mean of the squares.")
        if self.residuals.dtype is not flat.dtype:
            raise GraphError(
                f"GaussNewton: the residuals {describe(self.residuals)} are {self.residuals.dtype}, but the parameters "
                f"{flat.dtype}; wanted one dtype."
            )
        r = self.residuals.reshape(-1)
        columns = []
        for unit in np.eye(flat.size):
            parts = np.split(unit, np.cumsum(flat.sizes)[:-1])
            tangents = [
                constant(part.reshape(s), flat.dtype) for part, s in zip(parts, flat.shapes, strict=True)
            ]
            columns.append(jvp(self.residuals, list(parameters), tangents).reshape(-1))
        j = cast(stack(columns, axis=1), float64)  # the product squares the condition: float32 would not do
        a, g = j.T @ j, j.T @ cast(r, float64)
        damping = self.damping
        if damping is not None:
            if self.adapt:
                damping = self.kept(float(damping.value), "damping", float64)
            a = a + eye(flat.size, dtype=float64) * damping
        directions = flat.split(cast(-solve(a, g), flat.dtype))
        if not self.adapt or damping is None:
            return stepped(parameters, directions, clock.rate())
        squares = dot(r, r)
        better = less(loss_at(squares, parameters, directions, clock.rate()), squares)
        next_damping = clip(
            damping * where(better, constant(1.0 / 3.0, float64), constant(4.0, float64)), 1e-15, 1e15
        )
        length = where(better, clock.rate(), constant(0.0, float64))
        return {**stepped(parameters, directions, length), damping: next_damping}
