"""Import the package `onnx` when it is needed, and say how to get it where it is absent."""

from __future__ import annotations

import importlib
from typing import Any

from graphnn.core.errors import SettingError

__all__ = ["onnx_package"]


def onnx_package(module: str = "onnx") -> Any:
    """The package `onnx`, or one of its modules, as in `onnx_package("onnx.defs")`.

    Raises SettingError where it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "onnx":
            raise
        raise SettingError(
            'ONNX files need the package onnx, which is not installed. Get it with: pip install "graphnn[onnx]".'
        ) from None
