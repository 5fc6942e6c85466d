"""Damage ONNX files on purpose: bytes turned, cut and mixed, and fields of the protobuf set to what nobody wants."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from onnx import TensorProto, helper

from graphnn.io.onnx.read.readers import import_readers
from graphnn.io.onnx.read.registry import READERS

__all__ = ["mutated"]

INTEGERS = (
    0, 1, -1, 2, 3, -2, 5, 7, 8, 16, 64, 255, 2**15, 2**16, 2**24, 2**31 - 1, 2**31, -(2**31), 2**40, 2**48, 2**62,
    2**63 - 1, -(2**63),
)  # fmt: skip
FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-38, 1e38, float("inf"), float("-inf"), float("nan"))
TEXTS = (
    "", "x", "y", "a", "b", "h", "s", "w", "/", "//", "a/b/c", "../x", "/etc/passwd", "\0", "é", "n", "batch", "n*n",
    "2*n+3", "n-9", "9" * 40, "float32", "constant", "reflect", "SAME_UPPER", "VALID", "none", "tanh", "CRD", "own",
    "Twice", "Scaled", "max", "min", "bicubic", "linear", "i" * 5000,
)  # fmt: skip
WORDS = (
    "constant", "reflect", "edge", "wrap", "SAME_UPPER", "SAME_LOWER", "NOTSET", "forward", "reverse", "bidirectional",
    "nearest", "linear", "cubic", "bilinear", "zeros", "border", "reflection", "align_corners", "mean", "sum", "none",
    "half_pixel", "asymmetric", "DCR", "CRD", "tanh", "add", "mul", "ij,jk->ik", "...i->...", "LEFT", "RIGHT",
)  # fmt: skip
ATTRIBUTES = (
    "axis", "axes", "perm", "to", "alpha", "beta", "kernel_shape", "strides", "pads", "dilations", "group", "mode",
    "keepdims", "value", "shape", "split", "starts", "ends", "num_outputs", "blocksize", "hidden_size", "direction",
    "activations", "equation", "p", "size", "epsilon", "detect_positive", "k", "upper", "ceil_mode", "auto_pad",
    "noop_with_empty_axes", "batch_dims", "largest", "sorted", "exclusive", "reverse", "reduction", "allowzero",
    "training_mode", "transA", "transB", "num_heads", "q_num_heads", "kv_num_heads", "num_groups", "dtype",
    "output_shape", "output_padding", "linear_before_reset", "layout", "clip", "scales", "roi", "cubic_coeff_a",
    "nearest_mode", "interleaved", "value_ints", "value_int", "time_axis", "batch_axis", "sample_size", "stash_type",
)  # fmt: skip


def mutated(seed: int, bases: Sequence[bytes]) -> tuple[str, bytes]:
    """How a file was damaged, and its bytes. The same seed gives the same file."""
    import_readers()
    rng = random.Random(seed)
    base = rng.choice(bases)
    if rng.random() < 0.25:
        damage = rng.choice((_turn_bits, _cut, _splice, _repeat))
        return damage.__name__, damage(rng, base, bases)
    model = onnx.ModelProto.FromString(base)
    names = []
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        change = rng.choices(*_CHANGES)[0]
        change(rng, model)
        names.append(change.__name__)
    try:
        return "+".join(names), model.SerializeToString()
    except (ValueError, DecodeError):  # a text that is no text
        return "unwritable", b"\x08"


# Bytes


def _turn_bits(rng: random.Random, base: bytes, bases: Sequence[bytes]) -> bytes:
    content = bytearray(base)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(content)


def _cut(rng: random.Random, base: bytes, bases: Sequence[bytes]) -> bytes:
    return base[: rng.randrange(len(base))]


def _splice(rng: random.Random, base: bytes, bases: Sequence[bytes]) -> bytes:
    other = rng.choice(bases)
    start, length = rng.randrange(len(other)), rng.randrange(1, 60)
    at = rng.randrange(len(base))
    gap = rng.choice((0, length))
    return base[:at] + other[start : start + length] + base[at + gap :]


def _repeat(rng: random.Random, base: bytes, bases: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(base))
    return base[:at] + base[at : at + rng.randrange(1, 40)] * rng.choice((2, 3, 50)) + base[at:]


# Fields


def _messages(root: Message) -> list[Message]:
    """All messages within, breadth first, not more than a few thousand."""
    found, at = [root], 0
    while at < len(found) < 4000:
        for field, value in found[at].ListFields():
            if field.type == FieldDescriptor.TYPE_MESSAGE:
                found.extend([value] if not _many(field) else list(value))
        at += 1
    return found


def _many(field: Any) -> bool:
    return field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED


def _any_value(rng: random.Random, field: Any) -> Any:
    kind = field.cpp_type
    if kind in (field.CPPTYPE_INT32, field.CPPTYPE_INT64, field.CPPTYPE_UINT32, field.CPPTYPE_UINT64):
        value = rng.choice(INTEGERS)
        bits = 32 if kind in (field.CPPTYPE_INT32, field.CPPTYPE_UINT32) else 64
        if kind in (field.CPPTYPE_UINT32, field.CPPTYPE_UINT64):
            return value % 2**bits
        return (value + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)
    if kind in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
        return rng.choice(FLOATS)
    if kind == field.CPPTYPE_ENUM:
        return rng.choice([v.number for v in field.enum_type.values])
    if field.type == field.TYPE_BYTES:
        return rng.choice((b"", b"\xff\xfe", rng.randbytes(rng.randrange(40)), rng.choice(TEXTS).encode()))
    return rng.choice(TEXTS)


def any_field(rng: random.Random, model: Any) -> None:
    """One field anywhere is set, emptied, or repeated."""
    message = rng.choice(_messages(model))
    field = rng.choice(message.DESCRIPTOR.fields)
    if rng.random() < 0.2:
        message.ClearField(field.name)
        return
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        same = [m for m in _messages(model) if m.DESCRIPTOR is field.message_type and m.ByteSize() < 3000]
        if same and message.ByteSize() < 20_000:
            copy = type(chosen := rng.choice(same))()
            copy.CopyFrom(chosen)
            getattr(message, field.name).add().CopyFrom(copy) if _many(field) else getattr(
                message, field.name
            ).CopyFrom(copy)
        return
    if not _many(field):
        setattr(message, field.name, _any_value(rng, field))
        return
    values = getattr(message, field.name)
    if len(values) and rng.random() < 0.7:
        values[rng.randrange(len(values))] = _any_value(rng, field)
    else:
        values.extend(_any_value(rng, field) for _ in range(rng.choice((1, 1, 2, 4))))


def _nodes(model: Any) -> list[Any]:
    found = [m for m in _messages(model) if m.DESCRIPTOR.name == "NodeProto"]
    return found or [model.graph.node.add(op_type="Relu", input=["x"], output=["extra"])]


def _tensors(model: Any) -> list[Any]:
    return [m for m in _messages(model) if m.DESCRIPTOR.name == "TensorProto"]


def tensor(rng: random.Random, model: Any) -> None:
    """Sizes, element types and numbers of a tensor that do not agree."""
    tensors = _tensors(model)
    if not tensors:
        return
    chosen = rng.choice(tensors)
    way = rng.randrange(6)
    if way == 0 and len(chosen.dims):
        chosen.dims[rng.randrange(len(chosen.dims))] = rng.choice(INTEGERS)
    elif way == 1:
        chosen.dims.extend(rng.choice(INTEGERS) for _ in range(rng.choice((1, 2, 40))))
    elif way == 2:
        chosen.data_type = rng.choice((*range(28), -1, 1000))
    elif way == 3:
        chosen.raw_data = rng.randbytes(rng.choice((0, 1, 4, 8, 16, 64)))
    elif way == 4:
        numbers = [rng.choice(INTEGERS) for _ in range(max(len(chosen.raw_data) // 8, 1))]
        chosen.CopyFrom(TensorProto(name=chosen.name, dims=[len(numbers)], data_type=7, int64_data=numbers))
    else:
        chosen.data_location = 1
        for key in ("location", "offset", "length"):
            if rng.random() < 0.8:
                value = rng.choice(
                    (*TEXTS, "/dev/zero", "/proc/self/mem", ".", "..", "0", "-1", "99999999999")
                )
                chosen.external_data.add(key=key, value=value)


def attribute(rng: random.Random, model: Any) -> None:
    """An attribute of a node is changed, or one more stands there."""
    chosen = rng.choice(_nodes(model))
    if len(chosen.attribute) and rng.random() < 0.6:
        place = rng.choice(chosen.attribute)
        name = place.name
        if place.type in (2, 7) and rng.random() < 0.7:
            fresh = rng.choice(INTEGERS) if place.type == 2 else [rng.choice(INTEGERS) for _ in place.ints]
            if fresh != []:
                place.CopyFrom(helper.make_attribute(name, fresh))
            return
        chosen.attribute.remove(place)
    else:
        name = rng.choice(ATTRIBUTES)
    chosen.attribute.append(helper.make_attribute(name, _any_attribute(rng)))


def _any_attribute(rng: random.Random) -> Any:
    return rng.choice(
        (
            rng.choice(INTEGERS), rng.choice(FLOATS), rng.choice(TEXTS),
            [rng.choice(INTEGERS) for _ in range(rng.choice((1, 2, 2, 3, 4, 8)))], [rng.choice(FLOATS)],
            [rng.choice((0, 1, 2, 3, -1)) for _ in range(rng.choice((1, 2, 3, 4)))], rng.choice((0, 1, 2, -1)),
            helper.make_tensor("t", 1, [1], [0.5]), helper.make_tensor("t", 7, [2], [1, 2]), [rng.choice(TEXTS)],
        )
    )  # fmt: skip


def operator(rng: random.Random, model: Any) -> None:
    """A node becomes another operator."""
    chosen = rng.choice(_nodes(model))
    domain, chosen.op_type = rng.choice(sorted(READERS))
    chosen.domain = domain
    if rng.random() < 0.7:
        del chosen.attribute[:]
    if rng.random() < 0.5:
        del chosen.output[1:]


def one_more_node(rng: random.Random, model: Any) -> None:
    """A node of any operator on operands of fitting types, with attributes that it may have."""
    nodes, place = model.graph.node, len(model.graph.node)
    domain, op_type = rng.choice(sorted(READERS))
    try:
        schema = onnx.defs.get_schema(op_type, model.opset_import[0].version if not domain else 1, domain)
    except (onnx.defs.SchemaError, IndexError, TypeError):
        return
    names = _names_by_type(model)
    count = rng.randint(schema.min_input, min(schema.max_input, schema.min_input + 3))
    inputs = []
    for slot in range(count):
        port = schema.inputs[min(slot, len(schema.inputs) - 1)]
        kind = "f" if "tensor(float)" in port.types else "i" if "tensor(int64)" in port.types else "b"
        if kind == "i" and rng.random() < 0.6:
            values = [
                rng.choice((0, 1, 2, 3, -1, -1, 4, *INTEGERS)) for _ in range(rng.choice((1, 1, 2, 2, 3, 4)))
            ]
            model.graph.initializer.append(
                helper.make_tensor(f"numbers{place}_{slot}", 7, [len(values)], values)
            )
            inputs.append(f"numbers{place}_{slot}")
        elif rng.random() < 0.05:
            inputs.append("")
        else:
            inputs.append(rng.choice(names[kind]))
    outputs = rng.randint(max(schema.min_output, 1), max(min(schema.max_output, 3), schema.min_output, 1))
    added = helper.make_node(op_type, inputs, [f"more{place}_{k}" for k in range(outputs)], domain=domain)
    for given in schema.attributes.values():
        if given.required or rng.random() < 0.4:
            added.attribute.append(helper.make_attribute(given.name, _fitting(rng, given)))
    nodes.append(added)
    model.graph.output.append(helper.make_empty_tensor_value_info(added.output[0]))
    if domain and all(entry.domain != domain for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid(domain, 1))


def _names_by_type(model: Any) -> dict[str, list[str]]:
    """The names of a graph that hold floats, whole numbers and truth values, as far as is easily seen."""
    found: dict[str, list[str]] = {"f": [], "i": [], "b": []}
    kinds = {1: "f", 7: "i", 9: "b"}
    for proto in model.graph.input:
        found[kinds.get(proto.type.tensor_type.elem_type, "f")].append(proto.name)
    for proto in model.graph.initializer:
        found[kinds.get(proto.data_type, "f")].append(proto.name)
    found["f"] += [name for n in model.graph.node for name in n.output if n.op_type not in ("Shape", "Less")]
    return {kind: names or ["x"] for kind, names in found.items()}


def _fitting(rng: random.Random, given: Any) -> Any:
    kind = given.type.name
    if rng.random() < 0.3 and given.default_value.type:
        return helper.get_attribute_value(given.default_value)
    small = (0, 1, 2, 3, -1, -2, 4, 7)
    integers = small if rng.random() < 0.7 else INTEGERS
    if kind == "INT":
        return rng.choice(integers)
    if kind == "INTS":
        return [rng.choice(integers) for _ in range(rng.choice((1, 2, 2, 3, 4, 4, 6)))]
    if kind == "FLOAT":
        return rng.choice(FLOATS)
    if kind == "FLOATS":
        return [rng.choice(FLOATS) for _ in range(rng.choice((1, 2, 4)))]
    if kind == "STRING":
        return rng.choice((*TEXTS, *WORDS, *WORDS))
    if kind == "TENSOR":
        return helper.make_tensor("t", 1, [2], [0.5, 1.5])
    if kind == "GRAPH":
        return helper.make_graph([helper.make_node("Relu", ["x"], ["z"])], "inner", [],
                                 [helper.make_empty_tensor_value_info("z")])  # fmt: skip
    return [rng.choice(TEXTS)]


def wiring(rng: random.Random, model: Any) -> None:
    """Operands and outputs with other names: circles, names that nobody gives, names that stand twice."""
    nodes = _nodes(model)
    names = [name for n in nodes for name in (*n.input, *n.output)] + ["nobody", ""]
    chosen = rng.choice(nodes)
    place = rng.choice((chosen.input, chosen.output))
    if len(place) and rng.random() < 0.8:
        place[rng.randrange(len(place))] = rng.choice(names)
    else:
        place.append(rng.choice(names))


def order(rng: random.Random, model: Any) -> None:
    """Nodes in another order."""
    nodes = list(model.graph.node)
    rng.shuffle(nodes)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def version(rng: random.Random, model: Any) -> None:
    """Another version of the operators."""
    for entry in model.opset_import:
        entry.version = rng.choice((*range(29), 10**6, -1, 2**62))


def shape(rng: random.Random, model: Any) -> None:
    """An input of another shape or type."""
    if not len(model.graph.input):
        return
    kind = rng.choice(model.graph.input).type.tensor_type
    if rng.random() < 0.2:
        kind.elem_type = rng.choice(range(27))
    elif len(kind.shape.dim) and rng.random() < 0.8:
        dim = rng.choice(kind.shape.dim)
        if rng.random() < 0.5:
            dim.dim_value = rng.choice(INTEGERS)
        else:
            dim.dim_param = rng.choice(TEXTS)
    else:
        kind.shape.dim.add(dim_value=rng.choice(INTEGERS))


def nest(rng: random.Random, model: Any) -> None:
    """Graphs within graphs, or functions that call each other."""
    if rng.random() < 0.5:
        inner = helper.make_node("Identity", ["x"], ["v0"])
        for k in range(rng.choice((3, 15, 28))):
            graph = helper.make_graph([inner], "g", [], [helper.make_empty_tensor_value_info(f"v{k}")])
            inner = helper.make_node("If", ["truth"], [f"v{k + 1}"], then_branch=graph, else_branch=graph
                                     if k < 3 else helper.make_graph([], "e", [], []))  # fmt: skip
        model.graph.initializer.append(helper.make_tensor("truth", TensorProto.BOOL, [], [True]))
        model.graph.node.append(inner)
        model.graph.output.append(helper.make_empty_tensor_value_info(inner.output[0]))
        return
    depth = rng.choice((2, 12, 40))
    for k in range(depth):
        calls = [helper.make_node(f"F{(k + 1) % depth if rng.random() < 0.05 else k + 1}", [a], [b], domain="own")
                 for a, b in (("a", "c"), ("c", "b"))]  # fmt: skip
        if k == depth - 1:
            calls = [helper.make_node("Neg", ["a"], ["b"])]
        model.functions.append(
            helper.make_function("own", f"F{k}", ["a"], ["b"], calls,
                                 [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)])
        )  # fmt: skip
    model.graph.node.append(helper.make_node("F0", ["x"], ["deep"], domain="own"))
    model.graph.output.append(helper.make_empty_tensor_value_info("deep"))


Change = Callable[[random.Random, Any], None]
_CHANGES: tuple[list[Change], list[float]] = (
    [any_field, tensor, attribute, operator, one_more_node, wiring, order, version, shape, nest],
    [4, 4, 4, 2, 6, 2, 0.3, 0.7, 2, 0.2],
)
