"""A function of one object that another one stands in for, for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Replacement:
    """Another function in the place of a method, on one object only.

    Attributes:
        owner: The object.
        name: Of its method.
        function: Stands in for it.
    """

    owner: Any
    name: str
    function: Callable[..., Any]

    def do(self) -> None:
        """Puts the function in place, past what Keras does when attributes are set."""
        self.owner.__dict__[self.name] = self.function

    def undo(self) -> None:
        """Leaves the method of the class."""
        self.owner.__dict__.pop(self.name, None)
