"""Readers of loops: a loop whose number of turns is known while the file is read is written out, turn by turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnn import ops
from graphnn.core.dims import Dim
from graphnn.core.errors import NeedsConstantError
from graphnn.core.leaves import constant
from graphnn.io.onnx.read.call import Call, needs_sizes
from graphnn.io.onnx.read.registry import reads
from graphnn.io.onnx.read.values import Value

Body = Callable[[Sequence[Value]], list[Value]]

_MOST_TURNS = 1_000
_MOST_NODES = 10_000
_WAY_OUT = (
    "A graph has no turns, so a loop is read only where their number is known now. Export the model with the loop "
    "unrolled, or its recurrence as one of the operators LSTM, GRU and RNN."
)


@reads("Loop")
def loop(call: Call) -> list[Value]:
    """Turns until their number is reached, or until the condition, which must be known in each, is false."""
    body = call.body("body")
    try:
        turns = int(call.number_at(0, "the number of turns")) if call.has(0) else None
        going = bool(call.number_at(1, "the condition")) if call.has(1) else True
    except NeedsConstantError as error:
        raise NeedsConstantError(f"{error} {_WAY_OUT}", error.inputs, error.axes) from None
    states = [call.value(slot) for slot in range(2, len(call.inputs))]
    rows: list[list[Value]] = []
    turn, effort = 0, _Effort(call, None)  # its condition may end it early
    while going and (turns is None or turn < turns):
        effort.one_more()
        found = body([_number(turn, "int64"), _number(True, "bool"), *states])
        if len(found) < 1 + len(states):
            call.refuse(f"its body has {len(found)} outputs, wanted a condition and {len(states)} states.")
        states, turn = found[1 : 1 + len(states)], turn + 1
        rows.append(found[1 + len(states) :])
        if turns is None or turn < turns:
            going = _still(call, found[0])
    return [*states, *_stacked(call, rows, len(call.outputs) - len(states))]


def _still(call: Call, condition: Value) -> bool:
    if condition.known is None or condition.known.size != 1:
        call.refuse(f"whether it goes on hangs on what is computed in its turns. {_WAY_OUT}")
    return bool(condition.known.reshape(-1)[0])


def _number(value: Any, kind: str) -> Value:
    return Value(None, np.array(value, kind), kind)


class _Effort:
    """Counts turns and the nodes that they make, and refuses a loop that is too long to be written out."""

    def __init__(self, call: Call, turns: int | None):
        """turns : how many there will be, where that is sure"""
        self._call, self._turns, self._turn, self._start = call, turns, 0, _serial()
        if turns is not None and turns > _MOST_TURNS:
            self._refuse(f"it turns {turns} times; at most {_MOST_TURNS} turns are written out.")

    def one_more(self) -> None:
        """Say that a turn begins."""
        made = _serial() - self._start
        if self._turn == 1 and self._turns is not None:
            made *= self._turns
        if made > _MOST_NODES:
            self._refuse(f"written out it has {made} nodes; at most {_MOST_NODES} are read.")
        if self._turn >= _MOST_TURNS:
            self._refuse(f"it turns more than {_MOST_TURNS} times.")
        self._turn += 1

    def _refuse(self, why: str) -> None:
        self._call.refuse(f"{why} {_WAY_OUT}")


def _serial() -> int:
    return constant(0).serial


def _stacked(call: Call, rows: Sequence[Sequence[Value]], count: int) -> list[Value]:
    """What each turn gives, one below the other."""
    if not rows and count > 0:
        call.refuse("it never turns, so the shapes of what its turns give are unknown.")
    return [_stack(call, column, 0) for column in zip(*rows)]


def _stack(call: Call, parts: Sequence[Value], axis: int) -> Value:
    known = [part.known for part in parts if part.fixed and not part.symbolic and part.known is not None]
    if len(known) == len(parts):
        return Value(None, np.stack(known, axis), parts[0].kind)
    return Value(ops.stack([call.as_node(part) for part in parts], axis), None, parts[0].kind)


# Scan


@reads("Scan")
def scan(call: Call) -> list[Value]:
    """A turn for each slice of some operands, with states that go from turn to turn."""
    body, count = call.body("body"), call.integer("num_scan_inputs")
    if not 1 <= count <= len(call.inputs) - (call.version < 9):
        call.refuse(f"takes slices of {count} operands, but has {len(call.inputs)}.")
    if call.version >= 9:
        operands = [call.value(slot) for slot in range(len(call.inputs))]
        states, slices = operands[: len(operands) - count], operands[len(operands) - count :]
        count_out = len(call.outputs) - len(states)
        axes = [_axis(call, a, len(v.shape)) for a, v in zip(_each(call, "scan_input_axes", count), slices)]
        back = _each(call, "scan_input_directions", count)
        out_axes, out_back = (_each(call, f"scan_output_{w}", count_out) for w in ("axes", "directions"))
        return _scanned(call, body, states, slices, axes, back, out_axes, out_back)
    if call.has(0):
        call.refuse("'sequence_lens' of version 8 is not read.")
    operands = [call.value(slot) for slot in range(1, len(call.inputs))]
    back = _each(call, "directions", count)
    examples = []
    for example in range(_size(call, operands[0], 0, "the number of examples")):
        parts = [_slice(call, value, 0, example) for value in operands]
        states, slices = parts[: len(parts) - count], parts[len(parts) - count :]
        zeros = [0] * len(call.outputs)
        outputs = zeros[len(states) :]
        examples.append(_scanned(call, body, states, slices, [0] * count, back, outputs, outputs))
    return _stacked(call, examples, len(call.outputs))


def _scanned(
    call: Call, body: Body, states: Sequence[Value], slices: Sequence[Value], axes: Sequence[int],
    back: Sequence[int], out_axes: Sequence[int], out_back: Sequence[int],
) -> list[Value]:  # fmt: skip
    if not slices:
        call.refuse("it has nothing to take slices of.")
    turns = _size(call, slices[0], axes[0], "the number of turns")
    states, rows, effort = list(states), [], _Effort(call, turns)
    for turn in range(turns):
        effort.one_more()
        now = [
            _slice(call, value, axis, turns - 1 - turn if turned else turn)
            for value, axis, turned in zip(slices, axes, back, strict=True)
        ]
        found = body([*states, *now])
        states = found[: len(states)]
        rows.append(found[len(states) :])
    if not rows and out_axes:
        call.refuse("it never turns, so the shapes of what its turns give are unknown.")
    out = []
    for column, axis, turned in zip(zip(*rows), out_axes, out_back):
        ndim = len(column[0].shape) + 1
        out.append(_stack(call, column[::-1] if turned else column, _axis(call, axis, ndim)))
    return [*states, *out]


def _each(call: Call, name: str, count: int) -> tuple[int, ...]:
    """An attribute with a number for each of so many operands or results, 0 if it is left out."""
    if not 0 <= count <= len(call.inputs) + len(call.outputs):
        call.refuse(
            f"it has {len(call.inputs)} operands and {len(call.outputs)} outputs, none for {count} slices."
        )
    found = call.integers(name, (0,) * count)
    if len(found) != count:
        call.refuse(f"attribute {name!r} is {count} numbers, found {len(found)}.")
    return tuple(found)


def _axis(call: Call, axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        call.refuse(f"there is no axis {axis} in {ndim}.")
    return axis % ndim


def _size(call: Call, value: Value, axis: int, what: str) -> int:
    n = value.shape[axis] if axis < len(value.shape) else 0
    if isinstance(n, Dim):
        raise needs_sizes(call.who, what, n.names())
    return n


def _slice(call: Call, value: Value, axis: int, place: int) -> Value:
    n = value.shape[axis] if axis < len(value.shape) else 0
    if not isinstance(n, Dim) and place >= n:
        call.refuse(f"turn {place + 1} takes a slice of an operand that has {n}.")
    if value.fixed and value.known is not None:
        return Value(None, np.take(value.known, place, axis), value.kind)
    index = (*(slice(None),) * axis, place)
    return Value(call.as_node(value)[index], None, value.kind)
