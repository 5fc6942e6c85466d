"""The command line, called in this process."""

from __future__ import annotations

from click.testing import CliRunner, Result

from graphnn.cli import main


def graphnn(*words: object) -> Result:
    """What `graphnn WORDS...` says, and its exit code."""
    return CliRunner().invoke(main, [str(w) for w in words])
