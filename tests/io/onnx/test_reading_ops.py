"""Operators that work element by element or change shapes, on named axes, beside onnxruntime and the standard's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

from graphnn.core.errors import NeedsConstantError, OnnxError  # noqa: E402
from graphnn.io import load_onnx  # noqa: E402
from onnx_models import array, info, model, node  # noqa: E402

KINDS = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float64": 11, "uint32": 12}


@dataclass(frozen=True)
class Case:
    """One node on inputs of open and fixed axes; arrays among the operands are initialisers."""

    op_type: str
    operands: tuple[Any, ...] = (("n", 3),)
    attributes: dict[str, Any] = field(default_factory=dict)
    kind: str = "float32"
    opset: int = 20
    outputs: int = 1
    oracle: str = "onnxruntime"
    low: float = -3.0
    high: float = 3.0

    def model(self) -> Any:
        inputs, initialisers, names = [], [], []
        for k, operand in enumerate(self.operands):
            names.append(f"x{k}" if operand is not None else "")
            if isinstance(operand, tuple):
                inputs.append(info(f"x{k}", operand, KINDS[self.kind]))
            elif operand is not None:
                initialisers.append(onnx.numpy_helper.from_array(np.asarray(operand), f"x{k}"))
        outputs = [f"y{k}" for k in range(self.outputs)]
        made = node(self.op_type, names, outputs, **self.attributes)
        claims = [helper.make_empty_tensor_value_info(name) for name in outputs]
        return model([made], inputs, claims, initialisers, opset=self.opset)

    def feeds(self, n: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(n)
        found = {}
        for k, operand in enumerate(self.operands):
            if isinstance(operand, tuple):
                shape = [{"n": n, "m": n + 1}.get(d, d) for d in operand]
                values = rng.uniform(self.low, self.high, shape)
                found[f"x{k}"] = values > 0 if self.kind == "bool" else values.astype(self.kind)
        return found


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def f32(value: float) -> np.ndarray:
    return np.array(value, np.float32)


ROWS, ONE = ("n", 3), ("n",)
CASES = [
    *[Case(op) for op in (
        "Abs", "Atan", "Ceil", "Cos", "Cosh", "Erf", "Exp", "Floor", "Identity", "IsNaN", "Neg", "Reciprocal", "Round",
        "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Tan", "Tanh", "Relu", "HardSwish", "Mish", "Elu",
        "Selu", "Celu", "LeakyRelu", "ThresholdedRelu", "HardSigmoid", "Gelu", "Shrink", "Asinh",
    )],
    *[Case(op, low=-0.9, high=0.9) for op in ("Acos", "Asin", "Atanh")],
    *[Case(op, low=1.1, high=9.0) for op in ("Acosh", "Log", "Sqrt")],
    Case("Elu", attributes={"alpha": 0.3}), Case("Celu", attributes={"alpha": 2.0}),
    Case("Selu", attributes={"alpha": 2.0, "gamma": 0.5}), Case("LeakyRelu", attributes={"alpha": 0.3}),
    Case("ThresholdedRelu", attributes={"alpha": 0.2}), Case("HardSigmoid", attributes={"alpha": 0.5, "beta": 0.3}),
    Case("Gelu", attributes={"approximate": "tanh"}), Case("Shrink", attributes={"lambd": 1.0, "bias": 1.0}),
    Case("Shrink", attributes={"lambd": 1.0, "bias": 0.2}),
    Case("Swish", attributes={"alpha": 0.7}, opset=24, oracle="reference"),
    Case("PRelu", (ROWS, f32([0.1, 0.2, 0.3]))), Case("PRelu", (("n", 3, 2), f32([[0.1], [0.2], [0.3]]))),
    Case("IsInf", attributes={"detect_negative": 0}), Case("Not", kind="bool"),
    # two operands, and more
    *[Case(op, (ROWS, ("n", 1))) for op in ("Add", "Sub", "Mul", "Div", "Greater", "Less", "LessOrEqual", "Equal")],
    *[Case(op, (("n", 1), ("m",))) for op in ("Add", "GreaterOrEqual")],
    *[Case(op, (ROWS, ONE[:0])) for op in ("Add", "Mul")],
    *[Case(op, (ROWS, (3,)), kind="bool") for op in ("And", "Or", "Xor")],
    *[Case(op, (ROWS, (3,)), kind="int64", low=-9, high=9) for op in ("Add", "Sub", "Mul", "Equal", "Less")],
    *[Case(op, (ROWS, (1,), ("n", 3))) for op in ("Max", "Min", "Sum", "Mean")],
    Case("Max", (ROWS,)), Case("Max", (ROWS, (3,)), kind="int64", low=-9, high=9),
    Case("Div", (ROWS, ints(2, -3, 5)), kind="int64", low=-9, high=9),
    Case("Div", (ROWS, np.array([2, -3, 5], np.int32)), kind="int32", low=-9, high=9),
    *[Case(op, (ROWS, ROWS), kind="uint8", low=0, high=255, oracle="reference") for op in ("Add", "Sub", "Mul")],
    *[Case(op, (ROWS, ROWS), kind="int8", low=-128, high=127, oracle="reference") for op in ("Add", "Sub", "Mul")],
    Case("Mod", (ROWS, ints(2, -3, 5)), kind="int64", low=-9, high=9),
    Case("Mod", (ROWS, ints(2, -3, 5)), {"fmod": 1}, kind="int64", low=-9, high=9),
    Case("Mod", (ROWS, f32([2.0, -3.0, 0.7])), {"fmod": 1}),
    Case("Pow", (ROWS, f32(2.0)), low=0.1), Case("Pow", (ROWS, f32([0.5, 3.0, -1.0])), low=0.1),
    Case("Pow", (ROWS, ints(2)[0])), Case("Pow", (ROWS, ints(2, 3, 0)), kind="int64", low=-9, high=9),
    *[Case(op, (ROWS, np.array([5, 200, 129], np.uint8)), kind="uint8", low=0, high=255, oracle="reference")
      for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")],
    *[Case(op, (ROWS, np.array([5, -100, 2**31 - 1], np.int32)), kind="int32", low=-(2**31), high=2**31 - 1,
           oracle="reference") for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")],
    Case("BitwiseAnd", (ROWS, ints(5, -100, 2**62)), kind="int64", low=-(2.0**62), high=2.0**62, oracle="reference"),
    Case("BitwiseNot", kind="uint8", low=0, high=255, oracle="reference"),
    Case("BitwiseNot", kind="int32", low=-9, high=9, oracle="reference"),
    Case("BitShift", (ROWS, np.array([1, 3, 7], np.uint8)), {"direction": "LEFT"}, "uint8", low=0, high=255),
    Case("BitShift", (ROWS, np.array([1, 3, 31], np.uint32)), {"direction": "RIGHT"}, "uint32", low=0, high=4e9),
    Case("Where", (np.array([True, False, True]), ROWS, ("n", 1))),
    Case("Clip", (ROWS, f32(-1.0), f32(0.5))), Case("Clip", (ROWS, None, f32(0.5))), Case("Clip", (ROWS,)),
    Case("Clip", (ROWS, f32(-1.0))), Case("Clip", (ROWS,), {"min": -1.0, "max": 0.5}, opset=6),
    Case("Clip", (ROWS, (), ())), Case("Clip", (ROWS, ints(-2)[0], ints(3)[0]), kind="int64", low=-9, high=9),
    Case("Dropout", (ROWS, f32(0.3)), outputs=2), Case("Dropout", (ROWS,), {"ratio": 0.3}, opset=10),
    *[Case("Cast", attributes={"to": KINDS[k]}) for k in ("float64", "int64", "bool", "int32", "float32")],
    Case("Cast", attributes={"to": KINDS["int8"]}, kind="int64", low=-1000, high=1000, oracle="reference"),
    Case("Cast", attributes={"to": KINDS["uint8"]}, kind="int32", low=-1000, high=1000, oracle="reference"),
    Case("Cast", attributes={"to": KINDS["float32"]}, kind="bool"),
    Case("CastLike", (ROWS, ints(1))),
    Case("Cast", attributes={"to": "INT64"}, opset=5, oracle="none"),
    # shapes
    Case("Reshape", (("n", 3, 4), ints(0, -1))), Case("Reshape", (("n", 3, 4), ints(-1, 2))),
    Case("Reshape", (("n", 3, 4), ints(0, 4, 3))), Case("Reshape", (("n", 3, 4), ints(-1))),
    Case("Reshape", ((0, 3), ints(3, 0)), {"allowzero": 1}), Case("Reshape", (("n", 3),), {"shape": [-1, 1]}, opset=1,
                                                                 oracle="none"),
    *[Case("Flatten", (("n", 2, 3),), {"axis": k}) for k in (-3, -1, 0, 1, 3)], Case("Flatten", (("n", 2, "m"),)),
    Case("Squeeze", (("n", 1, 3, 1), ints(1))), Case("Squeeze", (("n", 1, 3, 1), ints(-1, 1))),
    Case("Squeeze", (("n", 1, 3),)), Case("Squeeze", (("n", 1, 3),), {"axes": [1]}, opset=11),
    Case("Unsqueeze", (ROWS, ints(0, -1))), Case("Unsqueeze", (ROWS,), {"axes": [1, 3]}, opset=11),
    Case("Transpose"), Case("Transpose", (("n", 2, 3),), {"perm": [2, 0, 1]}),
    Case("Expand", (("n", 1), ints(3))), Case("Expand", (("n", 1), ints(2, 1, 4))), Case("Expand", (ROWS, ints(1))),
    Case("Concat", (ROWS, ("m", 3)), {"axis": 0}), Case("Concat", (ROWS, f32(np.ones((1, 3)))), {"axis": -2}),
    Case("Split", (("n", 6), ints(1, 2, 3)), {"axis": 1}, outputs=3),
    Case("Split", (("n", 6),), {"axis": -1, "num_outputs": 4}, outputs=4, oracle="reference"),
    Case("Split", (("n", 6),), {"axis": 1}, outputs=2, opset=13),
    Case("Split", (("n", 6),), {"axis": 1, "split": [2, 4]}, outputs=2, opset=11),
    Case("Tile", (ROWS, ints(2, 3))), Case("Tile", (ROWS, ints(0, 1))),
    Case("Slice", (("n", 6), ints(1), ints(5), ints(1))), Case("Slice", (("n", 6), ints(1), ints(2**62))),
    Case("Slice", (("n", 6), ints(-2, 0), ints(2**31, -1), ints(1, 0))),
    Case("Slice", (("n", 6), ints(-1), ints(-(2**63)), ints(0), ints(-1))),
    Case("Slice", (("n", 6), ints(4), ints(-9), ints(1), ints(-2))),
    Case("Slice", (("n", 6), ints(0), ints(2), ints(0))), Case("Slice", (("n", 6), ints(5), ints(2), ints(1))),
    Case("Slice", (("n", 6),), {"starts": [1], "ends": [-1], "axes": [1]}, opset=9),
    Case("Pad", (ROWS, ints(0, 1, 2, 3))), Case("Pad", (ROWS, ints(1, 0, 0, -1), f32(2.5))),
    Case("Pad", (ROWS, ints(1, 2), None, ints(-1)), {"mode": "reflect"}),
    Case("Pad", (ROWS, ints(0, 1, 2, 0)), {"mode": "edge"}), Case("Pad", (ROWS, ints(0, 2, 0, 1)), {"mode": "wrap"}),
    Case("Pad", (ROWS,), {"pads": [0, 1, 0, 1], "value": 1.5}, opset=10),
    Case("Pad", (ROWS, ints(0, 1, 0, 0)), kind="int64", low=-9, high=9),
    Case("Pad", (ROWS, ints(0, 1, 0, 0)), kind="bool"),
    Case("DepthToSpace", (("n", 8, 2, "m"),), {"blocksize": 2}),
    Case("DepthToSpace", (("n", 8, 2, 3),), {"blocksize": 2, "mode": "CRD"}),
    Case("SpaceToDepth", (("n", 2, 4, 6),), {"blocksize": 2}),
    Case("Trilu", (("n", 3, 4),)), Case("Trilu", (("n", "m", 4), ints(-1)[0]), {"upper": 0}),
    Case("Trilu", ((2, 3, 3), ints(1)[0]), {"upper": 1}, kind="bool"),
    # numbers
    Case("Shape", (("n", 3, "m"),)), Case("Shape", (("n", 3, "m"),), {"start": -2, "end": 5}), Case("Size"),
    Case("ConstantOfShape", (ints(2, 3),), {"value": helper.make_tensor("v", 7, [1], [4])}),
    Case("ConstantOfShape", (ints(2),)), Case("ConstantOfShape", (np.zeros(0, np.int64),)),
    Case("Range", (ints(9)[0], ints(-2)[0], ints(-3)[0])), Case("Range", (f32(0.5), f32(3.0), f32(0.7))),
    Case("Range", (np.array(1, np.int32), np.array(7, np.int32), np.array(2, np.int32))),
    Case("EyeLike", (("n", "m"),), {"k": 1}), Case("EyeLike", ((3, 4),), {"dtype": 7, "k": -1}),
    Case("EyeLike", ((3, 3),), {"dtype": 11}),
]  # fmt: skip


def label(case: Case) -> str:
    told = [str(list(o)) if isinstance(o, tuple) else "-" if o is None else str(np.asarray(o).tolist())
            for o in case.operands]  # fmt: skip
    extra = (
        ""
        if not case.attributes
        else " " + " ".join(f"{k}={v}" for k, v in case.attributes.items() if not isinstance(v, TensorProto))
    )
    return f"{case.op_type} {' '.join(told)} {case.kind} {case.opset}{extra}"


@pytest.mark.parametrize("case", CASES, ids=label)
def test_an_operator_gives_what_the_oracle_gives(case: Case) -> None:
    proto = case.model()
    read = load_onnx(proto.SerializeToString())
    for n in (2, 5):
        feeds = case.feeds(n)
        wide = {k: v.astype(np.int64) if v.dtype.kind in "iu" else v for k, v in feeds.items()}
        used = {x.name for x in read.inputs}
        found = read.predict(
            {k: v for k, v in wide.items() if k in used}, output=list(read.outputs), batch=None
        )
        for name, wanted in zip(found, oracle(case, proto, feeds), strict=True):
            mine = found[name].astype(read.notes["outputs"][name])
            assert mine.dtype == wanted.dtype
            assert mine.shape == wanted.shape
            np.testing.assert_allclose(mine, wanted, rtol=3e-6, atol=1e-6)  # float32, by other formulas


def oracle(case: Case, proto: Any, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The values by onnxruntime, or by the standard's own evaluator where that lacks the type or version."""
    if case.oracle == "none":  # versions of which both know nothing
        (x,) = feeds.values()
        return [x.reshape(-1, 1) if case.op_type == "Reshape" else x.astype(np.int64)]
    if case.oracle == "reference":
        with np.errstate(all="ignore"):
            return [np.asarray(v) for v in ReferenceEvaluator(proto).run(None, feeds)]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    run = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return run.run(None, feeds)


REFUSED = [
    (Case("Reshape", (("n", 3), ints(2, 4))), "sizes="),
    (Case("Reshape", (("n", 3), ints(0, 0, 0))), "has no such axis"),
    (Case("Reshape", (("n", 3), ints(-2, 3))), "cannot be"),
    (Case("Reshape", (("n", 3), ints(-1, -1))), "at most one"),
    (Case("Flatten", attributes={"axis": 3}), "no axis 3"),
    (Case("Squeeze", (("n", 3), ints(1))), "size 3"),
    (Case("Unsqueeze", (("n", 3), ints(7))), "axis 7"),
    (Case("Transpose", attributes={"perm": [0, 0]}), "every axis"),
    (Case("Expand", (("n", 3), ints(2))), "do not broadcast"),
    (Case("Expand", (("n", 3), ints(7, 3))), "sizes="),
    (Case("Concat", (ROWS, ("n", 4)), {"axis": 0}), "must agree"),
    (Case("Concat", (ROWS, ROWS), {"axis": 2}), "no axis 2"),
    (Case("Concat", (ROWS, ROWS)), "'axis' is missing"),
    (Case("Split", (("n", 6), ints(1, 2)), {"axis": 1}, outputs=2), "add up"),
    (Case("Split", (("n", 6), ints(-1, 7)), {"axis": 1}, outputs=2), "from 0 on"),
    (Case("Split", (("n", 6),), outputs=2), "sizes="),
    (Case("Split", (("n", 5),), {"axis": 1}, opset=13, outputs=2), "equal parts"),
    (Case("Tile", (ROWS, ints(1))), "a count"),
    (Case("Tile", (ROWS, ints(1, -1))), "a count"),
    (Case("Tile", (ROWS, ints(1, 2**62))), "a count"),
    (Case("Slice", (ROWS, ints(0), ints(1), ints(0, 1))), "one length"),
    (Case("Slice", (ROWS, ints(0), ints(1), ints(5))), "no axis 5"),
    (Case("Slice", (ROWS, ints(0), ints(1), ints(0), ints(0))), "step of 0"),
    (Case("Slice", (ROWS, ints(0), ints(9), ints(0), ints(2))), "sizes="),
    (Case("Slice", (ROWS, ints(0, 0), ints(1, 1), ints(1, -1))), "twice"),
    (Case("Pad", (ROWS, ints(0, 1, 2))), "wanted 4 widths"),
    (Case("Pad", (ROWS, ints(0, 2**61, 0, 0))), "2\\*\\*48"),
    (Case("Pad", (ROWS, ints(0, -2, 0, -2))), "nothing"),
    (Case("Pad", (ROWS, ints(0, 3, 0, 0)), {"mode": "reflect"}), "to add"),
    (Case("Pad", (ROWS, ints(0, 1, 0, 0)), {"mode": "strange"}), "one of constant"),
    (Case("DepthToSpace", (("n", 6, 2, 2),), {"blocksize": 2}), "multiple"),
    (Case("SpaceToDepth", (("n", 1, "m", 2),), {"blocksize": 2}), "sizes="),
    (Case("DepthToSpace", (("n", 4, 2),), {"blocksize": 2}), "axes batch"),
    (Case("DepthToSpace", (("n", 4, 2, 2),), {"blocksize": 0}), "from 1 on"),
    (Case("ConstantOfShape", (ints(-1),)), "shorter than 0"),
    (Case("ConstantOfShape", (ints(2**40),)), "more than"),
    (Case("Range", (f32(0.0), f32(1.0), f32(0.0))), "no row"),
    (Case("Range", (f32(0.0), f32(np.nan), f32(1.0))), "no row"),
    (Case("Range", (ints(0)[0], ints(9)[0], ints(0)[0])), "other than 0"),
    (Case("EyeLike", ((3,),)), "a matrix"),
    (Case("Dropout", (ROWS, f32(0.3), np.array(True))), "export the model as it is used"),
    (Case("Cast", attributes={"to": 8}), "cast to string"),
    (Case("Cast", attributes={"to": 17}), "cast to float8"),
    (Case("Cast", attributes={"to": 99}), "unknown type"),
    (Case("Cast"), "'to' is missing"),
    (Case("Gelu", attributes={"approximate": "maybe"}), "one of none, tanh"),
    (Case("Mod", (ROWS, ROWS)), "fmod = 1"),
    (Case("IsInf", attributes={"detect_positive": 5}), "0 or 1"),
    (Case("Relu", attributes={"alpha": 1.0}), "no attribute 'alpha'"),
    (Case("Elu", attributes={"alpha": 1}), "type FLOAT, found INT"),
    (Case("Add", (ROWS,)), "takes 2 operands, found 1"),
    (Case("Add", (ROWS, ints(1))), "operand 1 is int64"),
    (Case("Add", (ROWS, ROWS), kind="bool"), "cannot be bool"),
    (Case("Relu", outputs=2), "at most 1 outputs"),
    (Case("Relux"), "does not exist"),
    (Case("Gelu", opset=19), "does not exist \\(version 19\\)"),
    (Case("Clip", (ROWS, f32([1.0, 2.0]))), "one number"),
    (Case("BitwiseNot", kind="float32"), "cannot be float32"),
]


@pytest.mark.parametrize(("case", "words"), REFUSED, ids=[f"{label(c)}: {w}" for c, w in REFUSED])
def test_what_does_not_fit_is_refused_in_a_sentence(case: Case, words: str) -> None:
    with pytest.raises(OnnxError, match=words) as caught:
        load_onnx(case.model().SerializeToString())
    assert case.op_type in str(caught.value)
    assert caught.value.__cause__ is None or isinstance(caught.value.__cause__, ValueError)
    assert ("sizes=" in words) <= isinstance(caught.value, NeedsConstantError) or case.op_type == "Reshape"


def test_operands_line_up_as_the_first_versions_said() -> None:
    """Before version 7 the second operand stood at an axis of the first."""
    proto = model(
        [node("Add", ["x", "b"], ["y"], broadcast=1, axis=1)],
        [info("x", ["n", 2, 3])],
        [info("y", ["n", 2, 3])],
        [array([1.0, 2.0], "b")],
        opset=6,
    )
    found = load_onnx(proto.SerializeToString()).predict(np.zeros((1, 2, 3), np.float32))
    np.testing.assert_array_equal(found, [[[1.0] * 3, [2.0] * 3]])
