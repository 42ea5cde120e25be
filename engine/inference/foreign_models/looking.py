"""Looks at a foreign model file, without Keras, and refuses what may not be in one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.inference.foreign_models.archive import WEIGHTS, unpack
from engine.inference.foreign_models.configuration import checked
from engine.inference.foreign_models.weights_file import MOST_UNPACKED, count_numbers


def look(path: Path, folder: Path) -> tuple[dict[str, Any], int]:
    """Makes sure that a file holds layers of Keras's own, and their weights.

    Args:
        path: The file.
        folder: An empty one, which receives weights and vocabularies.

    Returns:
        The configuration as Keras may see it, and how many numbers lie in the file of weights.

    Raises:
        Refused: It holds something else.
    """
    config = unpack(path, folder)
    # Names and settings first, against what the file could hold at most: what opens the weights is
    # a library of its own, and takes its time to be loaded.
    checked(config, MOST_UNPACKED * (folder / WEIGHTS).stat().st_size)
    n_stored = count_numbers(folder / WEIGHTS)
    return checked(config, n_stored), n_stored
