"""Every error that graphnn raises on purpose, as one tree.

GraphnnError
├── ShapeError         an operand, feed or attribute has axes that do not fit     (also ValueError)
├── DtypeError         dtypes differ or are not supported                         (also TypeError)
├── GraphError         the structure is wrong: cycle, missing operand, unknown op (also ValueError)
│   └── OnnxError      an ONNX file is damaged, or holds what graphnn has no word for
│       └── NeedsConstantError   a number that the graph's structure needs comes in as an input
├── DeclarationError   an op is declared incompletely or wrongly                  (also TypeError)
├── FeedError          feeds are missing, unknown or do not fit together          (also ValueError)
├── SettingError       a setting is out of its range or unknown                   (also ValueError)
├── DataError          a file or table cannot be read as data                     (also ValueError)
├── NotComputedError   a value or gradient was asked for before it exists         (also AttributeError)
├── FaultError         a node met data that it cannot process, at run time        (also IndexError)
├── NotFiniteError     a watched run produced NaN or infinity                     (also ArithmeticError)
└── KernelError        a kernel could not be compiled or loaded                   (also RuntimeError)

Each message says who, where, what was found, what was wanted, and the way out.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GraphnnError(Exception):
    """Base of every error that graphnn raises on purpose."""


class ShapeError(GraphnnError, ValueError):
    """An operand, feed or attribute has axes that do not fit."""


class DtypeError(GraphnnError, TypeError):
    """Dtypes differ or are not supported."""


class GraphError(GraphnnError, ValueError):
    """The structure of a graph is wrong."""


class OnnxError(GraphError):
    """An ONNX file is damaged, or holds what graphnn has no word for."""


class NeedsConstantError(OnnxError):
    """A number that the structure of a graph needs, such as a shape, hangs on inputs or on named axes.

    inputs : the names of these inputs; `load_onnx(..., constants={name: array})` fixes them
    axes : the names of these axes; `load_onnx(..., sizes={name: size})` fixes them
    """

    def __init__(self, message: str, inputs: Iterable[str] = (), axes: Iterable[str] = ()):
        super().__init__(message)
        self.inputs, self.axes = tuple(inputs), tuple(axes)


class DeclarationError(GraphnnError, TypeError):
    """An op is declared incompletely or wrongly."""


class FeedError(GraphnnError, ValueError):
    """Feeds are missing, unknown or do not fit together."""


class SettingError(GraphnnError, ValueError):
    """A setting is out of its range or unknown."""


class DataError(GraphnnError, ValueError):
    """A file or table cannot be read as data."""


class NotComputedError(GraphnnError, AttributeError):
    """A value or gradient was asked for before it exists."""


class FaultError(GraphnnError, IndexError):
    """A node met data that it cannot process, at run time."""


class NotFiniteError(GraphnnError, ArithmeticError):
    """A watched run produced NaN or infinity."""


class KernelError(GraphnnError, RuntimeError):
    """A kernel could not be compiled or loaded."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A closing sentence that offers the nearest known word, or lists the known ones if they are few."""
    known = sorted(known)
    if len(known) > 5000 or len(str(word)) > 100:  # comparing would take longer than reading
        return ""
    close = difflib.get_close_matches(str(word), known, n=1, cutoff=0.6)
    if close:
        return f" Did you mean {close[0]!r}?"
    if known and len(known) <= 12:
        return f" Known: {', '.join(known)}."
    return ""
