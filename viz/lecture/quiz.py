"""Make quiz sheets of a run: some of its numbers are blanked, the key stands beside, and answers are marked.

>>> import graphnn as gn
>>> import viz
>>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
>>> quiz = viz.quiz(gn.trace((a * b + a).named("L")), blanks=["a"])
>>> print("\\n".join(quiz.questions))
(1) the gradient of a, dL/da = ______
>>> print("\\n".join(quiz.answers))
(1) dL/da = −3 + 1 = −2
>>> print(quiz.check({1: -3}))
(1) wrong: it is used 2 times, and only what comes back from mul is there. Add up the contributions of all paths.
0 of 1 right
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np

import graphnn as gn
from viz.canvas import Canvas
from viz.drawing import Drawing
from viz.formats.tables import names_of
from viz.lecture.quiz_facts import KINDS, Fact, Facts
from viz.lecture.quiz_marks import Marks, marked
from viz.lecture.quiz_page import QuizPage, shown_facts
from viz.lecture.quiz_words import Words
from viz.notebook import bundle
from viz.outline import outline
from viz.place.panels import drawing_of
from viz.place.sheet import Fit
from viz.sources import OfRun, source_of
from viz.study.by_hand import with_leaves
from viz.text import clean
from viz.theme import LIGHT, Theme, theme_of
from viz.views.cost import PARAMETERS
from viz.views.structure import SHAPES, STRUCTURE

__all__ = ["Part", "Quiz", "quiz", "quizzes"]

# What each view of a quiz says.
_SAYS = {
    "structure": (), "shapes": (), "parameters": (), "values": ("values",),
    "gradients": ("gradients", "contributions"), "flow": ("contributions",), "derivatives": ("derivatives",),
}  # fmt: skip
# Nobody answers more in one sitting.
_QUESTIONS_AT_MOST = 30
_TASK = (
    "Fill the blanks; three digits are enough. All follow from what is left: values forward, gradients backward as "
    "upstream × local, summed where a node is used more than once."
)
_TRIES = 40


class Part(TypedDict, total=False):
    """What part of the graph a quiz shows; the words of viz.outline, with `hide_nodes` for its `hide`."""

    depth: int | None
    fold: str | Iterable[str]
    unfold: str | Iterable[str]
    repeats: bool
    hide_nodes: str | Iterable[str]
    focus: Any
    reach: int


def quiz(
    run: Any,
    *,
    seed: int = 0,
    blanks: float | int | str | Iterable[str] = 0.5,
    hide: str | Iterable[str] = KINDS,
    view: str | Iterable[str] | None = None,
    title: str = "Quiz",
    direction: str = "LR",
    theme: str | Theme = LIGHT,
    engine: str | None = None,
    width: float | None = None,
    slide: str | None = None,
    page: str | None = None,
    **which: Unpack[Part],
) -> Quiz:
    """A quiz about a run (gn.trace): its numbers and small arrays, some of them blanked.

    blanks : a share (0.5) or a number (6) of what could be asked, chosen by `seed`; or names of nodes, "d" for all
        about d, "d.gradients" for one kind
    hide : which kinds are blanked: "values", "gradients", "contributions" (along the wires), "derivatives"
    view : what the page says: "values", "gradients", "flow", "derivatives", "shapes", "parameters"
    which : what part of the graph is drawn; see viz.outline, whose `hide` is called `hide_nodes` here

    Nothing is blanked that cannot be derived from what is left. Raises ValueError if that is asked for by name, or if
    there is nothing to ask.
    """
    numbers = source_of(run)
    if not isinstance(numbers, OfRun):
        raise TypeError(f"viz.quiz: wanted a run (gn.trace(loss, feeds)), found {type(run).__name__}.")
    maker = _Maker(numbers, _names(hide, "hide", KINDS), view, which)
    chosen = maker.chosen(blanks, seed)
    look: dict[str, Any] = {"direction": direction, "engine": engine, "theme": theme_of(theme)}
    titles = clean(title), clean(f"{title}: key" if title else "Key")
    while True:
        made = QuizPage(maker.canvas(), maker.words, maker.kinds, chosen, titles, **look)
        bare = made.unlabelled()
        if not bare:
            break
        # There is no room beside its wire: it is not asked.
        chosen = _numbered(fact for fact in chosen if fact not in bare)
        if not chosen:
            raise ValueError(
                "viz.quiz: there is no room for the blanks in this picture. Show less of the graph."
            )
    questions = tuple(maker.words.question(k, fact) for fact, k in chosen.items())
    answers = tuple(maker.words.answer(k, fact) for fact, k in chosen.items())
    sheet, key = made.pages([_TASK, *questions], answers)
    fit = Fit(width, slide, page)
    return Quiz(
        run, seed, drawing_of(sheet, fit=fit), drawing_of(key, fit=fit), questions, answers, maker.facts,
        {k: fact for fact, k in chosen.items()},
    )  # fmt: skip


@dataclass(frozen=True, repr=False, eq=False)
class Quiz:
    """A sheet with blanks and its key, in one layout; the questions and answers in words."""

    run: Any
    seed: int
    sheet: Drawing
    key: Drawing
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    _facts: Facts
    _asked: Mapping[int, Fact]

    @property
    def solution(self) -> dict[int, Any]:
        """The right numbers by question: floats, and arrays for arrays."""
        found = {k: self._facts.numbers[fact] for k, fact in self._asked.items()}
        return {k: array.item() if array.ndim == 0 else array for k, array in found.items()}

    def check(self, answers: Mapping[int, Any]) -> Marks:
        """Mark answers by question: numbers, texts of numbers, arrays. See viz.quiz_marks for what it recognises."""
        return marked(self._facts, self._asked, answers)

    def save(self, sheet: str | os.PathLike[str], key: str | os.PathLike[str] | None = None) -> list[Path]:
        """Write the sheet, and the key if named, in the formats of their endings; returns their paths.

        Formats that have no lines below the picture (.txt, .md) get the list of questions at their end.
        """
        pages = [(self.sheet, sheet, self.questions), *([(self.key, key, self.answers)] if key else [])]
        if len(pages) == 2 and Path(sheet).resolve() == Path(pages[1][1]).resolve():
            raise ValueError(f"Quiz.save: sheet and key are one file, {str(sheet)!r}. Name two.")
        written = []
        for drawing, path, lines in pages:
            target = drawing.save(path)
            if target.suffix.lower() in (".txt", ".md"):
                # Four spaces make it plain text in Markdown too, whatever the names say.
                more = "".join(f"    {line}\n" for line in lines)
                gn.io.write_whole(target, target.read_bytes() + f"\n{more}".encode())
            written.append(target)
        return written

    def __repr__(self) -> str:
        return f"<Quiz of {len(self.questions)} questions, seed {self.seed}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return bundle(self.sheet)


def quizzes(run: Any, count: int, *, seed: int = 1, numbers: str = "same", **how: Any) -> list[Quiz]:
    """So many different quizzes about one graph; each alone is `viz.quiz(run, seed=...)` of the seed that it tells.

    numbers : "same", with other blanks in each; or "new", with other numbers in the inputs and parameters too
    how : as for viz.quiz

    Raises ValueError where there are not so many different ones.
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 1000:
        raise ValueError(f"viz.quizzes: count is a whole number from 1 to 1000, found {count!r}.")
    if numbers not in ("same", "new"):
        raise ValueError(f"viz.quizzes: numbers is 'same' or 'new', found {numbers!r}.")
    found: dict[Any, Quiz] = {}
    for k in range(count + _TRIES):
        about = run if numbers == "same" else _with_new_numbers(run, seed + k)
        made = quiz(about, seed=seed + k, **how)
        found.setdefault((made.questions, made.answers), made)
        if len(found) == count:
            return list(found.values())
    raise ValueError(
        f"viz.quizzes: only {len(found)} different quizzes of this kind were found, wanted {count}. Ask for "
        "numbers='new', or blank a smaller share."
    )


def _with_new_numbers(run: Any, seed: int) -> Any:
    """The run of the same graph with other numbers in inputs and parameters: round ones for round ones."""
    rng = np.random.default_rng(seed)
    leaves = [n for n in run.graph.nodes if n.role in ("input", "parameter") and n.dtype.kind == "f"]
    for _ in range(_TRIES):
        made = with_leaves(run, {leaf: _other(run.value(leaf), rng) for leaf in leaves})
        if all(np.isfinite(made.value(node)).all() for node in made.graph.nodes if node.dtype.kind == "f"):
            return made
    raise ValueError(
        "viz.quizzes: other numbers lead to NaN or infinity in this graph; ask for numbers='same'."
    )


def _other(value: Any, rng: np.random.Generator) -> np.ndarray:
    array = np.asarray(value, dtype=np.float64)
    if (array == np.round(array)).all():
        high = max(4, int(np.abs(array).max(initial=1.0)))
        return rng.integers(1, min(high, 9) + 1, array.shape) * rng.choice([-1.0, 1.0], array.shape)
    scaled = array * rng.uniform(0.5, 1.5, array.shape) * rng.choice([-1.0, 1.0], array.shape)
    digits = 1 - int(np.floor(np.log10(np.abs(array).max())))
    return np.round(scaled, max(digits, 0))


def _names(words: str | Iterable[str], who: str, known: Iterable[str]) -> tuple[str, ...]:
    found = [words] if isinstance(words, str) else list(words)
    for word in found:
        if word not in known:
            raise ValueError(f"viz.quiz: {who} knows {', '.join(known)}, found {word!r}.")
    return tuple(found)


def _numbered(facts: Iterable[Fact]) -> dict[Fact, int]:
    return {fact: k for k, fact in enumerate(facts, 1)}


class _Maker:
    """Chooses what is asked about a run."""

    def __init__(self, numbers: OfRun, hide: tuple[str, ...], view: Any, which: Part):
        words: dict[str, Any] = dict(which)
        if "hide_nodes" in words:
            words["hide"] = words.pop("hide_nodes")
        self.numbers, self.which = numbers, words
        self.views = self._views(view)
        said = {kind for name in self.views for kind in _SAYS[name]}
        self.kinds = tuple(kind for kind in KINDS if kind in said)
        canvas = self.canvas()
        drawn = [draft.node for draft in canvas.boxes.values() if draft.node is not None]
        self.facts = Facts(numbers.run, drawn)
        self.words = Words(self.facts, names_of(canvas.scene()))
        self.shown = shown_facts(canvas, self.facts, self.kinds)
        self.candidates = [fact for fact in self.shown if fact.kind in hide and self._is_worth(fact)]

    def _views(self, view: Any) -> tuple[str, ...]:
        if view is None:
            scalar = all(node.shape == () for node in self.numbers.graph.nodes)
            more = ["gradients", *(["derivatives"] if scalar else [])] if self.numbers.has_gradients else []
            return ("structure" if scalar else "shapes", "values", *more)
        words = [word.strip() for word in view.split("+")] if isinstance(view, str) else list(view)
        views = _names(words, "view", _SAYS)
        if not self.numbers.has_gradients and any(v in views for v in ("gradients", "flow", "derivatives")):
            raise ValueError("viz.quiz: this run has no gradients. Trace one scalar float, such as a loss.")
        return views

    def canvas(self) -> Canvas:
        """A fresh canvas, with what is no number."""
        canvas = Canvas(outline(self.numbers.graph, **self.which), self.numbers)
        for view in (STRUCTURE, SHAPES, PARAMETERS):
            if view.name in self.views and not (view is STRUCTURE and "shapes" in self.views):
                view.write(canvas)
        return canvas

    def _is_worth(self, fact: Fact) -> bool:
        """Whether it is a question: leaves are given, the loss's gradient is 1, a formula may be a number already."""
        node = self.facts.node(fact)
        if self.facts.same(fact) != fact:
            return False
        if fact.kind == "values":
            return node.role == "op"
        if fact.kind == "gradients":
            return node is not self.facts.run.loss and node.role != "constant"
        if fact.kind == "derivatives":
            return bool(self.facts.letters(node, fact.slot))
        return self.facts.source(fact).role != "constant"

    def chosen(self, blanks: Any, seed: int) -> dict[Fact, int]:
        """The facts that are asked, numbered as they stand on the page."""
        if not self.candidates:
            raise ValueError(
                "viz.quiz: there is nothing to ask: no number of the kinds that are to be blanked is written out in "
                "this picture. Take a graph of scalars or small arrays, or unfold it."
            )
        if isinstance(blanks, bool) or not isinstance(blanks, float | int):
            names: Any = [blanks] if isinstance(blanks, str) else blanks
            picked = self._named(list(names))
        else:
            picked = self._drawn(blanks, seed)
        order = {fact: k for k, fact in enumerate(self.shown)}
        return _numbered(sorted(picked, key=lambda fact: (self._place(fact), order[fact])))

    def _place(self, fact: Fact) -> tuple[int, int]:
        """Values forward first, then what is found on the way back."""
        place = int(fact.node[1:])
        return (0, place) if fact.kind == "values" else (1, -place)

    def _drawn(self, blanks: float | int, seed: int) -> list[Fact]:
        count = blanks if isinstance(blanks, int) else round(blanks * len(self.candidates))
        if blanks <= 0 or (isinstance(blanks, float) and blanks > 1):
            raise ValueError(
                f"viz.quiz: blanks is a share above 0 up to 1, a number from 1, or names; found {blanks!r}."
            )
        count = min(max(count, 1), _QUESTIONS_AT_MOST, len(self.candidates))
        order = np.random.default_rng(seed).permutation(len(self.candidates))
        picked: list[Fact] = []
        for k in order:
            fact = self.candidates[int(k)]
            if len(picked) < count and not self.facts.underivable([*picked, fact], self.shown):
                picked.append(fact)
        if not picked:
            raise ValueError(
                "viz.quiz: no number can be derived from the others in this picture, since what they come from is "
                "folded, hidden or too large to be written out. Show more of the graph."
            )
        return picked

    def _named(self, names: list[str]) -> list[Fact]:
        picked: dict[Fact, None] = {}
        for name in names:
            picked.update(dict.fromkeys(self._about(name)))
        lost = self.facts.underivable(picked, self.shown)
        if lost:
            raise ValueError(
                f"viz.quiz: {self.words.symbol(lost[0])} cannot be derived from what is left"
                + (f" (nor can {len(lost) - 1} more)" if len(lost) > 1 else "")
                + ". Blank less."
            )
        if not picked:
            raise ValueError("viz.quiz: blanks names nothing; name at least one node.")
        return list(picked)

    def _about(self, name: str) -> list[Fact]:
        """What a name means: all that is worth asking about the node, or all of one kind."""
        stem, dot, kind = name.rpartition(".")
        if not dot or kind not in KINDS:
            stem, kind = name, ""
        node = self.facts.graph.find(stem)
        key = self.facts.ids[node]
        among = [f for f in self.shown if f.kind == kind] if kind else self.candidates
        found = [self.facts.same(f) for f in among if f.node == key]
        if not found:
            raise ValueError(f"viz.quiz: there is nothing to ask about {name!r} in this picture.")
        return found
