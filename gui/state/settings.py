"""Settings: what the window remembers between launches, by name and as JSON."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import Any, Final, TypeVar

from PySide6.QtCore import QByteArray, QSettings

from engine.files.bounded import parse_json, special_reason

logger = logging.getLogger(__name__)

SCHEMA_VERSION: Final = 1
MAX_BYTES: Final = 16 << 20
"""A longer file holds no settings."""

T = TypeVar("T")


class Settings:
    """Named values in the user's settings file.

    Values are JSON, so a number comes back as a number. A value that cannot be read, or is of
    another type than its default, counts as absent: a broken settings file costs a preference,
    never a launch.

    Args:
        store: Where the values live; the user's own file by default.

    Attributes:
        damaged: The file that could not be read and is left as it is, and why; None: there is none.
    """

    def __init__(self, store: QSettings | None = None) -> None:
        self.damaged: tuple[Path, str] | None = None
        self._store = store or self._users()
        if self.get("schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
            # There is one version so far; a newer program's values are left alone, not guessed at.
            self._store = _in_file(f"Descent-{SCHEMA_VERSION}")
        self.set("schema_version", SCHEMA_VERSION)

    def get(self, name: str, default: T) -> T:
        """Returns the stored value, or `default`.

        Args:
            name: Such as ``theme/mode`` or ``train/x_axis``; names, never positions.
            default: Decides the type; a number may be stored as int or float.
        """
        text = self._store.value(name)
        if not isinstance(text, str):
            return default
        try:
            value = parse_json(text)
            if isinstance(default, float) and isinstance(value, int | float):
                value = value if isinstance(value, bool) else type(default)(value)
        except (ValueError, OverflowError):
            return default
        if isinstance(value, float) and not math.isfinite(value):
            return default
        is_same_type = isinstance(value, type(default)) and (
            isinstance(value, bool) is isinstance(default, bool)
        )
        return value if is_same_type else default

    def set(self, name: str, value: Any) -> None:
        """Stores a JSON-ready value."""
        self._store.setValue(name, json.dumps(value))

    def get_bytes(self, name: str) -> QByteArray:
        """Returns stored bytes, such as a window's geometry; empty where there are none."""
        return QByteArray.fromBase64(QByteArray(self.get(name, "").encode("ascii", "ignore")))

    def set_bytes(self, name: str, value: QByteArray) -> None:
        """Stores bytes."""
        self.set(name, value.toBase64().toStdString())

    def save(self) -> None:
        """Writes everything to the file now."""
        self._store.sync()

    def _users(self) -> QSettings:
        """The user's own file; another one, where that cannot be opened."""
        # Opening is reading: whatever is in the way is looked at before.
        path = Path(_in_file("Descent-none").fileName()).with_name("Descent.ini")
        reason = special_reason(path)
        if not reason and path.is_file() and path.stat().st_size > MAX_BYTES:
            reason = f"it is longer than {MAX_BYTES:,} bytes"
        if reason:
            logger.warning("The settings '%s' are not read: %s", path, reason)
            self.damaged = (path, reason)
        return _in_file("Descent-new" if reason else "Descent")


def _in_file(name: str) -> QSettings:
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "Descent", name)
