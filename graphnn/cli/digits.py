"""`graphnn train digits`: a first training that draws what it made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

import graphnn as gn
from graphnn.cli.files import make_folder


def train_digits(
    *,
    hidden: list[int],
    dropout: float,
    epochs: int,
    batch: int,
    rate: float,
    seed: int,
    out: Path,
    quiet: bool,
) -> None:
    """Train a classifier of handwritten digits, and draw its graph with the gradient flow of one batch."""
    import viz

    make_folder(out)
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
    settings: dict[str, Any] = {"batch": batch, "seed": seed, "validation": test, "progress": not quiet}
    history = trainer.fit(training, epochs=epochs - calm, **settings)
    if calm:
        trainer.optimizer.learning_rate.value = rate / 10
        trainer.fit(training, epochs=calm, **settings)
    reached = trainer.evaluate(test)
    # The pictures show the network as it predicts, without the masks of dropout.
    run = gn.trace(loss, {"x": training.x[:batch], "y": training.y[:batch]})
    # From top to bottom a deep network fits the width of a page.
    structure, flow = viz.draw(run.graph, direction="TB"), viz.draw(run, direction="TB")
    curve = out / "training.png"
    viz.training_curve(history, curve)
    files = [
        *[structure.save(out / f"graph.{ending}") for ending in ("svg", "png")],
        *[flow.save(out / f"gradients.{ending}") for ending in ("svg", "png")],
        curve,
    ]
    click.echo(f"accuracy on held-out digits: {reached['accuracy']:.2%} (loss {reached['loss']:.4f})")
    for file in files:
        click.echo(f"wrote {file}")
    click.echo(f"done in {time.perf_counter() - began:.1f} s")
