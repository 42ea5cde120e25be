"""What is kept with a run of what its model says: of another model nothing of it holds any more."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Final

_PATTERNS: Final = (
    "evaluation.json",
    "analysis*.json",
    "predictions-*.npz",
    "suspects-kept.json",
    "explanations",
)


def forget_results(folder: Path) -> None:
    """Removes what the model of a run said, before another takes its place.

    What cannot be removed is written anew by who looks at it.
    """
    for pattern in _PATTERNS:
        for path in folder.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    path.unlink()
