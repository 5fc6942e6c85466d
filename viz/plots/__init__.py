"""Plots of numbers: trainings, boundaries, curves of ops, loss surfaces, weights. Each shows and saves itself.

>>> import graphnn as gn, viz
>>> plot = viz.schedule_curve(gn.optim.cosine(50), 60)
>>> plot
<Plot schedule_curve: 1 panel, 60 rows>
"""

from __future__ import annotations

from viz.plots.bands import bands
from viz.plots.boundary import boundary
from viz.plots.confusion import confusion
from viz.plots.curve import curve
from viz.plots.fit import fit_curve
from viz.plots.gradient_sizes import gradient_sizes
from viz.plots.histograms import Histograms, histogram_plot, histograms
from viz.plots.loss_slice import loss_slice
from viz.plots.plot import Plot
from viz.plots.ranking import reliability_curve, roc_curve
from viz.plots.rates import rate_curve
from viz.plots.regression_surface import regression_surface
from viz.plots.schedules import schedule_curve
from viz.plots.style import Look
from viz.plots.surface import surface
from viz.plots.table import Table
from viz.plots.training import training_curve
from viz.plots.weights import weights

__all__ = [
    "Histograms", "Look", "Plot", "Table", "bands", "boundary", "confusion", "curve", "fit_curve", "gradient_sizes",
    "histogram_plot", "histograms", "loss_slice", "rate_curve", "regression_surface", "reliability_curve", "roc_curve",
    "schedule_curve", "surface", "training_curve", "weights",
]  # fmt: skip
