"""A desk that takes questions about results without a worker behind it; tests answer them."""

from __future__ import annotations

from typing import Any

from engine.events.messages import Event
from engine.events.results import ResultCommand
from gui.state.result_controller import ResultController


class SilentPool:
    """Numbers the questions, and remembers what was taken back."""

    def __init__(self) -> None:
        self.asked: list[ResultCommand] = []
        self.cancelled: list[str] = []

    def ask_result(self, command: ResultCommand, key: str) -> int:
        self.asked.append(command)
        return len(self.asked) - 1

    def cancel_result(self, key: str, is_quick: bool) -> None:
        self.cancelled.append(key)


class ResultsDesk(ResultController):
    """The controller of results, each of whose questions waits for `answer`."""

    def __init__(self) -> None:
        self.pool: Any = SilentPool()
        super().__init__(self.pool)

    @property
    def asked(self) -> list[Any]:
        """Every question, in order."""
        return list(self.pool.asked)

    def answer(self, event: Event, place: int = -1) -> None:
        """Answers a question; the last one by default."""
        self.handle(place % len(self.pool.asked), event)
