"""Read normalisation: by the batch, by each example, by groups of channels, by length, and by neighbours."""

from __future__ import annotations

from graphnn import ops
from graphnn.core.dims import Dim, shape_text
from graphnn.core.dtypes import float64
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.operators.sliding import PARTS
from graphnn.io.onnx.read.registry import reads


def _of_dtype(node: Node, like: Node) -> Node:
    return node if node.dtype is like.dtype else node.cast(like.dtype)


@reads("BatchNormalization")
def batch_normalization(call: Call) -> Node | list[Node]:
    x = call.node(0)
    eps, momentum = call.number("epsilon", 1e-5), call.number("momentum", 0.9)
    scale, shift = (_of_dtype(call.node(slot), x) for slot in (1, 2))
    if not call.flag("spatial", 1):
        call.refuse("statistics for every place of an image (spatial=0) are not read.")
    call.ignore("consumed_inputs")
    if call.version >= 14:
        trains = call.flag("training_mode", 0)
    else:
        trains = any(call.wants(slot) for slot in range(1, 5)) or (
            call.version < 7 and not call.flag("is_test", 0)
        )
    mean, var = (_of_dtype(call.state(slot), x) for slot in (3, 4))
    if not trains:
        return ops.batch_norm_inference(x, scale, shift, mean, var, eps)
    if call.version < 14:
        call.refuse(
            f"batch statistics are read from opset 14 on, found {call.version}. Convert the file by "
            "onnx.version_converter, or export it for use."
        )
    y = ops.batch_norm_training(x, scale, shift, eps)
    axes = tuple(k for k in range(x.ndim) if k != 1)
    new_mean = mean * momentum + ops.mean(x, axes) * (1.0 - momentum)
    new_var = var * momentum + ops.var(x, axes) * (1.0 - momentum)
    return [y, *(_of_dtype(v, call.state(slot)) for v, slot in ((new_mean, 3), (new_var, 4)))]


@reads("InstanceNormalization")
def instance_normalization(call: Call) -> Node:
    call.ignore("consumed_inputs")
    x, scale, shift = call.nodes()
    return ops.instance_norm(x, scale, shift, call.number("epsilon", 1e-5))


@reads("GroupNormalization")
def group_normalization(call: Call) -> Node:
    call.check_axes(0, 2)
    x, scale, shift = call.nodes()
    groups, eps = call.integer("num_groups"), call.number("epsilon", 1e-5)
    call.ignore("stash_type")
    c = x.shape[1]
    if isinstance(c, Dim) or groups < 1 or c % groups:
        call.refuse(f"{c} channels cannot be cut into {groups} equal groups.")
    return ops.group_norm(x, groups, _of_dtype(scale, x), _of_dtype(shift, x), eps)


def _last_axes(call: Call, x: Node) -> tuple[int, ...]:
    """The axes from attribute `axis` on."""
    axis = call.integer("axis", -1)
    if not -x.ndim <= axis < x.ndim:
        call.refuse(f"there is no axis {axis} in {shape_text(x.shape)}.")
    return tuple(range(axis % x.ndim, x.ndim))


@reads("LayerNormalization")
def layer_normalization(call: Call) -> Node | list[Node]:
    x, scale, shift = call.node(0), call.node(1), call.optional(2)
    axes, eps = _last_axes(call, x), call.number("epsilon", 1e-5)
    scale = _of_dtype(scale, x)
    shift = shift if shift is None else _of_dtype(shift, x)
    kept = x.shape[axes[0] :]
    if scale.shape == kept and shift is not None and shift.shape == kept:
        y = ops.layer_norm(x, scale, shift, eps, axes)
    else:
        y = ops.standardize(x, axes, eps) * scale
        y = y if shift is None else y + shift
    outputs, stash = [y], call.integer("stash_type", 1)
    if call.wants(1) or call.wants(2):
        outputs.append(ops.mean(x, axes, keepdims=True))
    if call.wants(2):
        outputs.append(ops.rsqrt(ops.var(x, axes, keepdims=True) + eps))
    # Statistics are float32 unless the file says otherwise; all is computed in x's dtype.
    return [y, *(v.cast("float32") if stash == 1 and v.dtype is float64 else v for v in outputs[1:])]


@reads("RMSNormalization")
def rms_normalization(call: Call) -> Node:
    x, scale = call.node(0), call.node(1)
    axes, eps = _last_axes(call, x), call.number("epsilon", 1e-5)
    call.ignore("stash_type")  # sums are made in x's dtype
    scale = _of_dtype(scale, x)
    if len(axes) == 1 and scale.shape == x.shape[-1:]:
        return ops.rms_norm(x, scale, eps)
    return ops.standardize(x, axes, eps, centered=False) * scale


@reads("LpNormalization")
def lp_normalization(call: Call) -> Node:
    x, axis, p = call.node(0), call.integer("axis", -1), call.integer("p", 2)
    if p == 2:
        # A vector of zeros stays zeros; nothing that float32 holds is shorter than this and not zero.
        return ops.l2_normalize(x, axis, 1e-38)
    if p != 1:
        call.refuse(f"attribute 'p' is 1 or 2, found {p}.")
    length = ops.sum(ops.abs(x), axis, keepdims=True)
    return ops.where(length > 0.0, x / ops.where(length > 0.0, length, 1.0), 0.0)


@reads("LRN")
def local_response_normalization(call: Call) -> Node:
    x, size = call.node(0), call.integer("size")
    settings = (call.number("alpha", 1e-4), call.number("beta", 0.75), call.number("bias", 1.0))
    if not 1 <= size <= PARTS:
        call.refuse(f"attribute 'size' is 1 to {PARTS}, found {size}.")
    if size % 2:
        return ops.local_response_norm(x, size, *settings)
    # Of an even number of neighbours ONNX has one more behind the channel, we one more in front.
    return ops.flip(ops.local_response_norm(ops.flip(x, 1), size, *settings), 1)


@reads("MeanVarianceNormalization")
def mean_variance_normalization(call: Call) -> Node:
    call.check_axes(0, 1)
    x = call.node(0)
    axes = sorted({a % x.ndim for a in call.integers("axes", (0, 2, 3))})
    # ONNX adds 1e-9 to the deviation, not to the variance: it only keeps constants from becoming 0 / 0.
    eps, rest = 1e-18, [k for k in range(x.ndim) if k not in axes]
    if not rest or rest[-1] - rest[0] < len(rest):
        return ops.standardize(x, tuple(axes), eps)
    order = (*rest, *axes)
    y = ops.standardize(ops.transpose(x, order), tuple(range(len(rest), x.ndim)), eps)
    return ops.transpose(y, tuple(order.index(k) for k in range(x.ndim)))
