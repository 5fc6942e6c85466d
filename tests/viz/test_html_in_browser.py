"""The pages in a real browser: they move, zoom, search, fold and play, without an error and without a request."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import graphnn as gn
import viz

# Where .ci/run has installed a browser, it must start: there these tests may fail, but not be skipped.
REQUIRED = os.environ.get("GRAPHNN_BROWSER") == "required"
sync_api = (
    importlib.import_module("playwright.sync_api")
    if REQUIRED
    else pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install playwright"
    )
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        try:
            found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        except sync_api.Error as error:
            if REQUIRED:
                raise
            pytest.skip(f"no Chromium can be started: {error.message.splitlines()[0]}")
        yield found
        found.close()


class Opened:
    """A page that was opened from a file, and all that it complained about or asked for."""

    def __init__(self, browser: Any, path: Path, **how: Any):
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 720}, **how})
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, *failure: object) -> None:
        self.context.close()
        if failure[0] is None:
            assert self.complaints == [] and len(self.requests) == 1


@pytest.fixture(scope="module")
def page(classifier_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return viz.draw(classifier_run).save(tmp_path_factory.mktemp("pages") / "picture.html")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    run = gn.trace(((a * b).named("c") + a).named("loss"))
    path = tmp_path_factory.mktemp("pages") / "film.html"
    viz.player(run, path, update=gn.optim.SGD(0.1))
    return path


def transform(page: Any) -> tuple[float, float, float]:
    found = page.evaluate("[view.k, view.x, view.y]")
    return found[0], found[1], found[2]


def box_of(page: Any, node: str) -> Any:
    return page.locator(f'#stage>svg:not([hidden]) [data-node="{node}"]')


def test_the_picture_fits_moves_and_zooms(browser: Any, page: Path) -> None:
    with Opened(browser, page) as p:
        stage = p.locator("#stage").bounding_box()
        p.locator("#fit").click()
        for node in p.locator("#stage>svg:not([hidden]) [data-node]").all():
            box = node.bounding_box()
            assert box["x"] >= stage["x"] and box["x"] + box["width"] <= stage["x"] + stage["width"]
        k, x, y = transform(p)
        p.mouse.move(400, 300)
        p.mouse.wheel(0, -200)
        assert transform(p)[0] > k
        p.locator("#fit").click()
        assert transform(p) == (k, x, y)
        p.mouse.move(300, 600)
        p.mouse.down()
        p.mouse.move(350, 580, steps=4)
        p.mouse.up()
        assert transform(p) == pytest.approx((k, x + 50, y - 20), abs=1)
        p.locator("#stage").focus()
        for key, change in (("+", 1.3), ("-", 1 / 1.3)):
            before = transform(p)[0]
            p.keyboard.press(key)
            assert transform(p)[0] == pytest.approx(before * change)
        before = transform(p)
        p.keyboard.press("ArrowRight")
        assert transform(p)[1] == before[1] - 60
        p.keyboard.press("0")
        assert transform(p) == (k, x, y)


def test_a_long_picture_begins_at_its_beginning_with_letters_that_can_be_read(
    browser: Any, tmp_path: Path
) -> None:
    x = gn.scalar(0.5, "x")
    y = x
    for _ in range(30):
        y = gn.tanh(y)
    page = viz.draw(gn.trace(y), direction="TB").save(tmp_path / "long.html")
    with Opened(browser, page) as p:
        k, _, top = transform(p)
        assert k == 0.9 and top == 0
        stage, box = p.locator("#stage").bounding_box(), box_of(p, "n0").bounding_box()
        assert stage["y"] <= box["y"] < stage["y"] + 100
        assert stage["x"] < box["x"] and box["x"] + box["width"] < stage["x"] + stage["width"]
        p.locator("#fit").click()
        assert transform(p)[0] < 0.5


def test_the_point_under_the_mouse_stays_where_it_is(browser: Any, page: Path) -> None:
    with Opened(browser, page) as p:
        box = box_of(p, "n3").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        p.mouse.move(x, y)
        p.mouse.wheel(0, -300)
        box = box_of(p, "n3").bounding_box()
        assert (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) == pytest.approx((x, y), abs=1)


def test_two_fingers_zoom(browser: Any, page: Path) -> None:
    with Opened(browser, page, has_touch=True) as p:
        k = transform(p)[0]
        p.evaluate("""() => {
          const send = (type, id, x, y) => stage.dispatchEvent(new PointerEvent(type,
            {pointerId: id, clientX: x, clientY: y, pointerType: "touch", bubbles: true, button: 0}));
          stage.setPointerCapture = () => {};
          send("pointerdown", 7, 300, 300); send("pointerdown", 8, 400, 300);
          send("pointermove", 8, 500, 300); send("pointerup", 7, 300, 300); send("pointerup", 8, 500, 300);
        }""")
        assert transform(p)[0] == pytest.approx(2 * k, rel=1e-6)


def test_a_box_tells_its_numbers_and_lights_its_neighbours(
    browser: Any, page: Path, classifier_run: Any
) -> None:
    relu = next(n for n in classifier_run.graph.nodes if n.op.name == "relu")
    key = classifier_run.graph.ids[relu]
    with Opened(browser, page) as p:
        assert "Point at a box" in p.inner_text("#panel")
        box_of(p, key).hover()
        assert repr(classifier_run.value(relu).max().item()) in p.inner_text("#panel")
        box_of(p, key).click()
        lit = p.evaluate("all('[data-node].lit', current()).map(n => n.dataset.node)")
        around = {e.source for e in classifier_run.graph.operand_edges(relu)}
        around |= {e.target for e in classifier_run.graph.consumers(relu)}
        assert set(lit) == {key, *(classifier_run.graph.ids[n] for n in around)}
        p.keyboard.press("Escape")
        assert p.evaluate("all('.lit').length") == 0 and "Point at a box" in p.inner_text("#panel")
        wire = p.locator('#stage>svg:not([hidden]) [data-wire^="b"]').first
        wire.dispatch_event("pointerover", {"pointerType": "mouse"})
        assert "back from" in p.inner_text("#panel") and "root mean square" in p.inner_text("#panel")


def test_search_finds_by_name_op_and_scope(browser: Any, page: Path) -> None:
    with Opened(browser, page) as p:
        p.keyboard.press("/")
        assert p.evaluate("document.activeElement.id") == "search"
        for words, count in (
            ("relu", 1),
            ("hidden", 6),
            ("hidden matmul", 1),
            ("LABELS", 1),
            ("nothing at all", 0),
        ):
            p.fill("#search", words)
            assert p.inner_text("#count") == f"{count} of 15"
            assert p.evaluate("all('[data-node].lit', current()).length") == count
        p.fill("#search", "matmul")
        p.keyboard.press("Enter")
        first = p.evaluate("kept.dataset.node")
        p.keyboard.press("Enter")
        assert p.evaluate("kept.dataset.node") != first and p.inner_text("#count") == "2 of 2"
        p.keyboard.press("Escape")
        assert p.input_value("#search") == "" and p.evaluate("all('.lit').length") == 0


def shown(page: Any) -> list[str]:
    return list(page.evaluate("all('[data-node]', current()).map(n => n.dataset.name)"))


def test_scopes_fold_and_unfold(browser: Any, page: Path) -> None:
    with Opened(browser, page) as p:
        assert len(shown(p)) == 15
        p.select_option("#state", label="all scopes folded")
        assert "net" in shown(p) and len(shown(p)) == 5
        p.locator('#stage>svg:not([hidden]) [data-name="net"]').dblclick()
        assert "net" not in shown(p) and len(shown(p)) > 5
        p.locator("#fit").click()
        p.locator("#stage>svg:not([hidden]) [data-group=net] text").first.click()
        p.locator("#panel button", has_text="fold").click()
        assert "net" in shown(p)
        # And with the keyboard alone.
        p.locator('#stage>svg:not([hidden]) [data-name="net"]').focus()
        p.keyboard.press("Enter")
        assert "net" not in shown(p)


def test_the_keyboard_goes_from_box_to_box(browser: Any, page: Path) -> None:
    with Opened(browser, page) as p:
        p.keyboard.press("n")
        assert p.evaluate("document.activeElement.dataset.node") == "n0"
        for _ in range(5):
            p.keyboard.press("ArrowRight")
        box = p.evaluate("document.activeElement.dataset.node")
        assert box != "n0" and box in p.evaluate("kept.dataset.node")
        x = p.evaluate("document.activeElement.getBoundingClientRect().left")
        p.keyboard.press("ArrowLeft")
        assert p.evaluate("document.activeElement.getBoundingClientRect().left") < x


@pytest.mark.parametrize("system", ["light", "dark"])
def test_colours_follow_the_system_and_the_button(browser: Any, page: Path, system: Any) -> None:
    pages = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}
    other = "dark" if system == "light" else "light"
    ground = "getComputedStyle(document.body).backgroundColor"
    fill = "getComputedStyle(one('[data-role=op] rect', current())).fill"
    with Opened(browser, page, color_scheme=system) as p:
        before = p.evaluate(fill)
        assert p.evaluate(ground) == pages[system]
        p.locator("#theme").click()
        assert p.evaluate(ground) == pages[other] and p.evaluate(fill) != before
        p.locator("#theme").click()
        assert p.evaluate(ground) == pages[system] and p.evaluate(fill) == before


def gradients(page: Any) -> dict[str, str]:
    """What each box that is seen says about its gradient."""
    found = page.evaluate(
        "all('[data-node]:not([hidden])', current()).map(n => [n.dataset.name, n.getAttribute('aria-label')])"
    )
    return {name: label.partition("gradient ")[2].split(",")[0] for name, label in found}


def test_the_player_goes_forward_and_back(browser: Any, film: Path) -> None:
    with Opened(browser, film) as p:
        assert set(gradients(p).values()) == {"not yet"}
        assert p.inner_text("#caption").startswith("Start") and p.is_disabled("#previous")
        for _ in range(5):
            p.keyboard.press("ArrowRight")
        assert p.inner_text("#at") == "6 of 10"
        assert gradients(p)["a"] == "1 partial: 1 of 2 parts"
        p.locator("#next").click()
        assert gradients(p)["a"] == "−2 sum of 2 parts"
        p.keyboard.press("ArrowLeft")
        assert gradients(p)["a"] == "1 partial: 1 of 2 parts"
        p.keyboard.press("End")
        assert p.is_disabled("#next") and "becomes" in p.inner_text("#caption")
        p.keyboard.press("Home")
        assert p.inner_text("#at") == "1 of 10"
        p.locator("#slider").fill("8")
        assert p.inner_text("#at") == "8 of 10" and gradients(p)["b"] == "2"
        p.locator("#slider").focus()
        p.keyboard.press("ArrowRight")
        assert p.inner_text("#at") == "9 of 10", "one press, one step, also on the slider"
        p.locator("#steps summary").click()
        p.locator("#steps button").nth(2).click()
        assert p.inner_text("#at") == "3 of 10"
        assert p.locator("#steps button[aria-current]").inner_text() == p.inner_text("#caption")


def until(page: Any, condition: str) -> None:
    """Waits without `wait_for_function`, which the policy of the page does not let in."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"it never came to {condition}")


def test_the_player_plays_and_stops_at_the_end(browser: Any, film: Path) -> None:
    with Opened(browser, film) as p:
        p.evaluate("speed.options[2].value = '20'")
        p.select_option("#speed", label="fast")
        p.locator("#play").click()
        until(p, "at.textContent === '10 of 10' && play.textContent === 'play'")
        p.locator("#caption").click()
        p.keyboard.press(" ")
        until(p, "play.textContent === 'pause'")
        p.keyboard.press(" ")
        assert p.inner_text("#play") == "play"


def test_nothing_jumps_while_the_player_plays(browser: Any, film: Path) -> None:
    with Opened(browser, film) as p:
        places = """all('[data-node]:not([hidden])', current()).map((node) => {
          const box = node.firstElementChild.getBoundingClientRect();
          return [node.dataset.node, box.x, box.y, box.width, box.height];
        })"""
        first = sorted(p.evaluate(places))
        for _ in range(9):
            p.keyboard.press("ArrowRight")
            assert sorted(p.evaluate(places)) == first


PHONE = {"width": 374, "height": 620}  # what a notebook's frame leaves of a phone


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Films drawn downwards: one that fits a phone, and one that is followed there."""
    folder = tmp_path_factory.mktemp("columns")
    small, large = folder / "small.html", folder / "large.html"
    c = (gn.scalar(2.0, "a") * gn.scalar(-3.0, "b")).named("c")
    viz.player(gn.trace(c), small, direction="TB")
    for _ in range(6):
        c = gn.tanh(c)
    viz.player(gn.trace(c), large, direction="TB")
    return small, large


@pytest.mark.parametrize("wide", [320, 374, 700])
def test_the_player_fits_a_narrow_frame(browser: Any, columns: tuple[Path, Path], wide: int) -> None:
    with Opened(browser, columns[0], viewport={**PHONE, "width": wide}) as p:
        page = "document.documentElement"
        assert p.evaluate(f"{page}.scrollHeight <= innerHeight && {page}.scrollWidth <= innerWidth")
        parts = [
            p.locator(name).bounding_box() for name in ("header", "#caption", "#stage", "#panel", "#deck")
        ]
        for above, below in pairwise(parts):
            assert above["y"] + above["height"] <= below["y"] + 0.5
        stage, caption = parts[2], p.locator("#caption")
        assert caption.evaluate("part => part.scrollHeight <= part.clientHeight")
        assert stage["height"] >= 200
        for part in p.locator("#deck>*").all():
            box = part.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= wide


def test_captions_of_any_length_leave_the_picture_in_its_place(
    browser: Any, columns: tuple[Path, Path]
) -> None:
    with Opened(browser, columns[0], viewport={**PHONE, "width": 320}) as p:
        first = p.locator("#stage").bounding_box()
        for _ in range(4):
            p.keyboard.press("ArrowRight")
            assert p.locator("#stage").bounding_box() == first


def test_a_film_that_is_followed_shows_a_box_at_every_step(browser: Any, columns: tuple[Path, Path]) -> None:
    with Opened(browser, columns[1], viewport=PHONE) as p:
        stage = p.locator("#stage").bounding_box()
        for _ in range(p.evaluate("facts.captions.length")):
            assert p.get_attribute("#follow", "aria-pressed") == "true"
            boxes = [box.bounding_box() for box in p.locator("[data-node]:not([hidden])").all()]
            assert any(
                box["y"] >= stage["y"] and box["y"] + box["height"] <= stage["y"] + stage["height"]
                for box in boxes
                if box
            )
            p.keyboard.press("ArrowRight")
        # The frame may grow, as a phone that is turned: the film is followed still.
        p.set_viewport_size({"width": 374, "height": 640})
        until(p, "follow.getAttribute('aria-pressed') === 'true' && view.k === 1")


def test_a_label_that_is_code_does_not_run(browser: Any, tmp_path: Path) -> None:
    label = "</script><script>document.title='run'</script><img src=x onerror=document.title='run'>"
    run = gn.trace(gn.tanh(gn.scalar(1.0, label)).named(label))
    paths = [viz.draw(run, title=label).save(tmp_path / "a.html"), tmp_path / "b.html"]
    viz.player(run, paths[1])
    for path in paths:
        with Opened(browser, path) as p:
            box_of(p, "n0").click() if path is paths[0] else p.locator(
                "[data-node]:not([hidden])"
            ).first.click()
            assert label in p.inner_text("#panel") and p.title() != "run"
            assert p.evaluate("document.images.length") == 0
