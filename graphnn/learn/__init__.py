"""Exercises of the lessons that check themselves: a wrong answer gets a hint about that very mistake.

>>> import graphnn as gn
>>> gn.learn.check("01-1", 5)
01-1: not yet. You counted x each time it is used. A variable is one node, however many wires leave it.
>>> gn.learn.verdict("01-1", 3).right
True
"""

from __future__ import annotations

from graphnn.learn.exercise import Exercise, Mistake, Verdict
from graphnn.learn.shelf import check, exercises, question, verdict

__all__ = ["Exercise", "Mistake", "Verdict", "check", "exercises", "question", "verdict"]
