"""Read and write ONNX files, with the package `onnx` (extra `graphnn[onnx]`)."""

from __future__ import annotations

from graphnn.io.onnx.read.importer import load_onnx
from graphnn.io.onnx.read.limits import Limits
from graphnn.io.onnx.report import OnnxReport, onnx_report
from graphnn.io.onnx.write import save_onnx

__all__ = ["Limits", "OnnxReport", "load_onnx", "onnx_report", "save_onnx"]
