"""How answers are read and compared: numbers, arrays, choices, orders, functions, expressions, and properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

import graphnn as gn

__all__ = [
    "Array",
    "Choice",
    "Expression",
    "Function",
    "Kind",
    "Number",
    "Order",
    "Property",
    "UnreadableAnswerError",
]


class UnreadableAnswerError(gn.GraphnnError):
    """The answer is of another kind than the question asks for; the message says which."""


class Kind(Protocol):
    """Reads answers into a form in which two of them can be compared."""

    def read(self, answer: Any) -> Any: ...

    def same(self, found: Any, other: Any) -> bool: ...


def _array(value: Any) -> np.ndarray:
    """The numbers of a Python number, an array, a list, or a node that has a value."""
    if isinstance(value, gn.Node):
        value = value.value
    try:
        found = np.asarray(value)
        if found.dtype.kind not in "biuf":
            raise TypeError
        return found.astype(np.float64)
    except (TypeError, ValueError):
        raise UnreadableAnswerError(f"A number is asked for, found {_told(value)}.") from None


def _told(value: Any) -> str:
    if callable(value) and hasattr(value, "__name__"):
        return "a function"  # its repr is an address
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def _close(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True))


@dataclass(frozen=True)
class Number:
    """One number, right within `tolerance`, relative or absolute, whichever is wider."""

    tolerance: float = 1e-3

    def read(self, answer: Any) -> np.ndarray:
        found = _array(answer)
        if found.size != 1:
            raise UnreadableAnswerError(f"One number is asked for, found {found.size} numbers.")
        return found.reshape(())

    def same(self, found: Any, other: Any) -> bool:
        return _close(found, other, self.tolerance)


@dataclass(frozen=True)
class Array:
    """An array of a certain shape, right within `tolerance` everywhere."""

    shape: tuple[int, ...]
    tolerance: float = 1e-3

    def read(self, answer: Any) -> np.ndarray:
        found = _array(answer)
        if found.size == np.prod(self.shape) and found.size == max((1, *found.shape)):
            return found.reshape(self.shape)  # a row where a column is asked for is not what is tested
        if found.shape != self.shape:
            raise UnreadableAnswerError(
                f"An array of shape {self.shape} is asked for, found shape {found.shape}."
            )
        return found

    def same(self, found: Any, other: Any) -> bool:
        return _close(found, other, self.tolerance)


def _bare(word: Any) -> str:
    return "".join(str(word).split()).lower()


def _is_number(word: str, option: str) -> bool:
    """Whether both are the same number, however it is written: 1e-5 is 0.00001."""
    try:
        return float(word) == float(option)
    except ValueError:
        return False


@dataclass(frozen=True)
class Choice:
    """One of several words, formulas or numbers; spaces do not count, and upper and lower case are the same."""

    options: tuple[str, ...]

    def read(self, answer: Any) -> str:
        word = _bare(answer)
        for option in self.options:
            if word == _bare(option) or _is_number(word, option):
                return option
        raise UnreadableAnswerError(
            f"The answer is one of {', '.join(map(repr, self.options))}, found {_told(answer)}."
        )

    def same(self, found: Any, other: Any) -> bool:
        return bool(found == other)


@dataclass(frozen=True)
class Order:
    """Names in an order, or, with `ordered=False`, names in any order. Nodes count by their names."""

    names: tuple[str, ...]
    ordered: bool = True

    def read(self, answer: Any) -> tuple[str, ...]:
        if isinstance(answer, str):
            answer = answer.replace(",", " ").split()
        try:
            found = [str(a.name or a.op.name) if isinstance(a, gn.Node) else str(a) for a in answer]
        except TypeError:
            raise UnreadableAnswerError(f"A list of names is asked for, found {_told(answer)}.") from None
        for name in found:
            if name not in self.names:
                raise UnreadableAnswerError(
                    f"There is no {name!r} in the question; the names are {', '.join(self.names)}."
                )
        return tuple(found if self.ordered else sorted(found))

    def same(self, found: Any, other: Any) -> bool:
        return bool(found == other)


def _argument(value: Any) -> str:
    """How an argument is named in a message: functions by their names, what is long by its type."""
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__).lstrip("_")
    text = repr(value)
    return text if len(text) <= 40 else type(value).__name__


@dataclass(frozen=True)
class Function:
    """A function that is called with each of `cases` (tuples of arguments); what it gives is compared."""

    cases: tuple[tuple[Any, ...], ...]
    tolerance: float = 1e-3

    def read(self, answer: Any) -> list[np.ndarray]:
        if not callable(answer):
            raise UnreadableAnswerError(f"A function is asked for, found {_told(answer)}.")
        return [self._called(answer, case) for case in self.cases]

    def _called(self, function: Callable[..., Any], case: tuple[Any, ...]) -> np.ndarray:
        arguments = ", ".join(_argument(a) for a in case)
        try:
            found = function(*case)
        except UnreadableAnswerError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a reader's function does is told to its writer
            raise UnreadableAnswerError(
                f"Your function stopped at ({arguments}) with {type(error).__name__}: {error}"
            ) from None
        if found is None:
            raise UnreadableAnswerError(f"Your function gives None for ({arguments}). Is there a return?")
        try:
            return _array(found)
        except UnreadableAnswerError:
            raise UnreadableAnswerError(
                f"Your function gives {_told(found)} for ({arguments}); numbers are asked for."
            ) from None

    def same(self, found: Any, other: Any) -> bool:
        return all(_close(a, b, self.tolerance) for a, b in zip(found, other, strict=True))


@dataclass(frozen=True)
class Expression:
    """A node. Its value is compared for each of `cases`, {name of an input: number}; slopes by these names too."""

    cases: tuple[Mapping[str, Any], ...]
    slopes: tuple[str, ...] = ()
    tolerance: float = 1e-3

    def read(self, answer: Any) -> list[np.ndarray]:
        if not isinstance(answer, gn.Node):
            raise UnreadableAnswerError(f"A node of a graph is asked for, found {_told(answer)}.")
        names = {str(n.name): n for n in gn.Graph(answer).inputs}
        missing = [name for case in self.cases for name in case if name not in names]
        if missing:
            raise UnreadableAnswerError(
                f"Your node does not hang on the input {missing[0]!r}; it hangs on {', '.join(names) or 'none'}."
            )
        wanted = [answer, *(gn.gradient(gn.sum(answer), names[name]) for name in self.slopes)]
        found = []
        for case in self.cases:
            found += [_array(v) for v in _values(wanted, {names[name]: v for name, v in case.items()})]
        return found

    def same(self, found: Any, other: Any) -> bool:
        return len(found) == len(other) and all(
            _close(a, b, self.tolerance) for a, b in zip(found, other, strict=True)
        )


def _values(nodes: Sequence[gn.Node], feeds: Mapping[gn.Node, Any]) -> Sequence[Any]:
    try:
        return list(gn.Program(list(nodes)).run(feeds))
    except gn.GraphnnError as error:
        raise UnreadableAnswerError(f"Your node cannot be computed: {error}") from None


@dataclass(frozen=True)
class Property:
    """Right where `hint_for(answer)` gives None; else it gives the hint, or raises UnreadableAnswerError.

    For answers that are right in many ways: an order, a net that learns, a setting that works. The hints of the
    exercise's mistakes are those that `hint_for` gives.
    """

    hint_for: Callable[[Any], str | None]

    def read(self, answer: Any) -> str | None:
        return self.hint_for(answer)

    def same(self, found: Any, other: Any) -> bool:
        return bool(found == other)
