"""Taking a stored run's settings for the next one, with a way back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from engine.errors import DescentError
from gui.formatting.translation import translate
from gui.pages.shared.page import Page
from gui.state.draft import Draft

if TYPE_CHECKING:
    from engine.runs.record import RunRecord


def use_settings(record: RunRecord, page: Page) -> None:
    """Makes a run's settings the draft, says so with an Undo, and goes to the Train page.

    Args:
        record: The run.
        page: The page on which this was asked.
    """
    drafts = page.controller.drafts
    try:
        spec = record.spec
    except DescentError as error:
        page.messages.show_error(error.message, error.hint)
        return
    before = drafts.draft
    drafts.set_draft(Draft.from_spec(spec))
    page.messages.show_done(
        translate("The next run uses the settings of “{name}”.").format(name=record.name),
        partial(drafts.set_draft, before),
    )
    page.page_requested.emit("train")
