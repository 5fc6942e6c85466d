"""A film plays at the speed asked for, in one palette, and only what changes differs from picture to picture."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

import graphnn as gn
import viz
from viz.motion.animation import apng, gif
from viz.place.placed import PlacedBox, PlacedWire, Rect
from viz.place.route import flatten


@pytest.fixture(scope="module")
def film() -> viz.Frames:
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    return viz.frames(gn.trace(((a * b).named("c") + a).named("loss")), update=gn.optim.SGD(0.1))


def pictures(data: bytes) -> tuple[list[np.ndarray], list[float]]:
    with Image.open(io.BytesIO(data)) as image:
        frames = [
            (np.asarray(f.convert("RGB")), f.info.get("duration", 0)) for f in ImageSequence.Iterator(image)
        ]
    return [f for f, _ in frames], [d for _, d in frames]


@pytest.mark.parametrize("make_film", [gif, apng])
def test_every_frame_is_there_for_its_time(film: viz.Frames, make_film: Callable[..., bytes]) -> None:
    frames, times = pictures(make_film(film, seconds=0.5, width=500))
    assert len(frames) == len(film)
    assert times == [500.0] * (len(film) - 1) + [1000.0]
    assert {frame.shape for frame in frames} == {frames[0].shape}
    assert 490 <= frames[0].shape[1] <= 501


def seen(box: PlacedBox) -> Any:
    """What a box looks like, whatever its tooltip says."""
    return box.ring, box.texts, box.heats


def changed(before: Any, after: Any) -> list[Rect]:
    """Where two placed pictures of one layout differ."""
    olds = {b.box.id: b for b in before.boxes}
    found = [b.rect.grown(6) for b in after.boxes if seen(b) != seen(olds[b.box.id])]
    first, second = ({w.wire.id: w for w in p.wires} for p in (before, after))
    for key in first.keys() | second.keys():
        if first.get(key) != second.get(key):
            found += around(first.get(key) or second[key])
    one, two = ({e.entry: e for e in p.entries} for p in (before, after))
    for key in one.keys() ^ two.keys():
        entry = one.get(key) or two[key]
        found += [entry.sample.grown(8), *(t.rect.grown(4) for t in entry.texts)]
    return [*found, before.title.rect.grown(6), after.title.rect.grown(6)]


def around(wire: PlacedWire) -> list[Rect]:
    xs, ys = zip(*flatten(wire.curve), *wire.head, strict=True)
    rect = Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)).grown(wire.width + 4)
    return [rect, *([wire.label.rect.grown(4)] if wire.label else [])]


@pytest.mark.parametrize("make_film", [gif, apng])
def test_only_what_changes_differs(film: viz.Frames, make_film: Callable[..., bytes]) -> None:
    frames, _ = pictures(make_film(film, width=700))
    scale = frames[0].shape[1] / film.placed[0].width
    for k in range(1, len(frames)):
        differs = (frames[k] != frames[k - 1]).any(axis=-1)
        assert differs.any()
        for rect in changed(film.placed[k - 1], film.placed[k]):
            left, top = max(int(rect.x * scale) - 1, 0), max(int(rect.y * scale) - 1, 0)
            differs[top : int(rect.bottom * scale) + 2, left : int(rect.right * scale) + 2] = False
        assert not differs.any(), f"picture {k} differs where nothing changed"


def test_one_palette_serves_all_frames_of_a_gif(film: viz.Frames) -> None:
    data = gif(film, width=600)
    # A picture with a palette of its own has the highest bit set in the last byte of its descriptor.
    locals_ = 0
    at = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    assert data[10] & 0x80
    while data[at] != 0x3B:
        if data[at] == 0x2C:
            own = data[at + 9] >> 7
            locals_ += own
            at += 10 + own * 3 * 2 ** ((data[at + 9] & 7) + 1) + 1
        else:
            at += 2
        while data[at]:
            at += data[at] + 1
        at += 1
    assert locals_ == 0


def test_colours_stay_what_they_are(film: viz.Frames) -> None:
    frames, _ = pictures(gif(film, width=1200))
    scale = frames[0].shape[1] / film.placed[0].width
    for k, placed in enumerate(film.placed):
        for box in placed.boxes:
            at = round((box.rect.bottom - 5) * scale), round((box.rect.x + box.rect.w / 2) * scale)
            colour = viz.LIGHT.ink(box.box.role).fill
            wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
            assert np.abs(frames[k][at].astype(int) - wanted).max() <= 2
        assert tuple(frames[k][2, 2]) == (255, 255, 255)


SCRIPT = """
import hashlib, sys
import graphnn as gn, viz
from viz.motion.animation import apng, gif
from viz.motion.beamer import beamer
a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
for how in ({}, {"slide": "16:9", "view": "values+ledger+derivatives", "theme": "dark", "every": 4}):
    film = viz.frames(gn.trace(((a * b).named("c") + a).named("loss")), update=gn.optim.SGD(0.1), **how)
    film.save(sys.argv[1] + "/film.pdf")
    pages = open(sys.argv[1] + "/film.pdf", "rb").read()
    for data in (gif(film, width=300), apng(film, width=300), beamer(film).encode(), viz.player(film).encode(), pages):
        print(hashlib.sha256(data).hexdigest())
"""


def test_films_slides_and_pages_have_the_same_bytes_in_another_process_with_another_hash_seed(
    tmp_path: Path,
) -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, check=True, encoding="utf-8",
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout.splitlines()
        for seed in ("1", "77")
    ]  # fmt: skip
    assert len(set(told[0])) == 10 and told[0] == told[1]


@pytest.mark.parametrize("make_film", [gif, apng])
def test_the_same_film_gives_the_same_bytes(film: viz.Frames, make_film: Callable[..., bytes]) -> None:
    assert make_film(film, width=300) == make_film(film, width=300)


def test_loops_are_counted(film: viz.Frames) -> None:
    def loops(data: bytes) -> Any:
        with Image.open(io.BytesIO(data)) as image:
            return image.info.get("loop", "once")

    assert [loops(gif(film, width=200, loop=n)) for n in (0, 1, 3)] == [0, "once", 2]
    assert [loops(apng(film, width=200, loop=n)) for n in (0, 1, 3)] == [0, 1, 3]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"seconds": 0}, "seconds is a number from 0.02 to 600"),
        ({"seconds": float("nan")}, "seconds is a number"),
        ({"loop": -1}, "loop is a whole number from 0"),
        ({"width": 10}, "width is a number of pixels from 100 to 8000"),
        ({"width": 2.5}, "width is a number of pixels"),
    ],
)
def test_settings_out_of_range_are_refused(film: viz.Frames, how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gif(film, **how)


def test_a_film_that_is_too_large_names_a_width_that_fits(film: viz.Frames, monkeypatch: Any) -> None:
    monkeypatch.setattr("viz.motion.animation._PIXELS_AT_MOST", 1_000_000)
    with pytest.raises(ValueError, match=r"10 pictures of .* are too many to hold. Say width=300"):
        gif(film, width=1000)
    assert gif(film, width=300)
    with pytest.raises(ValueError, match="no frame"):
        gif([])


def test_many_colours_are_gathered_into_one_palette(classifier_run: Any) -> None:
    frames = viz.frames(classifier_run, every=8)
    data = gif(frames, width=900)
    decoded, _ = pictures(data)
    assert len(decoded) == len(frames)
    assert len(np.unique(np.concatenate([f.reshape(-1, 3) for f in decoded]), axis=0)) <= 256
    # Against the true colours: hardly any pixel is far off.
    true, _ = pictures(apng(frames, width=900))
    away = np.abs(decoded[-1].astype(int) - true[-1].astype(int)).max(axis=-1)
    assert np.mean(away > 24) < 0.01


def test_files_are_written_by_their_ending(tmp_path: Any, film: viz.Frames) -> None:
    (path,) = film.save(tmp_path / "film.gif", seconds=0.2, width=200)
    assert path.read_bytes() == gif(film, seconds=0.2, width=200)
    (path,) = film.save(tmp_path / "film.apng", width=200)
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    with pytest.raises(TypeError, match=r"\.pdf takes no seconds"):
        film.save(tmp_path / "film.pdf", seconds=1)


@pytest.mark.parametrize("make_film", [gif, apng])
def test_pictures_are_whole_up_to_their_edges(film: viz.Frames, make_film: Callable[..., bytes]) -> None:
    for width in (313, 501, 700):
        frames, _ = pictures(make_film(film[:2], width=width))
        for frame in frames:
            for edge in (frame[0], frame[-1], frame[:, 0], frame[:, -1]):
                assert (edge == 255).all()
