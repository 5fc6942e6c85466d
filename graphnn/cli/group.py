"""The command `graphnn` itself: every error is one sentence, with the exit code 1, or 2 for a wrong call."""

from __future__ import annotations

from typing import Any

import click

import graphnn as gn


class _Commands(click.Group):
    """Shows graphnn's errors as one sentence and not as a traceback, and lists commands as they were added."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except gn.GraphnnError as error:
            raise click.ClickException(str(error)) from None
        except KeyboardInterrupt:
            raise click.ClickException("interrupted") from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(gn.__version__, prog_name="graphnn")
def main() -> None:
    """Computational graphs: train them compiled, draw them with their gradients.

    \b
    From a table to predictions:
      graphnn train flowers.csv --target kind --out flowers
      graphnn evaluate flowers new-flowers.csv
      graphnn predict flowers unknown.csv -o answers.csv
    """
