"""Small pictures of values: images, channels, filters, lines and coarse cells, in every format."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

import graphnn as gn
import viz
from viz.formats.pixels import coarse, picture, png_bytes
from viz.formats.scene_json import scene_from_json, scene_to_json
from viz.thumbnails import images_of, map_of, spark_of


@pytest.fixture(scope="module")
def image_run() -> Any:
    x, y = gn.input("x", ("batch", 1, 8, 8)), gn.input("y", ("batch",), "int64")
    net = gn.nn.Sequential([gn.nn.Conv2d(6, 3), gn.nn.Flatten(), gn.nn.Dense(10)], seed=1)
    rng = np.random.default_rng(0)
    feeds = {"x": rng.random((20, 1, 8, 8)), "y": rng.integers(0, 10, 20)}
    return gn.trace(gn.mean(gn.softmax_cross_entropy(net(x), y)).named("loss"), feeds)


def values(scene: viz.Scene) -> dict[str, viz.Reading]:
    return {box.title: row for box in scene.boxes for row in box.readings if row.label == "value"}


def pixels(image: viz.Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png_bytes(image))))


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (5, 7, 3), (300, 260)])
def test_a_png_holds_the_array(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(1).integers(0, 256, shape)
    array.flat[0], array.flat[-1] = 0, 255
    assert np.array_equal(pixels(picture(array, 0.0, 255.0)), array)


def test_what_is_not_finite_or_extreme_makes_a_picture_too() -> None:
    odd = np.array([[np.nan, np.inf], [-np.inf, 1.0]])
    assert pixels(picture(odd, 0.0, 1.0)).tolist() == [[0, 0], [0, 255]]
    assert pixels(picture(np.array([[-1e308, 1e308]]), -1e308, 1e308)).tolist() == [[0, 255]]
    assert pixels(picture(np.ones((2, 2)), 1.0, 1.0)).tolist() == [[128, 128], [128, 128]]


def test_pixels_from_a_stranger_are_checked() -> None:
    with pytest.raises(ValueError, match="is not what 4 characters of base64 hold"):
        viz.Picture(8, 8, 1, "AAAA")
    with pytest.raises(ValueError, match="not base64"):
        viz.Picture(1, 1, 3, "é!!!")


def test_images_are_those_of_the_run(image_run: Any) -> None:
    row = values(viz.scene(image_run, view="values"))["x"]
    assert len(row.pictures) == 8 and row.lines[-1] == "8 of 20 images"
    array = np.asarray(image_run.value(image_run.graph.find("x")))[:8]
    for shown, image in zip(row.pictures, array, strict=True):
        expected = (image[0] - array.min()) / (array.max() - array.min()) * 255
        assert np.abs(pixels(shown) - expected).max() <= 0.51


def test_filters_are_grey_where_they_are_zero() -> None:
    found = images_of(np.array([-1.0, 0.0, 0.0, 2.0]).reshape(1, 1, 2, 2), "parameter")
    assert found is not None and found.words == "1 filter"
    assert pixels(found.pictures[0]).tolist() == [[64, 128], [128, 255]]


def test_only_the_view_images_shows_channels_and_large_matrices(image_run: Any) -> None:
    plain, full = values(viz.scene(image_run, view="values")), values(viz.scene(image_run, view="images"))
    assert not plain["conv2d"].pictures and full["conv2d"].lines[-1] == "6 channels, first of 20"
    assert plain["matmul"].heat is None and full["matmul"].heat is not None
    assert "cell: mean of ≤ 2 × 1" in full["matmul"].lines
    both = viz.scene(image_run, view="values+images")
    assert [row.label for row in both.boxes[0].readings] == ["value"]


def test_coarse_cells_are_means_of_blocks() -> None:
    array = np.arange(32.0 * 4).reshape(32, 4)
    found = map_of(array)
    assert found is not None and len(found.rows) == 16
    assert found.rows[0] == tuple(array[:2].mean(axis=0))


def test_long_rows_become_a_line() -> None:
    assert spark_of(np.arange(16.0)) is None
    assert spark_of(np.arange(17.0)).values == tuple(float(k) for k in range(17))
    long = spark_of(np.arange(640.0))
    assert len(long.values) == 64 and long.values[0] == 4.5
    assert spark_of(np.arange(40)) is None  # whole numbers are labels or counts


def test_scalar_pictures_have_no_small_pictures(neuron_run: Any) -> None:
    assert "image" not in viz.draw(neuron_run, view="images").svg


def test_every_format_shows_them(image_run: Any) -> None:
    drawing = viz.draw(image_run, view="images")
    found = re.findall(r'href="data:image/png;base64,([^"]+)"', drawing.svg)
    shown = [image for box in drawing.scene.boxes for row in box.readings for image in row.pictures]
    assert [base64.b64decode(word) for word in found] == [png_bytes(image) for image in shown]
    assert "<script" not in drawing.svg and drawing.png()[:4] == b"\x89PNG"
    assert drawing.pdf().count(b"/Subtype /Image") == len(set(found))
    assert drawing.tikz.count(r"\path[fill=") > 8 * 64
    assert scene_from_json(scene_to_json(drawing.scene)) == drawing.scene


def test_coarse_pictures_have_few_cells_and_colours() -> None:
    found = coarse(picture(np.arange(60.0 * 40).reshape(60, 40), 0.0, 2400.0))
    assert (len(found), len(found[0])) == (16, 16)
    assert len({colour for row in found for colour in row}) <= 17


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_an_image_net_is_drawn_without_fault(image_run: Any, theme: str, direction: str) -> None:
    for view in ("images", "values+gradients", "images+memory"):
        drawing = viz.draw(image_run, view=view, theme=theme, direction=direction)
        assert viz.problems(drawing.placed) == []


@pytest.mark.parametrize(("side", "seen"), [(8, True), (6, True), (4, False)])
def test_pooled_maps_of_3_by_3_are_images_and_smaller_ones_are_numbers(side: int, seen: bool) -> None:
    pooled = gn.nn.MaxPool2d(2)(gn.input("x", ("batch", 1, side, side)))
    run = gn.trace(pooled, {"x": np.random.default_rng(0).random((3, 1, side, side))})
    row = values(viz.scene(run, view="images"))["max_pool2d"]
    assert len(row.pictures) == (3 if seen else 0) and ("3 images" in row.lines) is seen
