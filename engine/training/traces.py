"""How the graphs of a training are traced, and what TensorFlow keeps of them let go.

Imported by workers only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from engine.training.model.sampling import sampling_first

_PREFIX = "CustomGradient-"


@contextlib.contextmanager
def training_graphs() -> Iterator[None]:
    """What every training and trial traces its graphs in."""
    with forgetting_traces(), sampling_first():
        yield


@contextlib.contextmanager
def forgetting_traces() -> Iterator[None]:
    """At its end lets go of the gradients that were registered within, and of their graphs.

    Wherever a function with a gradient of its own is traced, as in each step of Keras's optimizers,
    TensorFlow registers that gradient for the whole process under a new name, and with it keeps the
    graph: 2.7 MB a training of a small network. Nothing public removes it. What was traced within
    can still be run afterwards, but not differentiated.
    """
    from tensorflow.python.framework import ops

    registered: dict[str, object] = getattr(ops.gradient_registry, "_registry", {})
    before = set(registered)
    try:
        yield
    finally:
        for name in [name for name in registered if name not in before]:
            if name.startswith(_PREFIX):
                registered.pop(name, None)
