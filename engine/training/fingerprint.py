"""A short mark of prepared data, by which a run that goes on knows that it is still the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from engine.errors import DatasetError, WorkspaceError
from engine.files import atomic_write
from engine.training.prepared_data import DividedData

FILE_NAME = "data.json"
_N_ROWS = 64


def fingerprint(divided: DividedData) -> str:
    """Returns a digest of how the data is divided, of all targets, and of what was fitted on it.

    Of the inputs, which may be larger than memory, 64 examples drawn evenly are read.
    """
    digest = hashlib.sha256()
    parts, examples = divided.parts, divided.examples
    for part in (parts.train, parts.validation, parts.test):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update(json.dumps(divided.preprocessing.to_dict(), sort_keys=True).encode())
    y = np.asarray(examples.y)
    if y.dtype.hasobject:  # texts
        digest.update("\0".join(map(str, y.ravel())).encode())
    else:
        digest.update(np.ascontiguousarray(y).data)
    rows = np.unique(np.linspace(0, len(examples.y) - 1, _N_ROWS).astype(np.int64))
    digest.update(np.ascontiguousarray(divided.preprocessing.transform_x(examples.x[rows])).data)
    return digest.hexdigest()


def save_fingerprint(divided: DividedData, folder: Path) -> None:
    """Writes it into the folder of a run.

    Raises:
        WorkspaceError: It cannot be written.
    """
    atomic_write(folder / FILE_NAME, json.dumps({"sha256": fingerprint(divided)}))


def check_fingerprint(divided: DividedData, folder: Path) -> None:
    """Makes sure that data is what a run began with.

    Raises:
        DatasetError: It is not.
        WorkspaceError: The file is damaged.
    """
    try:
        known = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkspaceError(
            f"The file '{FILE_NAME}' of the run cannot be read. Received: {error}.",
            "Start a new run with the same settings.",
        ) from error
    if known != fingerprint(divided):
        raise DatasetError(
            "The data is no longer what the run began with: other examples, targets or columns.",
            "Bring the data back as it was, or start a new run.",
        )
