"""Imports TensorFlow beside the answers that need none, so that the first one that does is soon.

Whoever looks at examples mostly asks for an explanation next; the import alone takes seconds. In
its own thread it delays no picture; questions that need it wait until it is through, since modules
that two threads import at once may find each other half made.
"""

from __future__ import annotations

import logging
import sys
import threading

from engine.events.columns import ReadColumn
from engine.events.results import ResultCommand, ShowExamples

logger = logging.getLogger(__name__)

LIGHT = (ShowExamples, ReadColumn)
"""Questions that are answered without TensorFlow."""
_TURN_S = 0.0005
"""Whoever waits for an answer has the next turn a tenth as late as Python's default."""
_threads: list[threading.Thread] = []


def wait_for(command: ResultCommand) -> None:
    """Waits for an import under way, where a question may need it as well."""
    if not isinstance(command, LIGHT):
        for thread in _threads:
            thread.join()


def preload_after(command: ResultCommand) -> None:
    """Begins to import, once in a process, where somebody who looks may soon ask for more."""
    if isinstance(command, LIGHT) and not _threads and "tensorflow" not in sys.modules:
        _threads.append(threading.Thread(target=_load, name="preload", daemon=True))
        _threads[0].start()


def _load() -> None:
    from engine.devices.tensorflow import load_tensorflow

    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    try:
        load_tensorflow()
        import keras  # noqa: F401
    except Exception:  # who needs it asks again, and tells what is wrong
        logger.info("TensorFlow cannot be imported ahead", exc_info=True)
    finally:
        sys.setswitchinterval(usual)
