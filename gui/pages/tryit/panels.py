"""Which ways there are to give an input, by what a model takes; loaded when a model is opened."""

from __future__ import annotations

from engine.events.trying import ModelLookedAt
from engine.spec.signature import Kind
from gui.pages.tryit.drawing_panel import DrawingPanel
from gui.pages.tryit.drop_panel import DropPanel
from gui.pages.tryit.input_panel import InputPanel
from gui.pages.tryit.policy_panel import PolicyPanel
from gui.pages.tryit.recording import CameraPanel, MicrophonePanel
from gui.pages.tryit.row_panel import RowPanel
from gui.pages.tryit.text_panel import TextPanel
from gui.pages.tryit.trial import Trial


def panels_for(look: ModelLookedAt, trial: Trial) -> list[InputPanel]:
    """Makes the panels, the usual one first.

    Args:
        look: What the model takes.
        trial: Asks what some of them want to know.
    """
    match Kind(look.kind):
        case Kind.IMAGE:
            first: list[InputPanel] = [DrawingPanel(look)] if look.is_drawable else []
            return [*first, DropPanel(look), CameraPanel(look)]
        case Kind.AUDIO:
            return [DropPanel(look), MicrophonePanel(look)]
        case Kind.TEXT:
            return [TextPanel(look), DropPanel(look)]
        case Kind.TABLE:
            row = RowPanel(look)
            row.change_wanted.connect(trial.find_change)
            row.change_dropped.connect(trial.cancel_change)
            if look.is_pole:
                policy = PolicyPanel(look)
                policy.drive_wanted.connect(trial.drive)
                return [policy, row, DropPanel(look)]
            return [row, DropPanel(look)]
        case _:
            return [DropPanel(look)]
