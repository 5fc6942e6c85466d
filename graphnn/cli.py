"""The command line: `graphnn train digits`, `graphnn draw`, `graphnn warmup`, `graphnn doctor`."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import click

import graphnn as gn


class _Errors(click.Group):
    """Shows graphnn's errors as one sentence and not as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except gn.GraphnnError as error:
            raise click.ClickException(str(error)) from None
        except KeyboardInterrupt:
            raise click.ClickException("interrupted") from None


@click.group(cls=_Errors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(gn.__version__, prog_name="graphnn")
def main() -> None:
    """Computational graphs: train them compiled, draw them with their gradients."""


def _sizes(ctx: click.Context, param: click.Parameter, text: str) -> list[int]:
    try:
        sizes = [int(word) for word in text.split(",") if word.strip()]
    except ValueError:
        raise click.BadParameter(f"wanted sizes separated by commas, as 64,32; found {text!r}") from None
    if not sizes or min(sizes) < 1 or max(sizes) > 100_000:
        raise click.BadParameter(f"sizes are whole numbers from 1 to 100000; found {text!r}")
    return sizes


def _number(ctx: click.Context, param: click.Parameter, value: float) -> float:
    if value != value:  # NaN passes every range
        raise click.BadParameter("nan is not a number to train with")
    return value


@main.command()
@click.argument("data", type=click.Choice(["digits"]))
@click.option(
    "--hidden", default="256,128", callback=_sizes, show_default=True, help="Units of each hidden layer."
)
@click.option(
    "--dropout",
    default=0.3,
    type=click.FloatRange(0.0, 0.95),
    callback=_number,
    show_default=True,
    help="Of hidden units.",
)
@click.option("--epochs", default=80, type=click.IntRange(1, 100_000), show_default=True)
@click.option(
    "--batch", default=32, type=click.IntRange(1, 1_000_000), show_default=True, help="Rows per step."
)
@click.option(
    "--rate",
    default=0.002,
    type=click.FloatRange(1e-9, 100.0),
    callback=_number,
    show_default=True,
    help="Of Adam.",
)
@click.option(
    "--seed", default=1, type=click.IntRange(0, 2**62), show_default=True, help="Of all that is drawn."
)
@click.option(
    "--out", default="graphnn-digits", type=click.Path(file_okay=False, path_type=Path), show_default=True
)
def train(
    data: str, hidden: list[int], dropout: float, epochs: int, batch: int, rate: float, seed: int, out: Path
) -> None:
    """Train a classifier of handwritten digits, and draw its graph with the gradient flow of one batch."""
    import viz

    _make_folder(out)
    began = time.perf_counter()
    training, test = gn.data.split(gn.data.digits(), 0.2, seed=seed)
    x = gn.input("x", ("batch", 64))
    y = gn.input("y", ("batch",), "int64")
    layers: list[gn.nn.Layer] = [gn.nn.Dropout(dropout / 3)]
    for units in hidden:
        layers += [gn.nn.Dense(units, gn.relu), gn.nn.Dropout(dropout)]
    net = gn.nn.Sequential([*layers, gn.nn.Dense(10)], seed=seed)
    logits = net(x)
    loss = gn.softmax_cross_entropy(logits, y).named("loss")
    trainer = gn.Trainer(
        gn.softmax_cross_entropy(net(x, training=True), y),
        gn.optim.Adam(rate),
        output=logits,
        metrics={"accuracy": gn.accuracy(logits, y)},
        evaluation_loss=loss,
    )
    count = sum(int(p.value.size) for p in net.parameters)
    click.echo(f"{len(training)} digits to learn from, {len(test)} held out; {count} parameters")
    # The last fifth of the epochs takes steps of a tenth, so that the result does not hang on the last few batches.
    calm = epochs // 5
    history = trainer.fit(training, epochs=epochs - calm, batch=batch, seed=seed, validation=test)
    if calm:
        trainer.optimizer.learning_rate.value = rate / 10
        trainer.fit(training, epochs=calm, batch=batch, seed=seed, validation=test)
    reached = trainer.evaluate(test)
    # The pictures show the network as it predicts, without the masks of dropout.
    run = gn.trace(loss, {"x": training.x[:batch], "y": training.y[:batch]})
    # From top to bottom a deep network fits the width of a page.
    structure, flow = viz.draw(run.graph, direction="TB"), viz.draw(run, direction="TB")
    files = [
        *[structure.save(out / f"graph.{ending}") for ending in ("svg", "png")],
        *[flow.save(out / f"gradients.{ending}") for ending in ("svg", "png")],
        viz.training_curve(history, out / "training.png"),
    ]
    click.echo(f"accuracy on held-out digits: {reached['accuracy']:.2%} (loss {reached['loss']:.4f})")
    for file in files:
        click.echo(f"wrote {file}")
    click.echo(f"done in {time.perf_counter() - began:.1f} s")


@main.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="a.svg, a.png or a.dot",
)
@click.option("--direction", default="LR", type=click.Choice(["LR", "TB"]), show_default=True)
def draw(model: Path, output: Path, direction: str) -> None:
    """Draw the graph in MODEL, a JSON file written by gn.io.save_graph."""
    import viz

    graph = gn.io.load_graph(model)
    try:
        file = viz.draw(graph, direction=direction).save(output)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"wrote {file}: {len(graph)} nodes")


@main.command()
@click.option("--processes", default=2, type=click.IntRange(1, 64), show_default=True)
def warmup(processes: int) -> None:
    """Compile all kernels into the cache, so that nothing is compiled later."""
    done = gn.warmup(processes=processes)
    click.echo(f"{done.kernels} kernels ready, {done.compiled} compiled now, {done.seconds:.1f} s")


@main.command()
def doctor() -> None:
    """Show versions, cache, layout engine, BLAS and threads, and test a training step."""
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


def _make_folder(folder: Path) -> None:
    """Make the folder now, and prove that it can be written, before minutes of training."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, probe = tempfile.mkstemp(dir=folder)
        os.close(handle)
        os.unlink(probe)
    except OSError as error:
        raise click.ClickException(
            f"the output folder {str(folder)!r} cannot be written: {error.strerror}"
        ) from None


if __name__ == "__main__":
    main()
