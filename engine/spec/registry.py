"""A visible, ordered list of named things; the one way names become objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from engine.errors import UnknownNameError


class Named(Protocol):
    """Something with a name people can type."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class Registry(Generic[T]):
    """An immutable collection, kept in the order in which it is shown.

    Args:
        what: What one item is, for messages: ``"dataset"``, ``"model"``.
        items: The items; their names must be unique.

    Raises:
        ValueError: Two items share a name.
    """

    def __init__(self, what: str, items: Iterable[T]) -> None:
        self._what = what
        self._items: dict[str, T] = {}
        for item in items:
            if item.name in self._items:
                raise ValueError(f"Two entries of the {what} registry are named '{item.name}'.")
            self._items[item.name] = item

    def __getitem__(self, name: str) -> T:
        """Returns the item of that name.

        Raises:
            UnknownNameError: There is none; the message names the nearest.
        """
        try:
            return self._items[name]
        except KeyError:
            raise self.unknown(name) from None

    def unknown(self, name: str) -> UnknownNameError:
        """The error for a name that is not here; its message names the nearest."""
        return UnknownNameError(self._what, name, self._items)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._items)
