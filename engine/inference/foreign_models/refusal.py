"""Why a model file is not opened, in one sentence that names the part."""

from __future__ import annotations

from typing import Any

from engine.spec.formatting import shorten


class Refused(Exception):
    """A model file holds what may not be in one.

    Args:
        part: Where, such as ``config.json: layer 'dense_3'``.
        reason: What is wrong there, without a full stop.
    """

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(f"{part}: {reason}.")


def told(value: Any) -> str:
    """A value out of a foreign file, short enough to be read."""
    return shorten(value)
