"""Whatever bytes a file holds, reading it gives data or a sentence."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest

import graphnn as gn


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.zeros((3, 2)), np.zeros(2), "'x' has 3 rows and 'y' 2"),
        (np.zeros((3, 2)), np.float64(1), "'y' has shape .., wanted rows|wanted rows of finite"),
        (np.float64(1), np.zeros(1), "wanted rows of finite numbers"),
        (np.array(["a", "b"]), np.zeros(2), "'x' holds <U1, wanted numbers"),
        (np.zeros(2, complex), np.zeros(2), "wanted numbers"),
        (np.zeros((2, 2)), np.array([0.0, np.inf]), "'y' has shape .2,.; wanted rows of finite"),
        (np.full((2, 2), 1e300), np.zeros(2), "'x' holds numbers beyond float32's range"),
        (np.zeros((2, 2)), np.full(2, 1e300), "'y' holds numbers beyond float32's range"),
        (np.zeros((2, 2)), np.array([0, 2**64 - 1], np.uint64), "beyond int64's range"),
        (np.zeros(2, [("a", "f4")]), np.zeros(2), "wanted numbers"),
    ],
)
def test_wrong_arrays_of_an_npz_get_a_sentence(tmp_path, x, y, words) -> None:
    with pytest.raises(gn.DataError, match=words):
        gn.data.read_npz(saved(tmp_path / "a.npz", x=x, y=y))


def test_what_is_no_npz_gets_a_sentence(tmp_path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(3))
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").write_bytes(b"")
    for name in ("a.npy", "folder", "empty", "absent"):
        with pytest.raises(gn.DataError, match=r"cannot read .* as npz"):
            gn.data.read_npz(tmp_path / name)


def test_a_small_archive_that_unpacks_to_a_flood_takes_no_memory(tmp_path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", head.getvalue() + bytes(10_000_000))
        archive.writestr("y.npy", head.getvalue())
    with pytest.raises(gn.DataError, match="claims the shape"):
        gn.data.read_npz(tmp_path / "a.npz")


def idx(array: np.ndarray, code: int = 0x08) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + array.tobytes()


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (idx(np.zeros((2, 2, 2), np.uint8)), idx(np.zeros((2, 1), np.uint8)), "wanted images"),
        (idx(np.zeros((2, 4), np.uint8)), idx(np.zeros(2, np.uint8)), "wanted images"),
        (idx(np.zeros((2, 2, 2), np.uint8)), idx(np.zeros(2, ">f4"), 0x0D), "labels are whole numbers"),
        (idx(np.full((2, 2, 2), np.nan, ">f4"), 0x0D), idx(np.zeros(2, np.uint8)), "pixels that are NaN"),
        (idx(np.full((2, 2, 2), 1e300, ">f8"), 0x0E), idx(np.zeros(2, np.uint8)), "beyond float32's range"),
    ],
)
def test_idx_files_of_other_things_get_a_sentence(tmp_path, images, labels, words) -> None:
    (tmp_path / "i").write_bytes(images)
    (tmp_path / "l").write_bytes(labels)
    with pytest.raises(gn.DataError, match=words):
        gn.data.read_idx(tmp_path / "i", tmp_path / "l")
    with pytest.raises(gn.DataError, match=words):
        gn.data.convert_idx(tmp_path / "i", tmp_path / "l", tmp_path / "out")


def test_an_absent_idx_file_gets_a_sentence(tmp_path) -> None:
    with pytest.raises(gn.DataError, match="cannot read"):
        gn.data.read_idx(tmp_path / "i", tmp_path / "l")


def picture(path, array) -> None:
    from PIL import Image

    path.parent.mkdir(exist_ok=True)
    Image.fromarray(array).save(path)


def test_pictures_of_sixteen_bits_keep_their_brightness(tmp_path) -> None:
    values = np.array([[0, 256, 32768, 65535]], np.uint16)
    picture(tmp_path / "a" / "0.png", values)
    data = gn.data.read_folder(tmp_path)
    np.testing.assert_allclose(data.x[0, 0], (values >> 8) / 255.0, rtol=1e-6)


def test_hidden_things_are_no_classes_and_a_class_without_pictures_gets_a_sentence(tmp_path) -> None:
    for name in ("a/0.png", "b/1.png", "a/._0.png"):
        picture(tmp_path / name, np.zeros((2, 2), np.uint8))
    (tmp_path / ".cache").mkdir()
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "a" / "notes.txt").write_text("no picture")
    assert gn.data.read_folder(tmp_path).classes == ("a", "b")
    (tmp_path / "c").mkdir()
    with pytest.raises(gn.DataError, match="the folder 'c' has no picture"):
        gn.data.read_folder(tmp_path)


def test_a_picture_cut_off_gets_a_sentence(tmp_path) -> None:
    picture(tmp_path / "a" / "0.png", np.random.default_rng(0).integers(0, 255, (20, 20), np.uint8))
    whole = (tmp_path / "a" / "0.png").read_bytes()
    for end in (0, 5, 30, len(whole) // 2):
        (tmp_path / "a" / "0.png").write_bytes(whole[:end])
        with pytest.raises(gn.DataError, match="cannot read the picture"):
            gn.data.read_folder(tmp_path)


def readers(folder):
    """Name, bytes of a sound file, and how to read a file."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)).astype(np.float32), np.arange(6) % 2
    rows = "\n".join(f"{a:.3f},{'red' if b else 'blue'},{b}" for a, b in zip(x[:, 0], y))
    np.savez(folder / "a.npz", x=x, y=y)
    np.save(folder / "a.npy", x)
    np.save(folder / "y.npy", y)
    (folder / "l").write_bytes(idx(np.zeros(2, np.uint8)))
    (folder / "pictures" / "a").mkdir(parents=True)
    picture(folder / "pictures" / "a" / "0.png", rng.integers(0, 255, (4, 4), np.uint8))
    yield "csv", f"size,colour,kind\n{rows}\n".encode(), folder / "f.csv", gn.data.read_csv
    yield "npz", (folder / "a.npz").read_bytes(), folder / "f.npz", gn.data.read_npz
    yield (
        "npy", (folder / "a.npy").read_bytes(), folder / "f.npy",
        lambda path: gn.data.map_arrays(path, folder / "y.npy"),
    )  # fmt: skip
    yield (
        "idx", idx(rng.integers(0, 255, (2, 3, 3), np.uint8)), folder / "f.idx",
        lambda path: gn.data.read_idx(path, folder / "l"),
    )  # fmt: skip
    whole = (folder / "pictures" / "a" / "0.png").read_bytes()
    yield "png", whole, folder / "pictures" / "a" / "0.png", lambda path: gn.data.read_folder(path.parents[1])


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow and NumPy tell of some damage by warnings
@pytest.mark.parametrize("kind", ["csv", "npz", "npy", "idx", "png"])
def test_damaged_at_random_a_file_gives_data_or_a_sentence(tmp_path, kind) -> None:
    name, whole, path, read = next(r for r in readers(tmp_path) if r[0] == kind)
    rng = np.random.default_rng(len(name))
    path.write_bytes(whole)
    assert len(read(path)) > 0
    refused = 0
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            way, at = rng.integers(3), rng.integers(len(content))
            if way == 0:
                content[at] = rng.integers(256)
            elif way == 1:
                del content[at : at + rng.integers(1, 9)]
            else:
                content[at:at] = rng.integers(256, size=rng.integers(1, 9), dtype=np.uint8).tobytes()
        path.write_bytes(bytes(content))
        try:
            read(path)
        except gn.GraphnnError:
            refused += 1
    assert refused > 50
