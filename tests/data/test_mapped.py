"""Data larger than memory: written piece by piece, mapped, trained on in place; damaged files get a sentence."""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
import sys

import numpy as np
import pytest

import graphnn as gn


def same(a: gn.data.Dataset, b: gn.data.Dataset) -> None:
    for one, other in ((a.x, b.x), (a.y, b.y)):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    assert a.classes == b.classes and a.columns == b.columns


def test_a_dataset_comes_back_as_it_was_read_only_and_not_copied(tmp_path) -> None:
    data = gn.data.iris()
    assert gn.data.save_arrays(tmp_path / "iris", data) == tmp_path / "iris"
    back = gn.data.map_arrays(tmp_path / "iris")
    same(back, data)
    assert back.name == "iris" and not back.x.flags.writeable and type(back.x) is np.ndarray
    np.testing.assert_array_equal(np.load(tmp_path / "iris" / "x.npy"), data.x)
    assert isinstance(back.x.base, np.memmap)
    two = gn.data.map_arrays(tmp_path / "iris" / "x.npy", tmp_path / "iris" / "y.npy")
    np.testing.assert_array_equal(two.x, data.x)


def test_pieces_are_joined_in_order_and_made_one_at_a_time(tmp_path) -> None:
    alive = []

    def pieces():
        for k in range(5):
            alive.append(k)
            yield np.full((k, 2, 3), k, np.float16), np.full(k, k, np.uint8)

    gn.data.save_arrays(tmp_path / "a", pieces(), classes="abcde", columns=["u", "v"])
    data = gn.data.map_arrays(tmp_path / "a")
    assert data.x.shape == (10, 2, 3) and data.x.dtype == np.float32 and data.y.dtype == np.int64
    np.testing.assert_array_equal(data.y, np.repeat(np.arange(5), np.arange(5)))
    np.testing.assert_array_equal(data.x[:, 0, 0], data.y)
    assert data.classes == tuple("abcde") and data.columns == ("u", "v")


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "bool", "uint8"])
def test_dtypes_become_those_of_kernels(tmp_path, dtype) -> None:
    x = np.array([[0, 1], [1, 0]], dtype)
    gn.data.save_arrays(tmp_path / "a", [(x, x[:, 0])])
    data = gn.data.map_arrays(tmp_path / "a")
    assert data.x.dtype == (dtype if dtype.startswith("float") else np.int64)
    np.testing.assert_array_equal(data.x, x)


def test_no_rows_can_be_written_and_mapped(tmp_path) -> None:
    gn.data.save_arrays(tmp_path / "a", gn.data.Dataset(np.zeros((0, 3), np.float32), np.zeros(0, np.int64)))
    assert gn.data.map_arrays(tmp_path / "a").x.shape == (0, 3)


def test_an_error_on_the_way_leaves_nothing(tmp_path) -> None:
    def breaking():
        yield np.zeros((2, 3)), np.zeros(2)
        raise KeyError("the source broke")

    with pytest.raises(KeyError, match="the source broke"):
        gn.data.save_arrays(tmp_path / "a", breaking())
    assert os.listdir(tmp_path) == []


def pair(x, y=None):
    return np.asarray(x), np.zeros(len(x)) if y is None else np.asarray(y)


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([], "no piece of data"),
        (3, "wanted a Dataset or pieces"),
        ([np.zeros(3)], "a piece is a Dataset or a pair"),
        ([pair([[1.0], [2.0]], [0.0])], "x has 2 rows and y 1"),
        (
            [pair([[1.0]]), pair([[1.0, 2.0]])],
            "piece 2: x is float64 .1, 2., but the first piece has rows of",
        ),
        ([pair([[1.0]]), pair([[1]])], "piece 2: x is int64"),
        ([pair([[1.0], [np.nan]])], "piece 1: x holds NaN or infinity, first in row 1"),
        ([pair([["a"]])], "wanted rows of numbers"),
        ([(np.float32(1), np.zeros(1))], "wanted rows of numbers"),
        ([(np.array([[2**64 - 1]], np.uint64), np.zeros(1))], "beyond int64's range"),
    ],
)
def test_wrong_pieces_get_a_sentence_and_leave_nothing(tmp_path, pieces, words) -> None:
    with pytest.raises(gn.DataError, match=words):
        gn.data.save_arrays(tmp_path / "a", pieces)
    assert os.listdir(tmp_path) == []


def test_what_exists_is_not_overwritten(tmp_path) -> None:
    gn.data.save_arrays(tmp_path / "a", gn.data.iris())
    with pytest.raises(gn.DataError, match="exists already"):
        gn.data.save_arrays(tmp_path / "a", gn.data.wine())
    same(gn.data.map_arrays(tmp_path / "a"), gn.data.iris())


def npy(shape: str, content: bytes, descr: str = "'<f4'", order: str = "False") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "damaged header"),
        (b"\x93NUMPY", "damaged header"),
        (b"PK\x03\x04 and so on", "damaged header"),
        (npy("(2,", b"\0" * 8), "damaged header"),
        (npy("('a',)", b"\0" * 8), "damaged header"),
        (npy("(2,)", b"\0" * 7), "8 bytes, but 7 follow. The file is damaged"),
        (npy("(2,)", b"\0" * 9), "8 bytes, but 9 follow"),
        (npy("(2, 2**61)", b"\0" * 8), "damaged header"),
        (npy("(2, 4611686018427387904)", b"\0" * 8), "bytes, but 8 follow"),
        (npy("(-2,)", b""), "claims the shape"),
        (npy("()", b"\0" * 4), "a single number, wanted rows"),
        (npy("(1,)", b"\0" * 8, "'|O'"), "holds object, wanted numbers"),
        (npy("(1,)", b"\0" * 8, "'<U2'"), "wanted numbers"),
        (npy("(2,)", b"\0" * 8, "'>f4'"), "holds >f4, and kernels read float32"),
        (npy("(4,)", b"\0" * 8, "'<f2'"), "kernels read float32"),
        (npy("(8,)", b"\0" * 8, "'|u1'"), "Convert it by gn.data.save_arrays"),
        (npy("(1, 2)", b"\0" * 8, order="True"), "columns one after another"),
    ],
)
def test_damaged_and_foreign_npy_files_get_a_sentence(tmp_path, content, words) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    np.save(tmp_path / "y.npy", np.zeros(2, np.int64))
    with pytest.raises(gn.DataError, match=words):
        gn.data.map_arrays(tmp_path / "x.npy", tmp_path / "y.npy")


def test_a_file_cut_anywhere_is_refused_before_it_is_mapped(tmp_path) -> None:
    gn.data.save_arrays(tmp_path / "a", gn.data.iris())
    path = tmp_path / "a" / "x.npy"
    whole = path.read_bytes()
    for end in [*range(0, 300, 7), len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:end])
        with pytest.raises(gn.DataError):
            gn.data.map_arrays(tmp_path / "a")


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        (b"", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"[]", "wanted format"),
        (json.dumps({"format": "graphnn data", "version": 9}).encode(), "version is 9"),
        (json.dumps({"format": "graphnn data", "version": 1, "classes": [1]}).encode(), "classes is"),
    ],
)
def test_damaged_notes_get_a_sentence(tmp_path, notes, words) -> None:
    gn.data.save_arrays(tmp_path / "a", gn.data.iris())
    (tmp_path / "a" / "data.json").write_bytes(notes)
    with pytest.raises(gn.DataError, match=words):
        gn.data.map_arrays(tmp_path / "a")


def test_absent_files_and_unequal_rows_get_a_sentence(tmp_path) -> None:
    with pytest.raises(gn.DataError, match=r"Wanted a folder of gn\.data\.save_arrays"):
        gn.data.map_arrays(tmp_path / "absent")
    with pytest.raises(gn.DataError, match="cannot map"):
        gn.data.map_arrays(tmp_path / "x.npy", tmp_path / "y.npy")
    for name, rows in (("x", 2), ("y", 3)):
        np.save(tmp_path / f"{name}.npy", np.zeros(rows, np.float32))
    with pytest.raises(gn.ShapeError, match="rows must be equally many"):
        gn.data.map_arrays(tmp_path / "x.npy", tmp_path / "y.npy")


def test_a_csv_file_is_converted_as_it_is_read(tmp_path) -> None:
    rng = np.random.default_rng(0)
    rows = "".join(
        f"{a:.5f},{'red' if b else 'blue'},{c}\n"
        for a, b, c in zip(rng.normal(size=9000), rng.integers(2, size=9000), rng.integers(3, size=9000))
    )
    (tmp_path / "t.csv").write_text("size,colour,kind\n" + rows)
    data, columns = gn.data.convert_csv(tmp_path / "t.csv", tmp_path / "t", target="kind")
    same(data, gn.data.read_csv(tmp_path / "t.csv", target="kind"))
    again, _ = gn.data.convert_csv(tmp_path / "t.csv", tmp_path / "u", columns=columns)
    same(again, data)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_files_are_converted_as_they_are_read(tmp_path, monkeypatch, pack) -> None:
    monkeypatch.setattr("graphnn.data.converting._PIECE_BYTES", 100)
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (37, 5, 4), np.uint8), rng.integers(0, 7, 37, np.uint8)
    for name, array in (("i", images), ("l", labels)):
        head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        (tmp_path / name).write_bytes(pack(head + array.tobytes()))
    data = gn.data.convert_idx(tmp_path / "i", tmp_path / "l", tmp_path / "out")
    same(data, gn.data.read_idx(tmp_path / "i", tmp_path / "l"))
    (tmp_path / "i").write_bytes(pack(head + b"1"))
    with pytest.raises(gn.DataError):
        gn.data.convert_idx(tmp_path / "i", tmp_path / "l", tmp_path / "broken")
    assert not (tmp_path / "broken").exists()


def test_training_on_mapped_rows_gives_the_bits_of_training_in_memory(tmp_path) -> None:
    found = []
    data = gn.data.digits()
    gn.data.save_arrays(tmp_path / "d", data)
    for rows in (data, gn.data.map_arrays(tmp_path / "d")):
        x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
        logits = gn.nn.Dense(10, seed=1)(x)
        trainer = gn.Trainer(gn.softmax_cross_entropy(logits, y), gn.optim.SGD(0.1), output=logits)
        trainer.fit(rows, epochs=2, progress=False)
        found.append(trainer.predict(rows.x).tobytes())
    assert found[0] == found[1]


CHILD = """
import resource, sys
import numpy as np
import graphnn as gn

def own():
    told = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(told["RssAnon"].split()[0]) * 1024, int(told["VmData"].split()[0]) * 1024

def train(data):
    x, y = gn.input("x", ("batch", 1000)), gn.input("y", ("batch",), "int64")
    logits = gn.nn.Dense(4, seed=1)(x)
    trainer = gn.Trainer(gn.softmax_cross_entropy(logits, y), gn.optim.SGD(0.01), output=logits)
    trainer.fit(data, epochs=1, batch=500, progress=False, validation=data)
    gn.data.standardize(data)
    data.digest()
    gn.data.check_for_training(data, "classes")

train(gn.data.Dataset(np.zeros((600, 1000), np.float32), np.arange(600) % 4))  # what is compiled and loaded once
before, taken = own()
resource.setrlimit(resource.RLIMIT_DATA, (taken + int(sys.argv[3]), taken + int(sys.argv[3])))
train(gn.data.map_arrays(sys.argv[1], sys.argv[2]))
after, _ = own()
print(after - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the system does not tell of memory so")
def test_a_file_is_trained_on_within_a_fraction_of_its_size(tmp_path) -> None:
    """The child may allocate 100 MB more, by the system's own limit, and the file has 400 MB."""
    rows, allowed = 100_000, 100_000_000
    with (tmp_path / "x.npy").open("wb") as file:
        file.write(npy(f"({rows}, 1000)", b""))
        file.truncate(file.tell() + rows * 4000)  # a hole of zeros takes no room on the disk
    np.save(tmp_path / "y.npy", np.arange(rows) % 4)
    paths = [str(tmp_path / f"{word}.npy") for word in "xy"]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *paths, str(allowed)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    grown = int(done.stdout.split()[-1])
    print(f"400 MB were trained on, measured, scaled and told by their digest with {grown / 1e6:.0f} MB more")
    assert grown < allowed
