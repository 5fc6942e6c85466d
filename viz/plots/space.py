"""Axes in space: three directions with the theme's colours."""

from __future__ import annotations

from typing import Any

from viz.plots.style import Style, blended, words

__all__ = ["space"]


def space(style: Style, figure: Any, place: Any, names: tuple[str, str], height: str) -> Any:
    """Three-dimensional axes in this cell of a grid; what is drawn later lies in front."""
    import mpl_toolkits.mplot3d  # noqa: F401  # makes the projection known

    axis = figure.add_subplot(place, projection="3d", computed_zorder=False)
    axis.set_xlabel(words(names[0], 30))
    axis.set_ylabel(words(names[1], 30))
    axis.set_zlabel(words(height, 40))
    axis.tick_params(labelsize=style.small, pad=1)
    # The labels of turned axes reach further than their boxes say.
    axis.set_box_aspect((1.15, 1.15, 0.8), zoom=1.1)
    axis.view_init(elev=32, azim=-58)
    for side in (axis.xaxis, axis.yaxis, axis.zaxis):
        side.set_pane_color(blended(style.theme.page, style.theme.hairline, 0.25))
        side._axinfo["grid"].update(color=style.theme.hairline, linewidth=0.7)
        side.set_major_locator(_few())
    return axis


def _few() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5)
