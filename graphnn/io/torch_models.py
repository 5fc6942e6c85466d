"""Open a module of PyTorch as a graph: `from_torch(module, example)`, by PyTorch's own export to ONNX."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphnn.core.errors import DataError, SettingError
from graphnn.core.leaves import freeze
from graphnn.io.files import told
from graphnn.io.loaded import Model
from graphnn.io.onnx.read.importer import load_onnx
from graphnn.io.onnx.read.limits import Limits
from graphnn.io.torch_splits import split_plainly

__all__ = ["from_torch"]

_DEFAULTS = Limits()
# Of a long message of the exporter, what an error repeats.
_LETTERS = 300


def from_torch(
    module: Any,
    example: Any,
    *,
    axes: Mapping[str, Sequence[str | None]] | None = None,
    outputs: Sequence[str] | None = None,
    trainable: bool = True,
    limits: Limits = _DEFAULTS,
) -> Model:
    """A module of PyTorch as a `Model`: an ordinary graph that predicts, is drawn, differentiated and trained.

    module : a torch.nn.Module; it is exported as it infers (`eval()`), and left as it was
    example : operands of its `forward`: a tensor or an array, a tuple of them, or {argument: tensor}
    axes : {argument: names of its axes}, as {"text": ("batch", "time"), "mask": ("batch", None)}; None keeps the
        size of the example. If not said, the first axis of each argument is called "batch" where all have as many rows.
    outputs : names of the outputs; if not said "output", or "output0", "output1" where there are several
    trainable : whether parameters are trained that PyTorch would train
    limits : as for `load_onnx`

    Parameters are called as in `state_dict()` and have PyTorch's layout, so that
    `gn.io.load_torch_weights(model, module.state_dict())` brings in later numbers, and `gn.io.to_torch_weights(model)`
    gives ours back. Buffers, such as running means, are parameters that no gradient changes.

    Needs the packages torch, onnx and onnxscript. Raises SettingError where one is absent or an operand does not fit,
    DataError where PyTorch cannot export the module, OnnxError for what graphnn has no word for.
    """
    who = "from_torch"
    torch = _torch(who)
    if not isinstance(module, torch.nn.Module):
        raise SettingError(f"{who}: wanted a torch.nn.Module, found {told(module)}.")
    mode = {part: part.training for part in module.modules()}
    try:
        module.eval()
        operands = _operands(torch, module, example, who)
        shapes, operands = _shapes(torch, operands, axes, who)
        names = _output_names(torch, module, operands, outputs, who)
        content = _exported(torch, module, operands, shapes, names, who)
    finally:
        for part, training in mode.items():
            part.training = training
    model = load_onnx(content, trainable=trainable, limits=limits)
    _check_open(model, shapes, who)
    learning = {
        name for name, tensor in module.named_parameters(remove_duplicate=False) if tensor.requires_grad
    }
    freeze([node for node in model.parameters if node.trainable and node.name not in learning])
    return model


def _torch(who: str) -> Any:
    for package in ("torch", "onnxscript"):
        try:
            importlib.import_module(package)
        except ModuleNotFoundError as error:
            if error.name != package:
                raise
            raise SettingError(
                f"{who}: needs the package {package}, which is not installed. Get it with: pip install {package}."
            ) from None
    return importlib.import_module("torch")


def _operands(torch: Any, module: Any, example: Any, who: str) -> dict[str, Any]:
    """{argument of forward: tensor}."""
    known = inspect.signature(module.forward).parameters.values()
    names = [p.name for p in known if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    if isinstance(example, Mapping):
        given = dict(example)
        for name in given:
            if name not in names:
                raise SettingError(f"{who}: forward has no argument {name!r}; it has {', '.join(names)}.")
    else:
        listed = tuple(example) if isinstance(example, tuple | list) else (example,)
        if not 0 < len(listed) <= len(names):
            raise SettingError(
                f"{who}: the example has {len(listed)} operands, but forward has {len(names)} arguments by name: "
                f"{', '.join(names)}."
            )
        given = dict(zip(names, listed))
    return {name: _tensor(torch, name, value, who) for name, value in given.items()}


def _tensor(torch: Any, name: str, value: Any, who: str) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach()
    try:
        return torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        raise SettingError(f"{who}: {name!r} is a tensor or an array, found {told(value)}.") from None


def _shapes(
    torch: Any, operands: dict[str, Any], axes: Any, who: str
) -> tuple[dict[str, dict[int, Any]], dict[str, Any]]:
    """Which axes are open, for the exporter; and the operands, at least 2 long there: 1 it takes for granted."""
    if axes is None:
        rows = {tensor.shape[0] for tensor in operands.values() if tensor.ndim}
        axes = {name: ("batch",) for name, t in operands.items() if t.ndim} if len(rows) == 1 else {}
    if not isinstance(axes, Mapping):
        raise SettingError(f"{who}: axes is {{argument: names of its axes}}, found {told(axes)}.")
    dims: dict[str, Any] = {}
    shapes: dict[str, dict[int, Any]] = {name: {} for name in operands}
    operands = dict(operands)
    for name, words in axes.items():
        if name not in operands:
            raise SettingError(
                f"{who}: axes: there is no argument {name!r}; there are {', '.join(operands)}."
            )
        words = (words,) if isinstance(words, str) else tuple(words)
        if len(words) > operands[name].ndim:
            raise SettingError(
                f"{who}: axes: {name!r} has {operands[name].ndim} axes, found {len(words)} names for them."
            )
        for axis, word in enumerate(words):
            if word is None:
                continue
            if not isinstance(word, str) or not word.isidentifier():
                raise SettingError(f"{who}: axes: the name of an axis is a word, found {told(word)}.")
            shapes[name][axis] = dims.setdefault(word, torch.export.Dim(word))
            if operands[name].shape[axis] == 1:
                operands[name] = torch.cat([operands[name]] * 2, axis)
    return shapes, operands


def _output_names(torch: Any, module: Any, operands: dict[str, Any], outputs: Any, who: str) -> list[str]:
    try:
        with torch.no_grad():
            found = module(**operands)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        raise SettingError(f"{who}: the module cannot be called with the example: {_short(error)}") from error
    leaves = [leaf for leaf in torch.utils._pytree.tree_leaves(found) if isinstance(leaf, torch.Tensor)]
    if outputs is None:
        return ["output"] if len(leaves) == 1 else [f"output{k}" for k in range(len(leaves))]
    names = [outputs] if isinstance(outputs, str) else list(outputs)
    if (
        len(names) != len(leaves)
        or not all(isinstance(n, str) and n for n in names)
        or len(set(names)) < len(names)
    ):
        raise SettingError(
            f"{who}: the module has {len(leaves)} outputs; wanted as many different names, found {told(outputs)}."
        )
    return names


def _exported(
    torch: Any,
    module: Any,
    operands: dict[str, Any],
    shapes: dict[str, dict[int, Any]],
    names: list[str],
    who: str,
) -> bytes:
    """The bytes of the ONNX model. It is not optimised there: that would fold parameters and lose their names."""
    try:
        with _quiet():
            program = torch.onnx.export(
                module, kwargs=operands, dynamo=True, optimize=False, verbose=False, input_names=list(operands),
                output_names=names, dynamic_shapes=shapes,
            )  # fmt: skip
            proto = program.model_proto
    except Exception as caught:  # whatever the code of the module raises
        error: BaseException = caught
        while error.__cause__ is not None:
            error = error.__cause__
        raise DataError(
            f"{who}: PyTorch cannot export the module: {_short(error)} If it is about an axis, keep its size: "
            "axes={}."
        ) from caught
    split_plainly(proto)
    content: bytes = proto.SerializeToString()
    return content


def _check_open(model: Model, shapes: Mapping[str, Mapping[int, Any]], who: str) -> None:
    """The exporter fixes an axis without a word where the module needs one size."""
    for node in model.inputs:
        for axis, dim in shapes.get(str(node.name), {}).items():
            if isinstance(node.shape[axis], int):
                raise DataError(
                    f"{who}: axis {axis} of {node.name!r} cannot be {dim.__name__!r}: the module takes "
                    f"{node.shape[axis]} there only. Keep its size: axes={{}}, or None in its place."
                )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of its own future, and of packages that nothing here needs, through dozens of loggers."""
    level = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _short(error: BaseException) -> str:
    """The first line of a message, as one sentence."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return f"{text[:_LETTERS].rstrip('.')}."
