"""Model: the model's file, with what stands before and behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from engine.inference.export.standalone.prepare_array import prepare
    from engine.inference.export.standalone.restore import answers, restore
    from engine.inference.export.standalone.run_onnx import Runtime
    from engine.inference.export.standalone.writing import written


class Model:
    """An exported model.

    Args:
        folder: Where its files lie.
        threads: How many it may use; None: as many as the runtime likes.
    """

    def __init__(self, folder: Path = Path(__file__).parent, threads: int | None = None) -> None:
        self.card = json.loads((folder / "model.json").read_text("utf-8"))
        self.runtime = Runtime(folder / self.card["file"], threads)

    def predict(self, inputs: Any) -> list[Any]:
        """Returns a class, labels, numbers, a score or a text for each example."""
        return answers(self.outputs(inputs), self.card)

    def outputs(self, inputs: Any) -> Any:
        """Returns probabilities, numbers, scores or texts, (n, ...)."""
        feeds, step = self.given(inputs), self.runtime.batch
        n = len(next(iter(feeds.values())))
        found = [
            self.ask({name: values[start : start + step] for name, values in feeds.items()})
            for start in range(0, n, step)
        ]
        return restore(np.concatenate(found), self.card)

    def given(self, inputs: Any) -> dict[str, Any]:
        """Returns what the file takes for examples, by name, each (n, ...)."""
        return prepare(inputs, self.card)

    def ask(self, given: dict[str, Any]) -> Any:
        """Returns what the file itself answers, (n, ...)."""
        if "writes" in self.card:
            return written(self.runtime, given, self.card)
        return self.runtime(given)
