"""Opens the file of a saved model, which may be damaged or made to harm. Imported by workers only.

What the file says of itself is looked at before Keras builds anything of it: that it is the file
its contract was written for, that it holds nothing but Keras's own layers, and that these have no
more weights than the file holds.
"""

from __future__ import annotations

import hashlib
import logging
import math
import zipfile
from pathlib import Path
from typing import Any, Final

import keras

from engine.errors import WorkspaceError
from engine.files.bounded import open_archive, open_plain, parse_object, reason_of
from engine.graph.unallocated import unallocated
from engine.inference.foreign_models.configuration import checked
from engine.inference.foreign_models.refusal import Refused

logger = logging.getLogger(__name__)

CONFIG: Final = "config.json"
WEIGHTS: Final = "model.weights.h5"
_HINT: Final = "Train it again with the same settings."
_MOST_UNPACKED: Final = 16
"""Keras packs nothing; whoever did has made a file at most so many times as small."""
_LEAST_BYTES: Final = 1 << 26
_MAX_CONFIG: Final = 64 << 20
_MOST_NUMBERS: Final = 1 << 40
"""Of weights: what is in a file of our own is compared with its size below."""


def digest_of(content: bytes) -> str:
    """The digest by which a contract knows its model's file."""
    return hashlib.blake2b(content, digest_size=32).hexdigest()


def load_model(path: Path, digest: str) -> keras.Model:
    """Loads the model in a file.

    Args:
        path: A file that Keras wrote.
        digest: That of the file, as its contract says; empty: not known.

    Raises:
        WorkspaceError: There is none, it is damaged, another one, or holds what is no network.
    """
    try:
        if digest:
            _check_digest(path, digest)
        config = _checked_config(path, is_known=bool(digest))
        if not digest:
            _check_weights(config, path)
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except WorkspaceError:
        raise
    except FileNotFoundError:
        raise WorkspaceError(
            f"This run has no saved model: '{path.name}' is missing.", _HINT
        ) from None
    except Exception as error:  # Keras and HDF5 have many, and words of several lines
        logger.info("The model in '%s' cannot be read", path, exc_info=True)
        raise WorkspaceError(
            f"The saved model '{path.name}' cannot be read: {reason_of(error)}.", _HINT
        ) from error


def _check_digest(path: Path, digest: str) -> None:
    with open_plain(path) as file:
        found = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest()
    if found != digest:
        raise WorkspaceError(
            f"The saved model '{path.name}' was changed after it was written, or belongs to "
            "another run.",
            _HINT,
        )


def _checked_config(path: Path, is_known: bool) -> dict[str, Any]:
    """The configuration of the model in a file, which holds nothing but Keras's own layers."""
    limit = max(_LEAST_BYTES, _MOST_UNPACKED * path.stat().st_size)
    with open_archive(path, limit) as archive:
        if archive.getinfo(CONFIG).file_size > _MAX_CONFIG:
            raise ValueError(f"its {CONFIG} is too long")
        config = parse_object(archive.read(CONFIG))
        damaged = None if is_known else archive.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(f"'{damaged}' in it does not match its checksum")
    config.pop("compile_config", None)
    try:
        # Whoever can write a model can write the digest that a contract has of it.
        checked(config, _MOST_NUMBERS)
    except Refused as error:
        raise WorkspaceError(
            f"The saved model '{path.name}' is not opened, as only Keras's own layers, without "
            f"code and files, may be in a model: {error}",
            "Choose a model that Descent saved.",
        ) from None
    return config


def _check_weights(config: dict[str, Any], path: Path) -> None:
    """Makes sure that building a model takes no more than its file holds.

    Raises:
        ValueError: Its layers have more weights than there are bytes.
    """
    with unallocated():
        model = keras.saving.deserialize_keras_object(config, safe_mode=True)
        wanted = sum(math.prod(variable.shape) for variable in model.variables)
    if wanted > path.stat().st_size * _MOST_UNPACKED:
        raise ValueError(f"its layers have {wanted:,} weights, which the file cannot hold")
