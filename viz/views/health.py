"""The view of health: where NaN began, where gradients vanish or explode, which units are dead or saturated."""

from __future__ import annotations

from viz.canvas import Canvas
from viz.scene import Badge, Entry
from viz.study.health import Finding, health, thresholds
from viz.views.base import View

__all__ = ["HEALTH"]

_BADGES = {
    "not finite": "not finite",
    "vanishing": "vanishing",
    "exploding": "exploding",
    "saturated": "saturated",
}
_RANK = {"": 0, "good": 1, "quiet": 1, "warn": 2, "bad": 3}


def _health(canvas: Canvas) -> None:
    findings = health(canvas.numbers.run)
    for finding in findings:
        draft = canvas.box_of(finding.node)
        if draft is None:
            continue
        badge = Badge(_words(finding), finding.tone)
        if badge not in draft.badges:
            draft.badges.append(badge)
        draft.notes.append(finding.words)
        draft.tone = max(draft.tone, finding.tone, key=_RANK.__getitem__)
    tones = {finding.tone for finding in findings}
    canvas.entries += [
        Entry("tone", words, tone)
        for tone, words in (("warn", "learns badly"), ("bad", "cannot learn"))
        if tone in tones
    ]
    canvas.notes += [
        f"health: {'no' if not findings else len(findings)} finding{'s' * (len(findings) > 1)}",
        *thresholds(),
    ]


def _words(finding: Finding) -> str:
    if finding.kind == "dead":
        return f"{finding.share:.0%} dead"
    if finding.kind == "origin":  # the finding's own first words: NaN, or ∞
        return f"{finding.words.partition(' ')[0]} begins here"
    if finding.kind == "not finite" and finding.words.startswith("its gradient"):  # its value may be sound
        return "gradient not finite"
    return _BADGES[finding.kind]


HEALTH = View(
    "health",
    "Where NaN began, what vanishes, explodes, is dead or saturated.",
    "values",
    _health,
    of_run=True,
)
