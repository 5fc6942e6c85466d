"""Choose whom to race: every peer takes the same problem and is driven by the same three calls."""

from __future__ import annotations

import importlib
import importlib.util
from typing import NamedTuple, Protocol

from benchmarks.nets import Problem

__all__ = ["PEERS", "Entry", "Peer", "load"]


class Peer(Protocol):
    """One way to train. `prepare` may compile; only `run` is timed: it does whole training steps."""

    def prepare(self, problem: Problem) -> None:
        """Build whatever is needed and take the problem's weights."""

    def reset(self) -> None:
        """Put weights and optimiser back to the start."""

    def run(self, steps: int) -> None:
        """Forward, backward and update, this many times, finished when it returns."""

    def loss(self) -> float:
        """The loss that the last step computed, so before its update."""


class Entry(NamedTuple):
    """A peer's title in the tables, where it is written, and the library that it needs."""

    title: str
    module: str
    name: str
    library: str

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.library) is not None


# By their names on the command line.
PEERS = {
    "numpy": Entry("NumPy by hand", "numpy_peer", "NumPyByHand", "numpy"),
    "torch": Entry("PyTorch eager", "torch_peer", "TorchEager", "torch"),
    "jax": Entry("JAX jit, per call", "jax_peer", "JaxPerCall", "jax"),
    "jax-loop": Entry("JAX fori_loop", "jax_peer", "JaxLoop", "jax"),
    "pytensor": Entry("PyTensor (Numba)", "pytensor_peer", "PyTensorNumba", "pytensor"),
    "graphnn-call": Entry("graphnn, per call", "graphnn_peer", "GraphnnPerCall", "graphnn"),
    "graphnn": Entry("graphnn", "graphnn_peer", "GraphnnRepeats", "graphnn"),
}


def load(key: str) -> Peer:
    """A fresh peer; its library is imported only now."""
    entry = PEERS[key]
    peer: Peer = getattr(importlib.import_module(f"benchmarks.peers.{entry.module}"), entry.name)()
    return peer
