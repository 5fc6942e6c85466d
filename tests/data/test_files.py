"""Files become the data that they hold; damaged, ragged, empty and lying ones get a sentence, and take no memory."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile

import numpy as np
import pytest

import graphnn as gn


def table(folder, text: str, name: str = "table.csv"):
    path = folder / name
    path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    return path


def test_a_table_of_numbers_and_words_becomes_features_and_classes(tmp_path) -> None:
    path = table(tmp_path, "size,colour,kind\n1.5,red,cat\n2,blue,dog\n-3e1,red,cat\n")
    data = gn.data.read_csv(path)
    assert data.columns == ("size", "colour=blue", "colour=red") and data.classes == ("cat", "dog")
    np.testing.assert_array_equal(data.x, np.array([[1.5, 0, 1], [2, 1, 0], [-30, 0, 1]], np.float32))
    np.testing.assert_array_equal(data.y, [0, 1, 0])
    other = gn.data.read_csv(path, target="size", drop=["colour"])
    assert (
        other.columns == ("kind=cat", "kind=dog") and other.y.dtype == np.float32 and other.y.shape == (3, 1)
    )


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, mark) -> None:
    data = gn.data.read_csv(table(tmp_path, f"a{mark}b\n1{mark}2\n3{mark}4\n5{mark}7.5\n"), target="b")
    np.testing.assert_array_equal(data.x[:, 0], [1, 3, 5])


def test_few_whole_numbers_are_classes_and_many_are_values(tmp_path) -> None:
    rows = "".join(f"{k},{k % 3},{k * 7}\n" for k in range(60))
    path = table(tmp_path, "a,few,many\n" + rows)
    assert gn.data.read_csv(path, target="few").classes == ("0", "1", "2")
    assert gn.data.read_csv(path, target="many").y.shape == (60, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "found 0 lines"),
        ("a,b\n", "found 1 lines"),
        ("a\n1\n", "only one column"),
        ("a,b\n1,2\n3\n", "row 2 has 1 cells, but there are 2 column names"),
        ("a,a\n1,2\n", "two columns are called 'a'"),
        ("a,b\n,2\n3,4\n", "column 'a' has no value in row 1"),
        ("a,b\nnan,2\n3,4\n", "column 'a' has no value in row 1"),
        ("a,b\ninf,2\n3,4\n", "column 'a', row 1 is 'inf', not finite"),
        ("a,b\n1e99,2\n3,4\n", "row 1 is beyond float32's range"),
        ("a,b\n1,2\n3,4\nx,5\n4,5\n" + "1,2\n" * 30, "row 3 is 'x', but nearly all others are numbers"),
        ('a,b\n1,"2\n', "as a table"),
        (b"\xff\xfe\x00\x01", "as a table"),
        ("a,b\n1,2\x00\n", "bytes of 0"),
    ],
)
def test_wrong_tables_get_a_sentence(tmp_path, text, words) -> None:
    path = table(tmp_path, text)
    with pytest.raises(gn.DataError, match=words):
        gn.data.read_csv(path)


def test_unknown_columns_and_files_get_a_sentence(tmp_path) -> None:
    path = table(tmp_path, "size,kind\n1,2\n3,4\n")
    with pytest.raises(gn.DataError, match=r"no column 'sise'.*Did you mean 'size'"):
        gn.data.read_csv(path, target="sise")
    with pytest.raises(gn.DataError, match="no column 'b' to drop"):
        gn.data.read_csv(path, drop=["b"])
    with pytest.raises(gn.DataError, match="no column is left"):
        gn.data.read_csv(path, drop=["size"])
    with pytest.raises(gn.DataError, match="one of 2 columns, found 7"):
        gn.data.read_csv(path, target=7)
    with pytest.raises(gn.DataError, match="cannot read"):
        gn.data.read_csv(tmp_path / "absent.csv")


def test_npz_gives_its_arrays(tmp_path) -> None:
    x, y = np.arange(12.0).reshape(4, 3), np.array([0, 1, 1, 0], np.uint8)
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", x=np.asfortranarray(x), labels=y)
        data = gn.data.read_npz(tmp_path / "a.npz", y="labels")
        np.testing.assert_array_equal(data.x, x)
        assert data.y.dtype == np.int64 and data.y.tolist() == [0, 1, 1, 0]


def lying_npz(path, shape: str, content: bytes) -> None:
    """An array whose header claims what does not follow."""
    head = io.BytesIO()
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    head.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", head.getvalue())
        archive.writestr("y.npy", head.getvalue())


@pytest.mark.parametrize("shape", ["(10000000000000,)", "(3,)", "(-1,)", "(2, 2**60)", "('a',)", "(,"])
def test_an_npz_that_claims_more_than_it_has_takes_no_memory(tmp_path, shape) -> None:
    lying_npz(tmp_path / "a.npz", shape, b"\0" * 8)
    with pytest.raises(gn.DataError, match=r"a\.npz: array 'x'"):
        gn.data.read_npz(tmp_path / "a.npz")


def test_npz_refuses_objects_words_and_damage(tmp_path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.array([{}], object), y=np.zeros(1))
    with pytest.raises(gn.DataError, match="holds object"):
        gn.data.read_npz(path)
    np.savez(path, x=np.array([np.nan]), y=np.zeros(1))
    with pytest.raises(gn.DataError, match="finite numbers"):
        gn.data.read_npz(path)
    with pytest.raises(gn.DataError, match="no array 'z'"):
        gn.data.read_npz(path, x="z")
    whole = path.read_bytes()
    for cut in (0, 10, len(whole) // 2):
        path.write_bytes(whole[:cut])
        with pytest.raises(gn.DataError, match="cannot read"):
            gn.data.read_npz(path)


def idx(array: np.ndarray, code: int = 0x08) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + array.tobytes()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_gives_pictures_and_labels(tmp_path, pack) -> None:
    images, labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.array([7, 0], np.uint8)
    (tmp_path / "i").write_bytes(pack(idx(images)))
    (tmp_path / "l").write_bytes(pack(idx(labels)))
    data = gn.data.read_idx(tmp_path / "i", tmp_path / "l")
    np.testing.assert_allclose(data.x[:, 0], images / 255.0, rtol=1e-6)
    assert data.y.tolist() == [7, 0] and data.x.shape == (2, 1, 3, 4)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0",
        b"PNG!",
        b"\0\0\x08\x03\0\0",
        struct.pack(">HBB3I", 0, 8, 3, 2**31, 2**31, 2**31),
        struct.pack(">HBB3I", 0, 8, 3, 2, 2, 2) + b"1234567",
        struct.pack(">HBB3I", 0, 8, 3, 2, 2, 2) + b"123456789",
    ],
)
def test_damaged_idx_files_get_a_sentence(tmp_path, content, pack) -> None:
    (tmp_path / "i").write_bytes(pack(content))
    (tmp_path / "l").write_bytes(idx(np.zeros(2, np.uint8)))
    with pytest.raises((gn.DataError, gn.ShapeError)):
        gn.data.read_idx(tmp_path / "i", tmp_path / "l")


def test_idx_files_must_belong_together(tmp_path) -> None:
    (tmp_path / "i").write_bytes(idx(np.zeros((3, 2, 2), np.uint8)))
    (tmp_path / "l").write_bytes(idx(np.zeros(2, np.uint8)))
    with pytest.raises(gn.DataError, match="wanted images"):
        gn.data.read_idx(tmp_path / "i", tmp_path / "l")


def test_idx_labels_beyond_reason_are_refused(tmp_path) -> None:
    (tmp_path / "i").write_bytes(idx(np.zeros((1, 2, 2), np.uint8)))
    for label in (-1, 2**31 - 1):
        (tmp_path / "l").write_bytes(idx(np.array([label], ">i4"), 0x0C))
        with pytest.raises(gn.DataError, match="labels are whole numbers"):
            gn.data.read_idx(tmp_path / "i", tmp_path / "l")


def pictures(folder, sizes) -> None:
    from PIL import Image

    for number, size in enumerate(sizes):
        (folder / "ab"[number % 2]).mkdir(exist_ok=True)
        Image.new("RGB", size, (255, 0, 51 * number)).save(folder / "ab"[number % 2] / f"{number}.png")


def test_a_folder_of_pictures_has_a_class_per_folder(tmp_path) -> None:
    pictures(tmp_path, [(4, 6)] * 3)
    data = gn.data.read_folder(tmp_path, color="rgb")
    assert data.classes == ("a", "b") and data.y.tolist() == [0, 0, 1] and data.x.shape == (3, 3, 6, 4)
    np.testing.assert_allclose(data.x[2, :, 0, 0], [1.0, 0.0, 0.2], rtol=1e-6)
    assert gn.data.read_folder(tmp_path, size=(5, 5)).x.shape == (3, 1, 5, 5)


def test_folders_without_pictures_or_with_odd_ones_get_a_sentence(tmp_path) -> None:
    with pytest.raises(gn.DataError, match="no picture"):
        gn.data.read_folder(tmp_path)
    with pytest.raises(gn.DataError, match="cannot read the folder"):
        gn.data.read_folder(tmp_path / "absent")
    pictures(tmp_path, [(4, 6), (5, 6)])
    with pytest.raises(gn.DataError, match="to scale all alike"):
        gn.data.read_folder(tmp_path)
    (tmp_path / "a" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n rubbish")
    with pytest.raises(gn.DataError, match="cannot read the picture"):
        gn.data.read_folder(tmp_path)
    with pytest.raises(gn.SettingError, match="'gray' or 'rgb'"):
        gn.data.read_folder(tmp_path, color="blue")
