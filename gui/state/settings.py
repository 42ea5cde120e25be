"""Settings: what the window remembers between launches, by name and as JSON."""

from __future__ import annotations

import json
from typing import Any, Final, TypeVar

from PySide6.QtCore import QByteArray, QSettings

SCHEMA_VERSION: Final = 1

T = TypeVar("T")


class Settings:
    """Named values in the user's settings file.

    Values are JSON, so a number comes back as a number. A value that cannot be read, or is of
    another type than its default, counts as absent: a broken settings file costs a preference,
    never a launch.

    Args:
        store: Where the values live; the user's own file by default.
    """

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store or QSettings(
            QSettings.Format.IniFormat, QSettings.Scope.UserScope, "Descent", "Descent"
        )
        if self.get("schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
            # There is one version so far; a newer program's values are left alone, not guessed at.
            self._store = QSettings(
                QSettings.Format.IniFormat,
                QSettings.Scope.UserScope,
                "Descent",
                f"Descent-{SCHEMA_VERSION}",
            )
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
            value = json.loads(text)
        except ValueError:
            return default
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            return type(default)(value)
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
