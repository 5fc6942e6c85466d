"""Findings in words: what is wrong, where, by which numbers one sees it, and the way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from graphnn.core.errors import SettingError, did_you_mean


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    kind : a few words that name it, such as "dead units"
    place : the layer, parameter or input where it was seen
    words : a sentence that says what was seen
    advice : the way out
    evidence : the numbers behind it
    """

    kind: str
    place: str
    words: str
    advice: str
    evidence: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plain = {name: float(value) for name, value in self.evidence.items()}
        object.__setattr__(self, "evidence", MappingProxyType(plain))

    def __str__(self) -> str:
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in self.evidence.items())
        return f"{self.kind} ({self.place}): {self.words}\n    Seen: {numbers}\n    Way out: {self.advice}"


@dataclass(frozen=True)
class Report:
    """What `gn.train.debug` found.

    findings : what is wrong, in the order in which to mend it; empty if nothing was found
    remarks : what is worth knowing but not wrong, such as a check that could not be made
    curves : columns of numbers behind the findings, such as losses of the steps that were tried
    """

    findings: tuple[Finding, ...]
    remarks: tuple[str, ...] = ()
    curves: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the findings, each once."""
        return tuple(dict.fromkeys(f.kind for f in self.findings))

    def __getitem__(self, kind: str) -> tuple[Finding, ...]:
        """The findings of one kind; SettingError if there is none."""
        found = tuple(f for f in self.findings if f.kind == kind)
        if not found:
            raise SettingError(f"report: nothing was found of kind {kind!r}.{did_you_mean(kind, self.kinds)}")
        return found

    def __contains__(self, kind: object) -> bool:
        return kind in self.kinds

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __str__(self) -> str:
        head = f"{len(self.findings)} findings" if len(self.findings) != 1 else "1 finding"
        lines = [f"{head}." if self.findings else "Nothing wrong was found."]
        lines += [f"{k}. {finding}" for k, finding in enumerate(self.findings, 1)]
        lines += [f"Remark: {remark}" for remark in self.remarks]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Report: {', '.join(self.kinds) or 'no findings'}>"


def table(header: list[str], rows: list[list[str]]) -> str:
    """A table in text: names to the left, numbers to the right."""
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]
    lines = []
    for line in [header, ["-" * w for w in widths], *rows]:
        cells = [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


__all__ = ["Finding", "Report", "table"]
