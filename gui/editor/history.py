"""History: the states something was in, to go back to and forward again; no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST_STEPS: Final = 500
"""States are immutable and share what they have in common, so they cost little."""


@dataclass(frozen=True)
class _Step(Generic[T]):
    state: T
    label: str
    key: str


class History(Generic[T]):
    """A line of immutable states, one of which is the present.

    Args:
        state: The first state.
    """

    def __init__(self, state: T) -> None:
        self._steps = [_Step(state, "", "")]
        self._at = 0

    @property
    def state(self) -> T:
        """The present state."""
        return self._steps[self._at].state

    @property
    def undo_label(self) -> str:
        """What `undo` would take back, in words; empty: nothing."""
        return self._steps[self._at].label if self._at else ""

    @property
    def redo_label(self) -> str:
        """What `redo` would do again, in words; empty: nothing."""
        return self._steps[self._at + 1].label if self._at + 1 < len(self._steps) else ""

    def push(self, state: T, label: str, key: str = "") -> None:
        """Goes on to a state; what was undone before is forgotten.

        Args:
            state: The new state; the present one again changes nothing.
            label: What led to it, in words; not empty.
            key: A step with the key of the one before is one with it, so that a number typed
                digit by digit is taken back at once; empty: a step of its own.
        """
        if state == self.state:
            return
        del self._steps[self._at + 1 :]
        step = _Step(state, label, key)
        if key and self._at and self._steps[self._at].key == key:
            self._steps[self._at] = step
            return
        self._steps.append(step)
        if len(self._steps) > MOST_STEPS:
            del self._steps[0]
        self._at = len(self._steps) - 1

    def undo(self) -> T:
        """Goes one step back, if there is one; returns the state there."""
        if self._at:
            self._at -= 1
            self._seal()
        return self.state

    def redo(self) -> T:
        """Goes one step forward again, if one was undone; returns the state there."""
        if self._at + 1 < len(self._steps):
            self._at += 1
            self._seal()
        return self.state

    def _seal(self) -> None:
        """What comes next is a step of its own."""
        step = self._steps[self._at]
        self._steps[self._at] = _Step(step.state, step.label, "")
