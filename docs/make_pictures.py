"""Make the pictures that README and docs show: `python docs/make_pictures.py`."""

from __future__ import annotations

from pathlib import Path

import graphnn as gn
import viz

PICTURES = Path(__file__).parent / "pictures"


def first() -> viz.Drawing:
    """The smallest graph with a shared node: two contributions meet in the gradient of a."""
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    return viz.draw(gn.trace((a * b + a).named("c")))


def narrow() -> viz.Drawing:
    """Nearly the same downwards, with no wires that cross: a phone shows the whole of it."""
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    return viz.draw(gn.trace((a + a * b).named("c")), direction="TB")


ALL = {"first.svg": first, "narrow.svg": narrow}


def main() -> None:
    """Write every picture."""
    PICTURES.mkdir(exist_ok=True)
    for name, picture in ALL.items():
        picture().save(PICTURES / name)


if __name__ == "__main__":
    main()
