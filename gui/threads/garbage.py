"""GarbageCollector: Python's cycles of objects are collected in the GUI thread only.

Python collects them in whatever thread happens to allocate. In a thread that waits for the engine
or for the disk it would then destroy widgets and plot items, which Qt allows in their own thread
only: the window crashes, or two threads wait for each other for ever, once in thousands of times.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Slot

LOOK_EVERY_MS = 200


class GarbageCollector(QObject):
    """Collects when Python would have, in the thread that it was made in, until it is stopped.

    Nothing is collected before `start`: while a program is loaded, all that comes stays.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)

    @Slot()
    def start(self) -> None:
        """Begins to collect; what is there by now is not looked through each time."""
        gc.freeze()
        self._timer.start(LOOK_EVERY_MS)

    @Slot()
    def look(self) -> None:
        """Collects the oldest generation whose threshold is exceeded, if there is one."""
        limits = gc.get_threshold()
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > limits[generation]:
                gc.collect(generation)
                return

    def stop(self) -> None:
        """Leaves it to Python again."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
