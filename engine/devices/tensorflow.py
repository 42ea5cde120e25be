"""TensorFlow is imported here first: what has to be set before anything computes, is set here."""

from __future__ import annotations

import contextlib
import sys
from typing import Final

from engine.devices.compiled_programs import keep_compiled_programs
from engine.devices.console.startup import memory_limit
from engine.errors import DescentError

ADDRESS_SPACE: Final = 1_900 << 20
"""Bytes that TensorFlow's libraries and threads reserve before anything is computed. With less,
they end the process in the middle of something, or raise one of many errors."""


def load_tensorflow() -> None:
    """Imports TensorFlow and has it take a GPU's memory as it needs it.

    All of it at once, its default, would starve every other program on the GPU.

    Raises:
        DescentError: This process may not have the memory for it.
    """
    limit = memory_limit()
    if limit is not None and limit < ADDRESS_SPACE and "tensorflow" not in sys.modules:
        raise DescentError(
            f"The memory of this process is limited to {limit >> 20:,} MB, and TensorFlow needs "
            f"about {ADDRESS_SPACE >> 20:,} MB before anything is computed.",
            "Allow more, such as: ulimit -v unlimited",
        )
    if "tensorflow" not in sys.modules:
        keep_compiled_programs()
    import tensorflow as tf

    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # it computes already; then it is too late
            tf.config.experimental.set_memory_growth(gpu, True)
