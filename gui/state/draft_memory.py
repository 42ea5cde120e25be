"""DraftMemory: what was chosen for each data set comes back with it, and only with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from gui.state.draft import Draft

MOST: Final = 50
"""Of more data sets, those that were picked longest ago are forgotten."""


class DraftMemory:
    """The last draft of each data set."""

    def __init__(self) -> None:
        self._drafts: dict[str, Draft] = {}

    def remember(self, draft: Draft) -> None:
        """Keeps a draft in place of the one before of the same data; one without data is none."""
        if draft.has_data:
            self._drafts.pop(draft.source, None)
            self._drafts[draft.source] = draft
            for oldest in list(self._drafts)[:-MOST]:
                del self._drafts[oldest]

    def recall(self, source: str) -> Draft | None:
        """Returns what was chosen for some data; None: nothing yet."""
        return self._drafts.get(source)

    def move(self, source: str, to: str) -> None:
        """What was chosen for some data holds for another place on disk."""
        draft = self._drafts.pop(source, None)
        if draft is not None:
            self.remember(replace(draft, source=to))

    def to_values(self) -> list[dict[str, Any]]:
        """Returns the drafts as JSON values, the newest last."""
        return [draft.to_spec() for draft in self._drafts.values()]

    def add_values(self, values: list[Any]) -> None:
        """Takes what `to_values` gave; what is no draft is left out."""
        for one in values:
            if isinstance(one, Mapping):
                self.remember(Draft.from_values(one))
