"""Look for what is wrong with a training: sizes of gradients, rows learned by heart, findings in words."""

from graphnn.train.diagnosis.debug import debug
from graphnn.train.diagnosis.flow import FlowReport, flow_report
from graphnn.train.diagnosis.one_batch import OneBatch, overfit_one_batch
from graphnn.train.diagnosis.report import Finding, Report

__all__ = ["Finding", "FlowReport", "OneBatch", "Report", "debug", "flow_report", "overfit_one_batch"]
