"""Going on with a run that has ended, as the Train and the Runs page do it."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QWidget

from gui.pages.shared.more_epochs import MoreEpochs
from gui.state.continuing import Continuation
from gui.state.controller import Controller


def continue_run(controller: Controller, run: str, button: QWidget) -> MoreEpochs | None:
    """Goes on with a run; of one whose epochs are all done, asks first how many more.

    Args:
        controller: Is asked to.
        run: Its id.
        button: What was pressed.

    Returns:
        The question, where there is one.
    """
    record = controller.repository.record(run)
    match controller.repository.continuation(run):
        case Continuation.GO_ON:
            controller.continue_run(run)
        case Continuation.EXTEND if record is not None:
            question = MoreEpochs(record.epochs_done, button)
            question.chosen.connect(partial(controller.continue_run, run))
            question.open()
            return question
        case _:
            pass
    return None
