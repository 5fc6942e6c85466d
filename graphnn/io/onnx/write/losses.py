"""Write losses that are one node here."""

from __future__ import annotations

from graphnn.io.onnx.write.registry import writes_function
from graphnn.io.onnx.write.writing import Writing


@writes_function("softmax_cross_entropy")
def softmax_cross_entropy(call: Writing) -> str:
    logits, labels = call.inputs
    axis = len(call.shape_of(0)) - 1
    log_p = call.emit("LogSoftmax", logits, axis=-1)
    found = call.emit("GatherElements", log_p, call.unsqueeze(labels, axis), axis=axis)
    return call.emit("Neg", call.squeeze(found, axis))


@writes_function("softmax_cross_entropy_slope")
def softmax_cross_entropy_slope(call: Writing) -> str:
    g, logits, labels = call.inputs
    axis = len(call.shape) - 1
    hit = call.emit("Equal", call.unsqueeze(labels, axis), call.range(call.shape[-1]))
    away = call.emit("Sub", call.emit("Softmax", logits, axis=-1), call.cast(hit, call.dtype))
    return call.emit("Mul", call.unsqueeze(g, axis), away)


@writes_function("softmax_cross_entropy_soft")
def softmax_cross_entropy_soft(call: Writing) -> str:
    logits, labels = call.inputs
    parts = call.emit("Mul", labels, call.emit("LogSoftmax", logits, axis=-1))
    return call.emit("Neg", call.reduce("ReduceSum", parts, (-1,), keepdims=0))


@writes_function("binary_cross_entropy_with_logits")
def binary_cross_entropy_with_logits(call: Writing) -> str:
    logits, targets = call.inputs
    away = call.emit("Mul", logits, call.emit("Sub", call.number(1), targets))
    towards = call.emit("Neg", call.emit("Mul", logits, targets))
    wrong_side = call.emit("Where", call.emit("Greater", logits, call.number(0)), away, towards)
    rest = call.emit("Softplus", call.emit("Neg", call.emit("Abs", logits)))
    return call.emit("Add", wrong_side, rest)
