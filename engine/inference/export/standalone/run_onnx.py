"""ONNX Runtime, on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int32)": np.int32,
    "tensor(string)": object,
}


class Runtime:
    """The model's file, opened."""

    batch = 256

    def __init__(self, path: Path, threads: int | None = None) -> None:
        options = onnxruntime.SessionOptions()
        if threads is not None:
            options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self.types = {item.name: TYPES[item.type] for item in self.session.get_inputs()}

    def __call__(self, feeds: dict[str, Any]) -> Any:
        """Returns what the file answers to inputs by name, (n, ...)."""
        given = {name: np.asarray(feeds[name], kind) for name, kind in self.types.items()}
        return self.session.run(None, given)[0]
