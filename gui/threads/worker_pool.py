"""WorkerPool: which engine process answers what.

One session looks at data and never loads TensorFlow. One stands by with TensorFlow loaded; it
describes models, and becomes the trainer when a run starts. After the run its process ends and a
fresh one stands by. Two more, started when first needed, answer what is asked of results: one what
someone waits for, one what takes long.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.events.commands import (
    DescribeModel,
    DownloadData,
    EstimateTraining,
    FindRate,
    InspectData,
    PreviewBatch,
    Request,
    ResumeRun,
    Train,
    WarmUp,
)
from engine.events.results import ResultCommand
from gui.threads.answer_queue import AnswerQueue
from gui.threads.training_thread import SessionFactory, TrainingThread

ABORT_PERIOD_MS = 200
REST_MS = {True: 600_000, False: 60_000}
"""So long after the last question about results a worker goes, and with it the memory it takes; by
whether someone waits for its answers."""


class WorkerPool(QObject):
    """Owns the training threads; none of its methods blocks.

    Signals:
        answered(ticket, event): An event of a question asked through this pool. The last one of
            each is a `Terminal`, unless the question was taken back.
        closed(): After `close`: every thread has ended.

    Args:
        sessions: Makes one session for each thread.
    """

    answered = Signal(object, object)
    closed = Signal()

    def __init__(self, sessions: SessionFactory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sessions = sessions
        self._threads: list[TrainingThread] = []
        self._inspector: TrainingThread | None = None
        self._standby: TrainingThread | None = None
        self._trainer: TrainingThread | None = None
        self._results: dict[bool, TrainingThread] = {}
        self._rests: dict[bool, QTimer] = {}
        for is_quick, wait_ms in REST_MS.items():
            timer = self._rests[is_quick] = QTimer(self)
            timer.setInterval(wait_ms)
            timer.timeout.connect(partial(self._let_rest, is_quick))
        self._is_closing = False
        self._answers = AnswerQueue(self)
        self._answers.answered.connect(self.answered)
        self._answers.ended.connect(self._let_go)
        self._abort_timer = QTimer(self)
        self._abort_timer.setInterval(ABORT_PERIOD_MS)
        self._abort_timer.timeout.connect(self._abort_busy)

    @property
    def pids(self) -> tuple[int, ...]:
        """The process that trains, or else the one that stands by."""
        thread = self._trainer or self._standby
        pid = thread.pid if thread is not None else None
        return () if pid is None else (pid,)

    def warm_up(self) -> int:
        """Makes a worker stand by with TensorFlow loaded, unless one does. Returns its ticket."""
        if self._standby is not None:
            return 0
        self._standby = self._start("standby")
        return self._standby.ask(WarmUp())

    def inspect(self, command: InspectData) -> int:
        """Asks for a profile; an older question that still waits, or is under way, is dropped."""
        return self._ask_inspector(command)

    def _ask_inspector(self, command: InspectData | DownloadData) -> int:
        if self._inspector is None:
            self._inspector = self._start("inspector")
        self._inspector.cancel("inspect")
        return self._inspector.ask(command, "inspect")

    def download(self, command: DownloadData) -> int:
        """Asks for a data set to be downloaded; an inspection under way is dropped."""
        return self._ask_inspector(command)

    def cancel_inspection(self) -> None:
        """Stops the inspection or the download under way."""
        if self._inspector is not None:
            self._inspector.cancel("inspect")

    def preview(self, command: PreviewBatch) -> int:
        """Asks for one batch; an older question that still waits, or is under way, is dropped."""
        if self._standby is None:
            self._standby = self._start("standby")
        self._standby.cancel("preview")
        return self._standby.ask(command, "preview")

    def find_rate(self, command: FindRate) -> int:
        """Tries learning rates; an older test that still waits, or is under way, is dropped."""
        if self._standby is None:
            self._standby = self._start("standby")
        self._standby.cancel("rates")
        return self._standby.ask(command, "rates")

    def cancel_rates(self) -> None:
        """Stops the test of learning rates that is under way."""
        if self._standby is not None:
            self._standby.cancel("rates")

    def estimate(self, command: EstimateTraining) -> int:
        """Asks what a training would take; an older question is dropped, or stopped."""
        if self._standby is None:
            self._standby = self._start("standby")
        self._standby.cancel("estimate")
        return self._standby.ask(command, "estimate")

    def cancel_estimate(self) -> None:
        """Stops the estimate that waits or is under way."""
        if self._standby is not None:
            self._standby.cancel("estimate")

    def describe(self, command: DescribeModel) -> int:
        """Asks for a model's layers; an older question that still waits is dropped."""
        if self._standby is None:
            self._standby = self._start("standby")
        return self._standby.ask(command, "describe")

    def ask_result(self, command: ResultCommand, key: str = "") -> int:
        """Asks about the result of a run; of waiting questions of a key the newest is asked."""
        if self._is_closing:  # a timer may ask when nobody waits any more
            return 0
        is_quick = type(command).is_quick
        if is_quick not in self._results:
            self._results[is_quick] = self._start("responder" if is_quick else "analyst")
        self._rests[is_quick].start()
        return self._results[is_quick].ask(command, key)

    def _let_rest(self, is_quick: bool) -> None:
        """Lets a worker go that nobody has asked for long; the next question starts another."""
        if is_quick in self._results and self._results[is_quick].is_idle:
            self._rests[is_quick].stop()
            self._results.pop(is_quick).retire()

    def cancel_result(self, key: str, is_quick: bool) -> None:
        """Drops a question of that key that waits, and stops one that is under way."""
        if is_quick in self._results:
            self._results[is_quick].cancel(key)

    def train(self, command: Train | ResumeRun) -> int:
        """Starts a run, or goes on with one, on the worker that stands by."""
        trainer = self._standby or self._start("standby")
        trainer.withdraw("describe")
        trainer.cancel("preview")
        trainer.cancel("rates")
        trainer.cancel("estimate")
        self._standby, self._trainer = None, trainer
        return trainer.ask(command, "train")

    def withdraw_training(self) -> bool:
        """Takes back a run that the worker has not been asked for yet.

        Returns:
            Whether it could be taken back.
        """
        if self._trainer is None or not self._trainer.withdraw("train"):
            return False
        self._standby, self._trainer = self._standby or self._trainer, None
        return True

    def control(self, request: Request) -> None:
        """Passes a request to the run under way."""
        if self._trainer is not None:
            self._trainer.control(request)

    def kill_trainer(self) -> None:
        """Ends the process of the run under way."""
        if self._trainer is not None:
            self._trainer.abort()

    def release_trainer(self) -> None:
        """Lets the process of the ended run go."""
        if self._trainer is not None:
            self._trainer.retire()
            self._trainer = None

    def close(self) -> None:
        """Lets every thread end; `closed` says when they have."""
        self._is_closing = True
        self._standby = self._trainer = self._inspector = None
        self._results.clear()
        for timer in self._rests.values():
            timer.stop()
        for thread in self._threads:
            thread.retire()
        self._abort_busy()
        self._abort_timer.start()
        if not self._threads:
            self._finish_closing()

    def _start(self, name: str) -> TrainingThread:
        thread = TrainingThread(self._sessions, self._answers, name, self)
        thread.finished.connect(self._on_finished)
        self._threads.append(thread)
        thread.start()
        if not thread.isRunning() and not thread.isFinished():
            self._answers.put_end(thread)  # the system has no room for another one
        return thread

    @Slot()
    def _on_finished(self) -> None:
        thread = self.sender()
        if isinstance(thread, TrainingThread):
            self._answers.put_end(thread)

    @Slot(object)
    def _let_go(self, thread: TrainingThread) -> None:
        """Forgets a thread that has ended, once everything that it said was handed on."""
        thread.wait()  # its last instructions; `finished` comes just before them
        self._inspector = None if self._inspector is thread else self._inspector
        self._standby = None if self._standby is thread else self._standby
        self._trainer = None if self._trainer is thread else self._trainer
        self._results = {key: it for key, it in self._results.items() if it is not thread}
        for ticket, event in thread.unanswered():
            self.answered.emit(ticket, event)
        self._threads.remove(thread)
        thread.deleteLater()
        if self._is_closing and not self._threads:
            self._finish_closing()

    @Slot()
    def _abort_busy(self) -> None:
        """Ends workers that are in the middle of something; repeated, as one may just be born."""
        for thread in self._threads:
            if thread.is_busy:
                thread.abort()

    def _finish_closing(self) -> None:
        if self._abort_timer.isActive():
            self._abort_timer.stop()
            self.closed.emit()
