"""LiteRT, on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter


class Runtime:
    """The model's file, opened. It takes one example at a time."""

    batch = 1

    def __init__(self, path: Path, threads: int | None = None) -> None:
        self.interpreter = Interpreter(model_path=str(path), num_threads=threads)
        self.interpreter.allocate_tensors()
        (self.taken,) = self.interpreter.get_input_details()
        (self.given,) = self.interpreter.get_output_details()

    def __call__(self, feeds: dict[str, Any]) -> Any:
        """Returns what the file answers to inputs by name, (1, ...)."""
        example = np.asarray(feeds["inputs"], self.taken["dtype"])
        self.interpreter.set_tensor(self.taken["index"], example)
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.given["index"])
