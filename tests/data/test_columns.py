"""Columns are learned once and read every later table alike; what does not fit gets a sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphnn as gn
from graphnn.data import Columns

TRAIN = "size,colour,kind\n1.5,red,cat\n2,blue,dog\n-3e1,red,cat\n"


def table(folder, text, name: str = "table.csv"):
    path = folder / name
    path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    return path


@pytest.fixture
def learned(tmp_path) -> Columns:
    return Columns.learn(table(tmp_path, TRAIN, "train.csv"))


def test_the_training_table_tells_kinds_words_and_ranges(learned) -> None:
    size, colour = learned.features
    assert (size.kind, size.low, size.high, size.fill) == ("number", -30.0, 2.0, None)
    assert (colour.kind, colour.words, colour.features) == (
        "words",
        ("blue", "red"),
        ("colour=blue", "colour=red"),
    )
    assert (learned.target, learned.kind, learned.classes) == ("kind", "classes", ("cat", "dog"))
    assert learned.learned_rows == 3 and learned.names == ("size", "colour=blue", "colour=red")


def test_the_training_table_is_read_as_read_csv_reads_it(learned, tmp_path) -> None:
    ours, theirs = learned.read(tmp_path / "train.csv"), gn.data.read_csv(tmp_path / "train.csv")
    np.testing.assert_array_equal(ours.x, theirs.x)
    np.testing.assert_array_equal(ours.y, theirs.y)
    assert (ours.classes, ours.columns, ours.name) == (theirs.classes, theirs.columns, theirs.name)


def test_later_tables_may_have_other_orders_delimiters_and_columns(learned, tmp_path) -> None:
    later = table(tmp_path, "smell;kind;colour;size\nx;dog;red;7\ny;cat;red;8\n")
    data = learned.read(later)
    np.testing.assert_array_equal(data.x, np.array([[7, 0, 1], [8, 0, 1]], np.float32))
    np.testing.assert_array_equal(data.y, [1, 0])
    assert data.classes == ("cat", "dog")


def test_without_a_target_there_is_none(learned, tmp_path) -> None:
    data = learned.read(table(tmp_path, "size,colour\n7,red\n"), with_target=False)
    assert data.y.shape == (1, 0) and len(data) == 1
    alone = Columns.learn({"a": [1.5, 2], "b": [1, 0]}).read(
        table(tmp_path, "a\n1\n2\n3\n"), with_target=False
    )
    np.testing.assert_array_equal(alone.x[:, 0], [1, 2, 3])


def test_rows_and_columns_in_memory_are_read_like_files(learned) -> None:
    wanted = np.array([[7.25, 1, 0], [-1, 0, 1]], np.float32)
    rows = [
        {"colour": "blue", "size": 7.25, "kind": "cat"},
        {"size": "-1", "colour": " red ", "kind": "dog", "z": 1},
    ]
    np.testing.assert_array_equal(learned.rows(rows).x, wanted)
    np.testing.assert_array_equal(learned.rows(rows, with_target=True).y, [0, 1])
    columns = {"size": np.array([7.25, -1.0], np.float32), "colour": np.array(["blue", "red"])}
    np.testing.assert_array_equal(learned.read(columns, with_target=False).x, wanted)


def test_large_tables_are_read_piece_by_piece_with_the_same_result(tmp_path) -> None:
    rng = np.random.default_rng(0)
    values, words = rng.normal(size=10_000), rng.choice(["a", "b", "c"], 10_000)
    path = table(
        tmp_path, "x,w,y\n" + "".join(f"{v!r},{w},{v * 2!r}\n" for v, w in zip(values.tolist(), words))
    )
    columns = Columns.learn(path)
    pieces = list(columns.stream(path))
    assert len(pieces) > 2 and sum(map(len, pieces)) == 10_000
    whole = columns.read(path)
    np.testing.assert_array_equal(whole.x[:, 0], values.astype(np.float32))
    np.testing.assert_array_equal(whole.x[:, 1:], (words[:, None] == ["a", "b", "c"]).astype(np.float32))
    np.testing.assert_array_equal(whole.y[:, 0], (values * 2).astype(np.float32))
    np.testing.assert_array_equal(np.concatenate([p.x for p in pieces]), whole.x)


GAPS = "a,b,kind\n1,red,x\n,red,y\n4,?,x\n10,blue,y\n1,NA,y\n"


@pytest.mark.parametrize(("policy", "number"), [("mean", 4.0), ("median", 2.5), ("most", 1.0)])
def test_missing_cells_are_filled_from_the_training_table_now_and_later(tmp_path, policy, number) -> None:
    columns = Columns.learn(table(tmp_path, GAPS), missing=policy)
    x = columns.read(tmp_path / "table.csv").x
    np.testing.assert_array_equal(x[:, 0], [1, number, 4, 10, 1])
    np.testing.assert_array_equal(x[:, 2], [1, 1, 1, 0, 1])
    again = Columns.from_dict(json.loads(json.dumps(columns.as_dict())))
    filled = again.rows([{"a": None, "b": float("nan")}, {}, {"a": "n/a", "b": ""}])
    np.testing.assert_array_equal(filled.x, [[number, 0, 1]] * 3)
    np.testing.assert_array_equal(gn.data.read_csv(tmp_path / "table.csv", missing=policy).x, x)


def test_columns_may_have_policies_of_their_own(tmp_path) -> None:
    path = table(tmp_path, GAPS)
    assert Columns.learn(path, missing={"a": "mean", "b": "most"}).features[0].fill == 4.0
    with pytest.raises(gn.DataError, match=r"column 'b' has no value in row 3 \('\?'\), and in 1 more"):
        Columns.learn(path, missing={"a": "mean"})
    with pytest.raises(gn.DataError, match="no column 'c'"):
        Columns.learn(path, missing={"c": "mean"})


def test_unseen_words_are_an_error_or_none_of_the_words(tmp_path, learned) -> None:
    row = [{"size": 1, "colour": "rad", "kind": "cat"}]
    with pytest.raises(
        gn.DataError, match=r"column 'colour', row 1: the word 'rad' was not.*Did you mean 'red'"
    ):
        learned.rows(row)
    lenient = Columns.learn(tmp_path / "train.csv", unseen="zeros")
    np.testing.assert_array_equal(lenient.rows(row).x, [[1, 0, 0]])


def test_whole_numbers_name_classes_however_they_are_written(tmp_path) -> None:
    columns = Columns.learn(table(tmp_path, "a,y\n1,0\n2,1\n3,1\n4,0\n"))
    assert columns.classes == ("0", "1")
    assert columns.read({"a": [1, 2, 3, 4], "y": ["1.0", 0, 1.0, "00"]}).y.tolist() == [1, 0, 1, 0]
    numbers = Columns.learn(tmp_path / "table.csv", kind="numbers")
    assert numbers.kind == "numbers" and numbers.read(tmp_path / "table.csv").y.tolist() == [
        [0],
        [1],
        [1],
        [0],
    ]
    values = {"a": list(range(40)), "y": [k * 0.5 for k in range(40)]}
    assert Columns.learn(values).kind == "numbers"
    with pytest.raises(gn.DataError, match="classes are words or at most 20 whole numbers"):
        Columns.learn(values, kind="classes")
    with pytest.raises(gn.DataError, match="row 1 is 'x', but a target of numbers is wanted"):
        Columns.learn({"a": [1, 2], "y": ["x", "y"]}, kind="numbers")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("size,kind\n1,cat\n", "there is no column 'colour', learned from the training data"),
        ("size,colour\n1,red\n", "there is no column 'kind', the target"),
        ("size,color,kind\n1,red,cat\n", "Did you mean 'color'"),
        (
            "size,colour,kind\nbig,red,cat\n",
            "column 'size', row 1 is 'big', wanted a number as in the training",
        ),
        ("size,colour,kind\n1,red,cat\n,red,cat\n", "column 'size' has no value in row 2"),
        ("size,colour,kind\ninf,red,cat\n", "column 'size', row 1 is 'inf', not finite"),
        ("size,colour,kind\n1e40,red,cat\n", "column 'size', row 1 is beyond float32's range"),
        (
            "size,colour,kind\n1,red,cat\n1,green,cat\n",
            "row 2: the word 'green' was not in the training data",
        ),
        ("size,colour,kind\n1,NA,cat\n", "column 'colour' has no value in row 1"),
        (
            "size,colour,kind\n1,red,bird\n",
            "column 'kind', row 1: the label 'bird' was not in the training data",
        ),
        ("size,colour,kind\n1,red,\n", "the label '' was not in the training data"),
        ("size,colour,kind\n1,red\n", "row 1 has 2 cells, but there are 3 column names"),
        ("size,colour,kind\n", "found 1 lines"),
        ("", "found 0 lines"),
        (b"size,colour,kind\n1,r\xffed,cat\n", "as a table"),
        ("size,colour,kind,size\n1,red,cat,2\n", "two columns are called 'size'"),
    ],
)
def test_later_tables_that_do_not_fit_get_a_sentence(learned, tmp_path, text, words) -> None:
    with pytest.raises(gn.DataError, match=words):
        learned.read(table(tmp_path, text))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: c.rows([]), "there are no rows"),
        (lambda c: c.rows({"size": 1}), "wanted a list of"),
        (lambda c: c.rows("size"), "wanted a list of"),
        (lambda c: c.rows([3]), "row 1 is 3, wanted"),
        (
            lambda c: c.rows([{"size": [1], "colour": "red"}]),
            "holds .1., wanted numbers and texts|wanted numbers",
        ),
        (lambda c: c.rows([{"colour": "red"}]), "no column 'size'"),
        (lambda c: c.rows([{"colour": "red", "size": 1}, {"colour": "red"}]), "no value in row 2"),
        (lambda c: c.read({"size": [1, 2], "colour": ["red"], "kind": ["cat"]}), "unequal numbers of rows"),
        (lambda c: c.read({"size": 3}), "wanted .name: a value for each row"),
        (lambda c: c.read({}), "there are no rows"),
        (lambda c: c.read({"size": np.zeros((2, 2))}), "has shape .2, 2., wanted .rows,."),
        (lambda c: c.read(7), "wanted the path of a CSV file"),
        (lambda c: c.read("absent.csv"), "cannot read absent.csv"),
        (lambda c: Columns.learn({"a": [1], "y": [1]}, missing="guess"), "missing is one of"),
        (lambda c: Columns.learn({"a": [1], "y": [1]}, unseen="guess"), "unseen is 'error' or 'zeros'"),
        (lambda c: Columns.learn({"a": [1], "y": [1]}, kind="guess"), "kind is 'classes' or 'numbers'"),
        (lambda c: Columns.learn({"a": [1], "y": [1]}, target=True), "found True"),
        (
            lambda c: Columns.learn({"a": [None, ""], "y": [1, 2]}, missing="mean"),
            "no value in any of 2 rows",
        ),
        (
            lambda c: Columns.learn({"a": [1, 2], "y": ["u", None]}, missing="most"),
            "without a target nothing",
        ),
        (
            lambda c: Columns.learn({"a": [f"w{k}" for k in range(11_000)], "y": [0, 1] * 5500}),
            "more than 10000 different words",
        ),
    ],
)
def test_wrong_calls_get_a_sentence(learned, call, words) -> None:
    with pytest.raises(gn.GraphnnError, match=words):
        call(learned)


def test_one_row_and_one_class_are_read_and_refused_for_training(tmp_path) -> None:
    one = gn.data.read_csv(table(tmp_path, "a,y\n1,u\n"))
    with pytest.raises(gn.DataError, match="the data have 1 row; at least 2"):
        gn.data.check_for_training(one, "classes")
    alike = gn.data.read_csv(table(tmp_path, "a,y\n1,u\n2,u\n3,u\n"))
    with pytest.raises(gn.DataError, match="all rows are of one class, 'u'"):
        gn.data.check_for_training(alike, "classes")
    gn.data.check_for_training(gn.data.iris(), "classes")
    gn.data.check_for_training(gn.data.diabetes(), "numbers")


def data(x, y, **names) -> gn.data.Dataset:
    return gn.data.Dataset(np.asarray(x), np.asarray(y), **names)


@pytest.mark.parametrize(
    ("rows", "kind", "words"),
    [
        (lambda: [1, 2], "classes", "wanted a gn.data.Dataset"),
        (gn.data.iris, "labels", "kind is 'classes' or 'numbers'"),
        (lambda: data(np.zeros((0, 2)), np.zeros(0, int)), "classes", "the data have no rows"),
        (lambda: data(np.zeros((3, 0)), [0, 1, 2]), "classes", "there is no feature"),
        (lambda: data(np.zeros((3, 2)), np.zeros((3, 0))), "numbers", "there is no target"),
        (lambda: data([["a"], ["b"]], [0, 1]), "classes", "x holds <U1, wanted numbers"),
        (lambda: data([[1.0], [np.inf]], [0, 1]), "classes", "x holds NaN or infinity, first in row 1"),
        (lambda: data([[1.0], [2.0]], [[0.0], [np.nan]]), "numbers", "y holds NaN or infinity"),
        (gn.data.iris, "numbers", "which are labels of classes; wanted floats"),
        (gn.data.diabetes, "classes", "wanted labels of classes"),
        (lambda: data([[1.0], [2.0]], [-1, 1]), "classes", "labels lie from -1 to 1"),
        (lambda: data([[1.0], [2.0]], [0, 5], classes=("a", "b")), "classes", "there are 2 classes"),
        (lambda: data([[1.0], [2.0]], [4, 4]), "classes", "one class, '4'"),
    ],
)
def test_data_that_teach_nothing_get_a_sentence(rows, kind, words) -> None:
    with pytest.raises(gn.GraphnnError, match=words):
        gn.data.check_for_training(rows(), kind)


def test_columns_survive_json(learned, tmp_path) -> None:
    again = Columns.from_dict(json.loads(json.dumps(learned.as_dict())))
    assert again == learned
    np.testing.assert_array_equal(
        again.read(tmp_path / "train.csv").x, learned.read(tmp_path / "train.csv").x
    )


def changed(*path, to):
    """A change of one place of the dict; `...` takes the entry out."""

    def change(content):
        place = content
        for key in path[:-1]:
            place = place[key]
        if to is ...:
            del place[path[-1]]
        else:
            place[path[-1]] = to
        return content

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: None, "wanted a dict"),
        (lambda c: [], "wanted a dict"),
        (changed("format", to="other"), "format is 'other'"),
        (changed("version", to=2), "version is 2"),
        (changed("version", to=True), "version is True"),
        (changed("target", to=...), "lacks 'target'"),
        (changed("target", to=3), "target: wanted a text"),
        (changed("more", to=3), "holds 'more'"),
        (changed("classes", to="cat"), "classes: wanted a list"),
        (changed("classes", to=["a", "a"]), "found 'a' twice"),
        (changed("classes", to=["a", 1]), "classes.1.: wanted a text"),
        (changed("unseen", to="?"), "unseen is"),
        (changed("learned_rows", to=-1), "learned_rows is -1"),
        (changed("learned_rows", to=True), "learned_rows is True"),
        (changed("features", to=[]), "at least one column"),
        (changed("features", to={}), "at least one column"),
        (changed("features", 0, to="size"), "features.0.: wanted a column of kind"),
        (changed("features", 0, "kind", to="picture"), "wanted a column of kind"),
        (changed("features", 0, "low", to="1"), "low: wanted a finite number"),
        (changed("features", 0, "low", to=float("nan")), "low: wanted a finite number"),
        (changed("features", 0, "high", to=float("inf")), "high: wanted a finite number"),
        (changed("features", 0, "high", to=10**400), "high: wanted a finite number"),
        (changed("features", 0, "high", to=-99), "above high"),
        (changed("features", 0, "fill", to="red"), "fill: wanted a finite number"),
        (changed("features", 0, "name", to="colour"), "two columns are called 'colour'"),
        (changed("features", 0, "name", to="kind"), "two columns are called 'kind'"),
        (changed("features", 1, "words", to=[]), "at least one word"),
        (changed("features", 1, "words", to=["a"] * 20_000), "at most 10000"),
        (changed("features", 1, "fill", to="green"), "none of the words"),
        (changed("features", 1, "fill", to=["red"]), "none of the words"),
        (changed("features", 1, "words", to=...), "lacks 'words'"),
    ],
)
def test_columns_from_a_stranger_are_checked(learned, change, words) -> None:
    with pytest.raises(gn.DataError, match=words):
        Columns.from_dict(change(json.loads(json.dumps(learned.as_dict()))))
