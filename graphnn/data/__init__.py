"""Data to learn from: sets that ship inside packages, and how to split them."""

from graphnn.data.dataset import Dataset, split
from graphnn.data.digits import digits

__all__ = ["Dataset", "digits", "split"]
