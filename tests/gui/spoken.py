"""What the window said in a test; see the fixture `spoken`."""

from __future__ import annotations

from gui.state.messages import Message


class SpokenMessages(list[Message]):
    """Everything the window said in a test."""

    def texts(self) -> list[str]:
        return [message.text for message in self]

    def take(self, level: str | None = None) -> Message:
        """Takes the oldest message of a level off the list: the test expected it."""
        for message in self:
            if level in (None, message.level):
                self.remove(message)
                return message
        raise AssertionError(f"No message of level {level!r} was shown. Shown: {self.texts()}")
