"""What a check of an op found: sentences, each of a kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Finding(NamedTuple):
    """One thing that is wrong. `kind` is "declaration", "shape", "kernel", "slope" or "second order"."""

    kind: str
    words: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.words}"


@dataclass(frozen=True)
class OpCheck:
    """What `check_op` found: `ok`, the `findings` in words, and `advice` that is no fault. `str` tells all."""

    name: str
    findings: tuple[Finding, ...]
    advice: tuple[str, ...]
    checked: str

    @property
    def ok(self) -> bool:
        return not self.findings

    def __str__(self) -> str:
        if self.ok:
            lines = [f"{self.name}: nothing wrong found. {self.checked}"]
        else:
            count = len(self.findings)
            lines = [f"{self.name}: {count} finding{'s' * (count != 1)}. {self.checked}"]
        lines += [f"- {finding}" for finding in self.findings]
        lines += [f"- advice: {words}" for words in self.advice]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<OpCheck {self.name}: {'ok' if self.ok else f'{len(self.findings)} findings'}>"


@dataclass
class Findings:
    """Collects findings; one of the same kind and beginning is told once."""

    found: list[Finding] = field(default_factory=list)
    _told: set[tuple[str, str]] = field(default_factory=set)

    def add(self, kind: str, topic: str, words: str) -> None:
        """Tell it, unless this topic was told before: samples repeat what one of them has shown."""
        if (kind, topic) not in self._told:
            self._told.add((kind, topic))
            self.found.append(Finding(kind, words))
