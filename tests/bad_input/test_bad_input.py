"""Every wrong use gets an error of graphnn's own tree, whose sentence says what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import graphnn as gn
from bad_input import building, kernels, running
from graphnn.core.registry import OPS

ROWS = [
    pytest.param(*row[1:], id=f"{table}: {row[0]}")
    for module in (building, running)
    for table, rows in module.TABLES.items()
    for row in rows
]
# What Python itself says of frozen things; all else comes from graphnn's tree.
PLAIN = (AttributeError, TypeError, ValueError)


@pytest.mark.parametrize(("call", "error", "fragment"), ROWS)
def test_a_wrong_use_gets_its_error_and_a_sentence_about_it(call, error, fragment) -> None:
    with pytest.raises(error) as caught:
        call()
    text = str(caught.value)
    assert fragment in text
    assert issubclass(error, gn.GraphnnError) or error in PLAIN
    assert len(text) < 600 and text.strip() == text


def test_no_two_rows_of_a_table_say_the_same() -> None:
    names = [p.id for p in ROWS]
    assert len(set(names)) == len(names)


OPERATIONS = [
    record for record in OPS.values() if record.role == "op" and record.__module__.startswith("graphnn.")
]


@pytest.mark.parametrize("record", OPERATIONS, ids=lambda r: r.name)
def test_every_op_refuses_text_nothing_strange_settings_and_wrong_numbers_of_operands(record) -> None:
    many = 1 if record.signature.variadic else len(record.signature.inputs)
    wrong = [
        lambda: record(*[gn.input("x", (2,))] * (many + 9)),
        lambda: record(*[gn.input("x", (2,))] * many, flavour="sweet"),
    ]
    if many:
        wrong += [
            lambda: record(**_settings(record)),
            lambda: record(*["a"] * many, **_settings(record)),
            lambda: record(*[None] * many, **_settings(record)),
            lambda: record(*[object()] * many, **_settings(record)),
            lambda: record(*[np.ones(2, complex)] * many, **_settings(record)),
        ]
    for number, call in enumerate(wrong):
        with pytest.raises(gn.GraphnnError) as caught:
            call()
        text = str(caught.value)
        assert record.name in text or record.name.partition("_")[0] in text, f"wrong use {number}: {text}"


def _settings(record):
    """The attributes of the op's first sample as far as its call takes them, so that only the operands are wrong."""
    import inspect

    call = record.build_function
    if call is None:
        return dict(record.samples[0].attributes)
    names = inspect.signature(call).parameters
    return {key: value for key, value in record.samples[0].attributes.items() if key in names}


def test_kernels_that_break_the_rules_end_no_process_and_give_no_number(root) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bad_input.kernels"], cwd=root / "tests", capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "tests"), *sys.path]), "GRAPHNN_THREADS": "2"},
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = {label: found for label, *found in map(json.loads, done.stdout.splitlines())}
    wrong = [
        f"{label}: {told[label]}"
        for label, _, error, fragment in (*kernels.KERNELS, *kernels.REPORTING, *kernels.SHARED)
        if told[label][0] != error.__name__ or fragment not in told[label][1]
    ]
    assert not wrong, "\n".join(wrong)
    for label, _, numbers in kernels.FINE:
        assert told[label] == ["", numbers]


SAME_NUMBERS = {
    "big-endian": lambda a: a.astype(">f4"),
    "big-endian float64": lambda a: a.astype(">f8"),
    "Fortran order": np.asfortranarray,
    "every second column": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "backwards": lambda a: a[::-1].copy()[::-1],
    "transposed": lambda a: a.T.copy().T,
    "read-only": lambda a: _frozen(a),
    "at an odd address": lambda a: (
        np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(np.float32).reshape(a.shape)
    ),
    "matrix": np.asmatrix,
    "masked nowhere": np.ma.array,
    "float16": lambda a: a.astype(np.float16),
    "long double": lambda a: a.astype(np.longdouble),
    "int32": lambda a: a.astype(np.int32),
    "uint8": lambda a: a.astype(np.uint8),
    "lists": lambda a: a.tolist(),
    "list of rows": list,
    "a buffer": lambda a: memoryview(a),
}


def _frozen(array):
    copy = array.copy()
    copy.setflags(write=False)
    return copy


@pytest.fixture(scope="module")
def product():
    x, w = gn.input("x", ("batch", 3)), gn.parameter(np.arange(6.0).reshape(3, 2), "w")
    return gn.Program(x @ w)


@pytest.mark.parametrize("form", SAME_NUMBERS)
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_the_same_numbers_in_another_form_give_the_same_result(product, form) -> None:
    array = np.arange(12, dtype=np.float32).reshape(4, 3)
    fed = SAME_NUMBERS[form](array)
    np.testing.assert_array_equal(
        product.run({"x": fed}), array @ np.arange(6.0, dtype=np.float32).reshape(3, 2)
    )


@pytest.mark.parametrize("form", SAME_NUMBERS)
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_rows_in_another_form_train_to_the_same_bits(form) -> None:
    array = np.arange(12, dtype=np.float32).reshape(4, 3)

    def trained(rows):
        x, w = gn.input("x", ("batch", 3)), gn.parameter(np.zeros((3, 1)), "w")
        trainer = gn.Trainer(((x @ w - 1.0) ** 2.0).mean(), gn.optim.SGD(0.001))
        trainer.fit({"x": rows}, epochs=2, batch=3, progress=False)
        return w.value

    np.testing.assert_array_equal(trained(SAME_NUMBERS[form](array)), trained(array))


def test_an_empty_batch_gives_results_without_rows_and_means_that_are_nan(product) -> None:
    x = gn.input("x", ("batch", 3))
    rows, total, mean = gn.Program([x * 2.0, x.sum(), x.mean()]).run({"x": np.ones((0, 3))})
    assert rows.shape == (0, 3) and total == 0.0 and np.isnan(mean)
    assert product.run({"x": np.ones((0, 3))}).shape == (0, 2)


def test_a_batch_that_no_machine_holds_is_refused_before_anything_is_allocated() -> None:
    x = gn.input("x", ("batch", 64))
    y = gn.Program(gn.relu(x) @ gn.parameter(np.ones((64, 1)), "w"))
    with pytest.raises(
        gn.ShapeError, match=r"needs \d+\.\d GB, more than this machine has. Use a smaller batch"
    ):
        y.memory(batch=2**40)
