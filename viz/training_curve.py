"""Draw how a training went: loss and measures over the epochs."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from viz.drawing import write_file

__all__ = ["training_curve"]

# Okabe and Ito's palette, safe for colour-blind readers; line styles tell the curves apart in grey print.
_STYLES = (("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", "-."), ("#CC79A7", ":"))
_FORMATS = ("png", "svg", "pdf")


def training_curve(history: Iterable[Mapping[str, float]], path: str | os.PathLike[str]) -> Path:
    """Save the curves of a history (one mapping of measures per epoch) as PNG, SVG or PDF, by the file's ending.

    Losses stand in the upper panel, on a log scale; all other measures but times in the lower one. Returns the path.
    Raises ValueError for another ending or a history without epochs.
    """
    target = Path(path)
    ending = target.suffix.lower().lstrip(".")
    if ending not in _FORMATS:
        raise ValueError(f"training_curve: {target.name!r} must end in one of .{', .'.join(_FORMATS)}.")
    rows = list(history)
    if not rows:
        raise ValueError("training_curve: the history has no epochs; call fit first.")
    names = list(dict.fromkeys(name for row in rows for name in row if name != "seconds"))
    losses = [name for name in names if "loss" in name]
    others = [name for name in names if "loss" not in name]

    import matplotlib
    from matplotlib.figure import Figure

    panels = 1 + bool(others)
    with matplotlib.rc_context(
        {"svg.hashsalt": "graphnn", "font.family": "DejaVu Sans", "svg.fonttype": "path"}
    ):
        figure = Figure(figsize=(7.2, 2.9 * panels), layout="constrained")
        axes = figure.subplots(panels, 1, sharex=True, squeeze=False)[:, 0]
        for axis, group, word in zip(axes, (losses, others), ("loss", ", ".join(others)), strict=False):
            for name, (colour, style) in zip(group, _STYLES * 4, strict=False):
                values = [row.get(name, float("nan")) for row in rows]
                axis.plot(
                    range(1, len(rows) + 1), values, color=colour, linestyle=style, linewidth=1.8, label=name
                )
            axis.set_ylabel(word if len(group) < 3 else "measures")
            axis.grid(True, color="#E5E7EB", linewidth=0.8)
            axis.spines[["top", "right"]].set_visible(False)
            axis.legend(frameon=False)
        if losses and all(row.get(n, 1.0) > 0 for row in rows for n in losses):
            axes[0].set_yscale("log")
        axes[-1].set_xlabel("epoch")
        axes[-1].xaxis.get_major_locator().set_params(integer=True)
        data = io.BytesIO()
        figure.savefig(data, format=ending, dpi=160, metadata={"Date": None} if ending == "svg" else None)
    write_file(target, data.getvalue())
    return target
