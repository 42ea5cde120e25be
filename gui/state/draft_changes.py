"""Changes of a draft by path, as remedies make them, and what takes them back."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

Path = str | tuple[str, ...]
"""Where a value is: ``data.columns.id.type``, or its parts, where one holds a dot."""


class _Removed:
    """The type of `REMOVED`."""

    def __repr__(self) -> str:
        return "REMOVED"


REMOVED: Final = _Removed()
"""In place of a new value: there is none any more."""

# Lists of names that grow: leaving out one more file brings none of the others back.
_GROWING: Final = frozenset(
    {("data", "exclude"), ("split", "leave_out"), ("data", "parameters", "missing")}
)


def changed(values: Mapping[str, Any], changes: Mapping[Path, Any]) -> dict[str, Any]:
    """Returns a copy of nested values with some of them replaced.

    Args:
        values: JSON values.
        changes: New values by path; `REMOVED` takes one away.
    """
    result: dict[str, Any] = copy.deepcopy(dict(values))
    for path, value in changes.items():
        *parents, last = parts_of(path)
        place = result
        for name in parents:
            if not isinstance(place.get(name), dict):
                place[name] = {}
            place = place[name]
        if value is REMOVED:
            place.pop(last, None)
        else:
            place[last] = list(value) if isinstance(value, tuple) else copy.deepcopy(value)
    return result


def undoing(values: Mapping[str, Any], changes: Mapping[Path, Any]) -> dict[Path, Any]:
    """Returns the changes that bring back what `values` held before `changes`."""
    return {path: _value_at(values, path) for path in changes}


def added(values: Mapping[str, Any], changes: Mapping[Path, Any]) -> dict[Path, Any]:
    """Returns changes that add to the lists of names there are, instead of replacing them."""
    grown = dict(changes)
    for path, value in changes.items():
        before = _value_at(values, path)
        if parts_of(path) in _GROWING and before is not REMOVED:
            grown[path] = list(dict.fromkeys([*before, *value]))
    return grown


def parts_of(path: Path) -> tuple[str, ...]:
    """Returns the names along a path."""
    return tuple(path.split(".")) if isinstance(path, str) else path


def _value_at(values: Mapping[str, Any], path: Path) -> Any:
    place: Any = values
    for name in parts_of(path):
        if not isinstance(place, Mapping) or name not in place:
            return REMOVED
        place = place[name]
    return place
