"""Write graphs as ONNX files: `save_onnx(logits, "net.onnx")`."""

from __future__ import annotations

from graphnn.io.onnx.write.door import save_onnx

__all__ = ["save_onnx"]
