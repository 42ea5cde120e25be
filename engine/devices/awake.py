"""The machine does not fall asleep over a training, where the system can be asked for that."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Final, Self

logger = logging.getLogger(__name__)

PATIENCE_S: Final = 2.0
"""For how long the end of a training waits for a system that does not answer."""


class HeldAwake:
    """Within it the machine stays awake; its screen may go dark.

    The system is asked in a thread of its own: it may take its time, or never answer, and a
    training waits for neither. Where it cannot be asked, nothing is different.

    Args:
        after_s: So long it is not asked yet: no machine falls asleep the moment somebody pressed
            Start, and what asks takes a while to be imported, which the first steps would feel.
    """

    def __init__(self, after_s: float = 0.0) -> None:
        self._after_s = after_s
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._hold, name="held-awake", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join(PATIENCE_S)

    def _hold(self) -> None:
        if self._after_s and self._is_over.wait(self._after_s):
            return
        try:
            from wakepy import keep

            with keep.running(on_fail="pass") as mode:
                if not mode.active:
                    logger.info("The system cannot be asked not to sleep over the training.")
                self._is_over.wait()
        except Exception:
            logger.warning("The machine may fall asleep over the training.", exc_info=True)
