"""The exercises of each lesson: one module a lesson, `EXERCISES` in the order in which the lesson asks."""

from __future__ import annotations

__all__: list[str] = []
