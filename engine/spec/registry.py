"""A visible, ordered list of named things; the one way names become objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from engine.errors import UnknownNameError


class Named(Protocol):
    """Something with a name people can type."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)
T_co = TypeVar("T_co", covariant=True)


class Others(Protocol[T_co]):
    """What comes from elsewhere and is known only when it is asked for: from other packages."""

    def __call__(self) -> Mapping[str, T_co]:
        """Returns the items by name."""
        ...

    def why_missing(self, name: str) -> str:
        """Says why a name that is known cannot be used; empty where it is not known."""
        ...


class Registry(Generic[T]):
    """A collection in the order in which it is shown; its own items never change.

    Args:
        what: What one item is, for messages: ``"dataset"``, ``"model"``.
        items: Its own items; their names must be unique.
        others: What stands behind them; asked only where its own do not answer a question. A name
            that is taken is left out.

    Raises:
        ValueError: Two items share a name.
    """

    def __init__(self, what: str, items: Iterable[T], others: Others[T] | None = None) -> None:
        self._what = what
        self._own: dict[str, T] = {}
        self._others = others
        for item in items:
            if item.name in self._own:
                raise ValueError(f"Two entries of the {what} registry are named '{item.name}'.")
            self._own[item.name] = item

    def __getitem__(self, name: str) -> T:
        """Returns the item of that name.

        Raises:
            UnknownNameError: There is none; the message names the nearest.
        """
        if name in self._own:
            return self._own[name]
        try:
            return self._all()[name]
        except KeyError:
            raise self.unknown(name) from None

    def unknown(self, name: str, also: Iterable[str] = ()) -> UnknownNameError:
        """The error for a name that is not here; its message names the nearest.

        Args:
            name: The name.
            also: What else could have been meant.
        """
        why = self._others.why_missing(name) if self._others is not None else ""
        return UnknownNameError(self._what, name, (*self._all(), *also), why)

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._all()

    def __iter__(self) -> Iterator[T]:
        return iter(self._all().values())

    def __len__(self) -> int:
        return len(self._all())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._all())

    @property
    def own_names(self) -> tuple[str, ...]:
        """Names of its own items."""
        return tuple(self._own)

    def _all(self) -> Mapping[str, T]:
        if self._others is None:
            return self._own
        # Its own come first, and stay what they are.
        return self._own | {
            name: item for name, item in self._others().items() if name not in self._own
        }
