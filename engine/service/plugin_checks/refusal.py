"""Why a plug-in does not keep its contract."""

from __future__ import annotations


class Refusal(Exception):
    """A plug-in does not keep its contract.

    Args:
        reason: What is wrong, as a sentence, with what was received.
        hint: What mends it.
    """

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason, hint)
        self.reason = reason
        self.hint = hint
