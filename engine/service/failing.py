"""What a run that an error ended tells of it."""

from __future__ import annotations

import traceback

from engine.devices.out_of_memory import MEMORY_HINT, is_out_of_memory, memory_text
from engine.errors import DescentError, PluginError
from engine.events.run_events import RunFailed


def failed(run: str, error: Exception, suspects: str = "") -> RunFailed:
    """The end of a run that an error ended; call it while handling the error.

    Args:
        run: Its id.
        error: What ended it.
        suspects: Of another package, what may be the cause; in a sentence.
    """
    if is_out_of_memory(error):
        details = traceback.format_exc()
        return RunFailed(
            run,
            reason=memory_text(error),
            hint=MEMORY_HINT,
            details=details,
            is_out_of_memory=True,
        )
    if isinstance(error, DescentError):
        details = error.details if isinstance(error, PluginError) else ""
        return RunFailed(run, reason=error.message, hint=error.hint, details=details)
    return RunFailed(
        run,
        reason=f"Training failed unexpectedly: {error}",
        hint=f"{suspects} What was recorded is kept. The details below help to find the "
        "cause.".lstrip(),
        details=traceback.format_exc(),
    )
