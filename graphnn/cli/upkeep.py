"""`graphnn warmup` and `graphnn doctor`: keep the installation well."""

from __future__ import annotations

import click

import graphnn as gn


@click.command()
@click.option("--processes", default=2, type=click.IntRange(1, 64), show_default=True)
def warmup(processes: int) -> None:
    """Compile all kernels into the cache, so that nothing is compiled later.

    \b
    Example:
      graphnn warmup --processes 4
    """
    done = gn.warmup(processes=processes)
    click.echo(f"{done.kernels} kernels ready, {done.compiled} compiled now, {done.seconds:.1f} s")


@click.command()
def doctor() -> None:
    """Show versions, cache, layout engine, BLAS and threads, and test a training step.

    \b
    Example:
      graphnn doctor
    """
    import viz

    facts, good = gn.diagnose()
    a = gn.scalar(2.0, "a")
    try:
        facts["drawing"] = f"{len(viz.draw(gn.Graph(a * a)).svg)} bytes of SVG"
    except (ValueError, OSError, RuntimeError) as error:
        facts["drawing"], good = f"FAILED: {error}", False
    width = max(map(len, facts))
    for subject, finding in facts.items():
        click.echo(f"{subject:{width}}  {finding}")
    if not good:
        raise click.ClickException("something does not work; see above")
