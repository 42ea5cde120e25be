"""The commands `train` and `resume`: the engine in this process, stopped and kept by Ctrl-C."""

from __future__ import annotations

import dataclasses
import logging
import signal
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType
from typing import Any

from engine.cli.commands.estimate import estimate
from engine.cli.commands.output import Output, error_lines, numbers
from engine.cli.commands.place_question import PlaceQuestion
from engine.cli.commands.progress import Progress
from engine.cli.commands.settings import resume_changes, spec_values
from engine.cli.commands.verdicts import verdict_lines
from engine.devices.console.startup import SIGNAL_BASE, Ended, ending_signals
from engine.errors import DescentError, Problem, SpecError
from engine.events.commands import Control
from engine.events.messages import Event
from engine.events.run_events import (
    EpochEnded,
    PlaceFound,
    PlaceLost,
    PlanChosen,
    RunEnded,
    RunFailed,
    RunFinished,
    RunInterrupted,
    RunStarted,
    SettingChanged,
    VerdictChanged,
)
from engine.runs.store import RunStore
from engine.runs.verdicts import plain_findings
from engine.spec.plugins.guarding import error_words
from engine.training.cluster.workers import (
    TRUST,
    Workers,
    check_trusted,
    parse_workers,
    port_words,
)
from engine.training.control import TrainingControl

logger = logging.getLogger(__name__)


def train(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Trains as the command line says.

    Returns:
        The exit code: 0 finished, 1 failed, 130 stopped by Ctrl-C and kept (129 as the terminal was
        closed, 143 on request). With --estimate, that of `estimate`.

    Raises:
        DescentError: Nothing was started.
    """
    if arguments.estimate:
        return estimate(arguments, store, output)
    values, name = spec_values(arguments), arguments.name or ""
    workers = _workers(arguments, output)
    from engine.service import distributed, running

    if workers is None:
        return _follow(
            lambda listener: running.train(values, store, listener, listener.control, name),
            store,
            output,
        )
    return _follow(
        lambda listener: distributed.train(
            values, workers, store, listener, listener.control, name, output.lines
        ),
        store if workers.is_chief else None,
        output,
    )


def resume(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Goes on with a run, as the command line says.

    Returns:
        The exit code, as for `train`.

    Raises:
        DescentError: The run cannot go on, and is as it was.
    """
    changes, run = resume_changes(arguments), arguments.run
    accepts: bool = arguments.accept_changed_data
    if arguments.refit:
        return _refit(arguments, changes, store, output)
    workers = _workers(arguments, output)
    from engine.service import distributed, running

    if workers is None:
        go_on = (
            running.restart
            if arguments.from_start
            else partial(running.resume, accepts_changes=accepts)
        )
        return _follow(
            lambda listener: go_on(run, changes, store, listener, listener.control), store, output
        )
    return _follow(
        lambda listener: distributed.resume(
            run,
            changes,
            workers,
            store,
            listener,
            listener.control,
            output.lines,
            from_start=arguments.from_start,
            accepts_changes=accepts,
        ),
        store if workers.is_chief else None,
        output,
    )


def _refit(arguments: Namespace, changes: dict[str, Any], store: RunStore, output: Output) -> int:
    """Trains once more on training and validation part; nothing else may be asked with it.

    Raises:
        SpecError: Something else was.
        DescentError: It cannot be trained once more.
    """
    others = {
        "--from-start": arguments.from_start,
        "--accept-changed-data": arguments.accept_changed_data,
        "--workers": arguments.workers,
        **dict.fromkeys(changes, True),
    }
    if given := [name for name, value in others.items() if value]:
        raise SpecError(
            [
                Problem(
                    "--refit",
                    "A run is trained once more as it was, on both parts, on this machine. "
                    f"Received: {', '.join(given)}.",
                    "Leave that out, or train a new run with --set split.refit=true.",
                )
            ]
        )
    from engine.service import running

    return _follow(
        lambda listener: running.refit(arguments.run, store, listener, listener.control),
        store,
        output,
    )


def _workers(arguments: Namespace, output: Output) -> Workers | None:
    """The workers that share the training; None: it is this process's alone.

    Raises:
        SpecError: They cannot be used, or nobody has said that the network is trusted.
    """
    workers = parse_workers(arguments.workers, arguments.index)
    if workers is not None:
        check_trusted(workers, arguments.trust_network)
        output.note(f"{port_words(workers)} ({TRUST}).")
    return workers


def _follow(start: Callable[[_Listener], RunEnded], store: RunStore | None, output: Output) -> int:
    """Starts and follows a run, which is kept in `store`; None: by another worker."""
    if store is not None:
        store.check_writable()
    listener = _Listener(output)
    try:
        with listener.signals():
            ended = start(listener)
    except (DescentError, KeyboardInterrupt) as error:
        if listener.run is None:
            raise
        ended = _end_of(listener.run, error)
        if store is not None:
            _record(store, ended)
    code = listener.end(ended)
    unprinted = listener.unprinted
    if unprinted:
        logger.warning("%s", unprinted)
        if store is not None:
            _record(store, dataclasses.replace(ended, reason=f"{ended.reason} {unprinted}".strip()))
    if store is not None and not listener.is_interrupted:
        _tidy(store)
    return code


class _Listener:
    """Writes the events of the run, and turns signals into a stop.

    Called from the recorder's thread; signals arrive in the main thread. Whatever becomes of what
    it writes, the run goes on.
    """

    def __init__(self, output: Output) -> None:
        self._question = PlaceQuestion(output)
        self.control = TrainingControl(can_ask=self._question.can_be_asked)
        self.run: str | None = None
        self._output = output
        self._progress = Progress(output)
        self._signal = 0
        self._failure = ""

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.run = event.run
        if self._failure:
            return
        try:
            self._write(event)
            self._progress.show(event)
        except Exception as error:
            logger.exception("An event could not be shown")
            self._failure = f"Not everything was printed. Received: {error_words(error)}."

    @property
    def unprinted(self) -> str:
        """Why not everything was printed, in a sentence; empty: everything was."""
        self._output.flush()
        return self._failure or self._output.told_problem()

    def _write(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._output.event(
                    "run_started",
                    run=event.run,
                    name=event.name,
                    spec=event.spec.to_dict(),
                    epochs=event.epochs,
                    steps_per_epoch=event.steps_per_epoch,
                    n_train=event.n_train,
                    step=event.step,
                    epochs_done=event.epochs_done,
                    **({"notice": event.notice} if event.notice else {}),
                    findings=[finding.to_dict() for finding in event.profile.findings],
                )
            case PlanChosen():
                self._output.event("plan", **dataclasses.asdict(event))
            case SettingChanged():
                self._output.event("setting_changed", **dataclasses.asdict(event))
            case PlaceLost():
                self._progress.finish()
                self._question.ask(event, self.control.request)
            case PlaceFound():
                self._question.tell(event)
            case VerdictChanged():
                self._output.event(
                    "verdict_changed",
                    run=event.run,
                    epoch=event.epoch,
                    findings=plain_findings(event.findings),
                )
            case EpochEnded():
                self._output.event(
                    "epoch_ended",
                    run=event.run,
                    epoch=event.epoch,
                    metrics=event.metrics,
                    duration_s=event.duration_s,
                    samples_per_s=event.samples_per_s,
                    is_best=event.is_best,
                    learning_rate=event.learning_rate,
                    patience=event.patience,
                )

    @property
    def is_interrupted(self) -> bool:
        """A signal asked for the end."""
        return self._signal != 0

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Lets Ctrl-C, a request to terminate and the end of the terminal stop the run and keep it.

        A second Ctrl-C ends it at once.
        """
        before = {number: signal.signal(number, self._on_signal) for number in ending_signals()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def end(self, ended: RunEnded) -> int:
        """Writes the last event and returns the exit code."""
        self._progress.finish()
        names = {RunFinished: "run_finished", RunFailed: "run_failed"}
        self._output.event(
            names.get(type(ended), "run_stopped"),
            run=ended.run,
            reason=ended.reason,
            metrics=ended.metrics,
            **({"averages": ended.averages} if ended.averages else {}),
            **({"hint": ended.hint} if ended.hint else {}),
            findings=plain_findings(ended.findings),
        )
        if isinstance(ended, RunFailed):
            self._output.note(*error_lines(DescentError(ended.reason, ended.hint)))
            self._output.note(*verdict_lines(ended.findings))
        else:
            measured = numbers(ended.metrics, ended.averages)
            self._output.lines(
                ended.reason, *verdict_lines(ended.findings), measured, f"Run {ended.run}"
            )
        if isinstance(ended, RunFinished):
            return 0
        return SIGNAL_BASE + self._signal if self._signal else 1

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        is_first = not self._signal
        self._signal = self._signal or number
        self.control.request(Control.STOP)  # heeded, should somebody swallow the exception
        if self.run is None or (number == signal.SIGINT and not is_first):
            raise Ended(number)
        if is_first and self._output.is_terminal:
            self._output.note("", "Stopping and keeping the run. Ctrl-C again ends it at once.")


def _tidy(store: RunStore) -> None:
    """Removes what was deleted long ago; nobody waits for it, so Ctrl-C ends it."""
    from engine.service.tidying import tidy

    with suppress(KeyboardInterrupt):
        tidy(store)


def _end_of(run: str, error: BaseException) -> RunEnded:
    if isinstance(error, DescentError):
        return RunFailed(run, reason=error.message, hint=error.hint)
    reason = "Ended at once, by Ctrl-C pressed twice. Every epoch recorded so far is kept."
    return RunInterrupted(run, reason=reason)


def _record(store: RunStore, ended: RunEnded) -> None:
    try:
        store.record([ended])
    except DescentError:
        # The disk that failed the run fails this, too; the next start marks it as interrupted.
        return
