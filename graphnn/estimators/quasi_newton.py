"""L-BFGS for estimators: SciPy takes the steps, one compiled call gives loss and gradients."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graphnn.core.errors import SettingError
from graphnn.core.node import Node
from graphnn.engine.program import Program
from graphnn.estimators.network import Network
from graphnn.transform.state import state_updates


def minimise(
    network: Network, feeds: Mapping[Node, np.ndarray], *, steps: int, calls: int, tolerance: float
) -> tuple[float, int, bool]:
    """Bring the loss over all rows down until no slope is above `tolerance`: the loss, steps, and whether it did.

    Raises SettingError for a loss that depends on chance or on running statistics.
    """
    from scipy.optimize import minimize

    trainer = network.trainer
    if state_updates(trainer.loss):
        raise SettingError(
            "solver='lbfgs' wants a loss that is the same at every look: dropout, batch_norm and layers with a state "
            "of their own need another solver, such as 'adam'."
        )
    nodes = trainer.parameters
    program = Program([trainer.loss, *trainer.gradients])
    ends = np.cumsum([int(node.value.size) for node in nodes]).tolist()

    def put(point: np.ndarray) -> None:
        for node, part in zip(nodes, np.split(point, ends[:-1]), strict=True):
            node.value = part.reshape(node.shape)

    def look(point: np.ndarray) -> tuple[float, np.ndarray]:
        put(point)
        loss, *slopes = program.run(feeds)
        return float(loss), np.concatenate([g.ravel() for g in slopes]).astype(np.float64)

    start = np.concatenate([np.ravel(node.value) for node in nodes]).astype(np.float64)
    found = minimize(
        look, start, method="L-BFGS-B", jac=True,
        options={"maxiter": steps, "maxfun": calls, "gtol": tolerance},
    )  # fmt: skip
    put(found.x)
    return float(found.fun) / network.blueprint.ensemble, int(found.nit), bool(found.success)
