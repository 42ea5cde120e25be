"""A fake engine: sessions that answer at once, and trainings that wait where a test wants them.

No process, no TensorFlow: a training is a script of events, recorded in a real run store as the
worker does it. `Gate`s make "in the middle of training" a place instead of a moment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.architectures import ARCHITECTURES
from engine.errors import DescentError, Problem
from engine.events.commands import (
    ChangeEpochs,
    ChangeRate,
    Command,
    Control,
    DescribeModel,
    DownloadData,
    EstimateTraining,
    FindRate,
    InspectData,
    MoveRun,
    PreviewBatch,
    Request,
    ResumeRun,
    Train,
    WarmUp,
)
from engine.events.messages import (
    DataDownloaded,
    DataInspected,
    DataProgress,
    Event,
    LayerInfo,
    ModelDescribed,
    RatesTried,
    RateTried,
    Rejected,
    TrainingEstimated,
    WorkerReady,
)
from engine.events.results import ResultCommand
from engine.events.run_events import (
    RunEnded,
    RunEvent,
    RunState,
)
from engine.events.trying import TrialCommand
from engine.graph.starter import starter
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec
from engine.training.defaults import resolve
from tests.gui.fake_data import fake_batch, fake_profile, fake_rates
from tests.gui.fake_models import own_model_described
from tests.gui.fake_results import fake_result
from tests.gui.fake_run import FakeRun
from tests.gui.fake_trials import fake_trial

GATE_TIMEOUT_S = 200.0
STEPS_PER_EPOCH = 20
ESTIMATED = TrainingEstimated(0.012, 3.04, 30.4, 420 << 20, 8 << 30, device="CPU:0")


class Gate:
    """A place where the fake engine waits; closed ones let a test look around."""

    def __init__(self, is_open: bool) -> None:
        self._open = threading.Event()
        if is_open:
            self._open.set()

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    def wait(self) -> None:
        if not self._open.wait(GATE_TIMEOUT_S):
            raise TimeoutError("A test left a gate of the fake engine closed.")


@dataclass
class FakeEngine:
    """Makes fake sessions, and holds what they answer.

    Attributes:
        workspace: Where runs are recorded.
        hold_after_epoch: The training waits after this epoch, until a control or `go_on`.
        fails_with: The training ends with this event in place of finishing.
        rejections: Answers by data source or model name, in place of the usual ones.
        progress: What an inspection says before it waits at its gate.
        batch: Makes the answer to a preview from its spec.
        result: Answers what is asked of the result of a run.
        trial: Answers who tries a model.
        commands: Everything that was asked, in order.
        controls: Every request that arrived, in order.
        is_deaf: Requests arrive but are not answered.
        more_events: Events after each epoch, by its number and the run's id.
        patience: Of the rules, as `EpochEnded` tells it, by epoch.
        has_graphs: Descriptions bring the layers as a graph.
        estimated: What a training would take.
        rates: What a test of learning rates finds; every other rate is told before its gate.
        warm_up, inspect, preview, describe, estimate, try_rates, prepare, evaluate, answer: Gates
            before those answers; the last before those of results.
    """

    workspace: Path
    hold_after_epoch: int = 0
    fails_with: Callable[[str], RunEnded] | None = None
    rejections: dict[str, Rejected] = field(default_factory=dict)
    progress: tuple[DataProgress, ...] = ()
    estimated: TrainingEstimated = ESTIMATED
    rates: RatesTried = field(default_factory=fake_rates)
    batch: Callable[[dict[str, Any]], Event] = lambda spec: fake_batch(spec)
    result: Callable[[ResultCommand, RunStore], Event] = lambda command, store: fake_result(
        command, store
    )
    trial: Callable[[TrialCommand], Event] = lambda command: fake_trial(command)
    commands: list[Command] = field(default_factory=list)
    controls: list[Request] = field(default_factory=list)
    is_deaf: bool = False
    more_events: Callable[[int, str], Iterable[RunEvent]] = lambda epoch, run: ()
    patience: dict[int, dict[str, tuple[int, int]]] = field(default_factory=dict)
    sessions: list[FakeSession] = field(default_factory=list)
    warm_up: Gate = field(default_factory=lambda: Gate(True))
    inspect: Gate = field(default_factory=lambda: Gate(True))
    preview: Gate = field(default_factory=lambda: Gate(True))
    describe: Gate = field(default_factory=lambda: Gate(True))
    estimate: Gate = field(default_factory=lambda: Gate(True))
    try_rates: Gate = field(default_factory=lambda: Gate(True))
    prepare: Gate = field(default_factory=lambda: Gate(True))
    evaluate: Gate = field(default_factory=lambda: Gate(True))
    answer: Gate = field(default_factory=lambda: Gate(True))
    steps_per_epoch: int = STEPS_PER_EPOCH
    has_graphs: bool = False

    def __call__(self) -> FakeSession:
        session = FakeSession(self, 1_000_000 + len(self.sessions))
        self.sessions.append(session)
        return session

    def estimates(self) -> list[EstimateTraining]:
        return [command for command in self.commands if isinstance(command, EstimateTraining)]

    def resumes(self) -> list[ResumeRun]:
        return [command for command in self.commands if isinstance(command, ResumeRun)]

    def trains(self) -> list[Train]:
        return [command for command in self.commands if isinstance(command, Train)]

    def go_on(self) -> None:
        """Lets a held training run to its end."""
        self.hold_after_epoch = 0
        for session in self.sessions:
            session.wake()

    def kill_worker(self) -> None:
        """Ends the worker that trains, as the kernel would."""
        for session in self.sessions:
            if session.is_training:
                session.kill()

    def open_gates(self) -> None:
        gates = (
            self.warm_up,
            self.inspect,
            self.preview,
            self.describe,
            self.try_rates,
            self.answer,
        )
        for gate in (*gates, self.estimate, self.prepare, self.evaluate):
            gate.open()
        self.go_on()


class FakeSession:
    """What `engine.service.session.Session` is to the window."""

    def __init__(self, engine: FakeEngine, pid: int) -> None:
        self._engine = engine
        self._pid = pid
        self._changed = threading.Condition()
        self._asked: list[Request] = []
        self._is_killed = False
        self.is_training = False
        self.is_closed = False

    @property
    def pid(self) -> int | None:
        return None if self._is_killed or self.is_closed else self._pid

    def run(self, command: Command) -> Iterator[Event]:
        with self._changed:
            self._asked.clear()  # whoever sees the command can stop it
        self._engine.commands.append(command)
        match command:
            case WarmUp():
                self._engine.warm_up.wait()
                yield WorkerReady("2.21.0", "3.15.1", ("CPU:0",), 3.1)
            case InspectData():
                yield from self._engine.progress
                is_stopped = self._waits_stopped(self._engine.inspect)
                source = command.spec["data"]["source"]
                yield Rejected("Cancelled.") if is_stopped else self._inspected(source)
            case DownloadData():
                self._engine.rejections.pop(command.name, None)
                yield DataDownloaded(command.name)
            case PreviewBatch():
                is_stopped = self._waits_stopped(self._engine.preview)
                yield Rejected("Cancelled.") if is_stopped else self._engine.batch(command.spec)
            case DescribeModel():
                self._engine.describe.wait()
                yield self._described(command.spec)
            case EstimateTraining():
                yield self._estimated()
            case FindRate():
                yield from self._try_rates(command)
            case TrialCommand():
                yield self._engine.trial(command)
            case ResultCommand():
                self._engine.answer.wait()
                with RunStore(self._engine.workspace) as store:
                    yield self._engine.result(command, store)
            case Train():
                yield from self._train(command)
            case ResumeRun():
                yield from self._continue(command)

    def control(self, request: Request) -> None:
        with self._changed:
            self._engine.controls.append(request)
            if not self._engine.is_deaf:
                self._asked.append(request)
            self._changed.notify_all()

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def kill(self) -> None:
        with self._changed:
            self._is_killed = True
            self._changed.notify_all()
        self._engine.open_gates()

    def close(self, timeout_s: float = 5.0) -> None:
        self.is_closed = True

    def _waits_stopped(self, gate: Gate) -> bool:
        """Waits at a gate; says whether a stop came meanwhile."""
        with self._changed:
            while not gate.is_open and Control.STOP not in self._asked:
                self._changed.wait(0.01)
            is_stopped = Control.STOP in self._asked
            self._asked.clear()
        return is_stopped

    # ---- answers

    def _inspected(self, source: str) -> Event:
        rejected = self._engine.rejections.get(source)
        return rejected or DataInspected(fake_profile(source))

    def _described(self, values: dict[str, Any]) -> Event:
        rejected = self._engine.rejections.get(values["model"]["name"])
        if rejected is not None:
            return rejected
        looked = fake_profile(values["data"]["source"])
        if values["model"]["name"] == "custom":
            return own_model_described(values, looked)
        try:
            spec = resolve(RunSpec.from_dict(values), looked.signature)
        except DescentError as error:
            return Rejected(error.message, error.hint)
        given = LayerInfo("input", "Input", looked.signature.input_shape, 0)
        layers = (given, LayerInfo("output", "Dense", (1,), 3, "1 unit", inputs=("input",)))
        graph = starter(looked.signature).to_dict() if self._engine.has_graphs else {}
        return ModelDescribed(spec, layers, n_parameters=3, n_trainable=3, graph=graph)

    def _estimated(self) -> Event:
        if self._waits_stopped(self._engine.estimate):
            return Rejected("Cancelled.")
        return self._engine.rejections.get("estimate") or self._engine.estimated

    def _try_rates(self, command: FindRate) -> Iterator[Event]:
        rejected = self._engine.rejections.get("rates")
        if rejected is not None:
            yield rejected
            return
        found = self._engine.rates
        half = len(found.losses) // 2
        for rate, loss in zip(found.learning_rates[:half], found.losses[:half], strict=True):
            yield RateTried(float(rate), float(loss))
        if self._waits_stopped(self._engine.try_rates):
            reason = "Stopped before the end. Too few learning rates were tried to tell."
            yield RatesTried(found.learning_rates[:half], found.losses[:half], None, reason)
        else:
            yield found

    def _train(self, command: Train) -> Iterator[Event]:
        self._asked.clear()
        try:
            yield from self._engine.progress
            self._engine.prepare.wait()
            source = command.spec["data"]["source"]
            rejected = self._engine.rejections.get(source) or self._engine.rejections.get("train")
            if rejected is not None:
                yield rejected
                return
            looked = fake_profile(source)
            spec = resolve(RunSpec.from_dict(command.spec), looked.signature)
        except DescentError as error:
            yield Rejected(error.message, error.hint)
            return
        store = RunStore(self._engine.workspace)
        model = ARCHITECTURES[spec.model.name].title_of(spec.model.parameters)
        name = command.name or f"{looked.title} · {model}"
        record = store.create(spec, name, looked.title, model)
        self.is_training = True
        yield from FakeRun(self._engine, self, store, record, looked).events()
        self.is_training = False

    def _continue(self, command: ResumeRun) -> Iterator[Event]:
        """As `engine.service.running.resume` does, from the last epoch's checkpoint."""
        self._asked.clear()
        self._engine.prepare.wait()
        if "resume" in self._engine.rejections:
            yield self._engine.rejections["resume"]
            return
        store = RunStore(self._engine.workspace)
        record = store.get(command.run)
        spec, changes = record.spec, dict(command.changes)
        epochs = changes.get("training.epochs", spec.training.epochs)
        spec = spec.model_copy(
            update={"training": spec.training.model_copy(update={"epochs": epochs})}
        )
        store.reopen(record.id, spec)
        self.is_training = True
        looked = fake_profile(spec.data.source)
        before = record.spec.training.epochs or 1
        yield from FakeRun(self._engine, self, store, store.get(record.id), looked, before).events()
        self.is_training = False

    def between_epochs(self, epoch: int) -> Iterator[RunState | Request]:
        """Waits while held or paused; yields what changed, a last `STOP` or `DISCARD` included."""
        is_paused = False
        while True:
            with self._changed:
                while not self._asked and not self._is_killed:
                    if not is_paused and not 0 < self._engine.hold_after_epoch <= epoch:
                        return
                    if not self._changed.wait(GATE_TIMEOUT_S):
                        raise TimeoutError("A test left the fake training held.")
                if self._is_killed:
                    raise EOFError
                control = self._asked.pop(0)
            match control:
                case Control.SAVE | ChangeRate() | ChangeEpochs() | MoveRun():
                    yield control
                case Control.PAUSE:
                    is_paused = True
                    yield RunState.PAUSED
                case Control.RESUME:
                    is_paused = False
                    yield RunState.RUNNING
                case _:
                    yield control
                    return


def rejected(field_path: str, message: str, hint: str = "") -> Rejected:
    """Returns an answer that finds one field wrong."""
    return Rejected(f"{field_path}: {message}", hint, (Problem(field_path, message, hint),))


class FakeSampler:
    """A machine that is always half busy; `sample` returns what it was made with."""

    def __init__(self, sample: Any = None) -> None:
        self._sample = sample

    def describe(self) -> Any:
        return "a fake machine"

    def sample(self, pids: Any) -> Any:
        return self._sample
