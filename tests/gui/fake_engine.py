"""A fake engine: sessions that answer at once, and trainings that wait where a test wants them.

No process, no TensorFlow: a training is a script of events, recorded in a real run store as the
worker does it. `Gate`s make "in the middle of training" a place instead of a moment.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.architectures import ARCHITECTURES
from engine.datasets.profile import Profile
from engine.defaults import metrics_of, resolve
from engine.errors import DescentError, Problem
from engine.evaluation.evaluation import ClassScore, Evaluation
from engine.events import (
    Command,
    Control,
    DataDownloaded,
    DataInspected,
    DataProgress,
    DescribeModel,
    DownloadData,
    Event,
    InspectData,
    LayerInfo,
    ModelDescribed,
    PreviewBatch,
    Rejected,
    Train,
    WarmUp,
    WorkerReady,
)
from engine.graph.starter import starter
from engine.insights import CoefficientsUpdated, SurfaceUpdated
from engine.problem import Kind, Output, Task
from engine.run_events import (
    EpochEnded,
    PlanChosen,
    RunEnded,
    RunEvent,
    RunFinished,
    RunInterrupted,
    RunStarted,
    RunState,
    RunStopped,
    StateChanged,
    StepsDone,
)
from engine.runs.store import RunStore
from engine.spec import RunSpec
from tests.gui.fake_data import fake_batch, fake_profile
from tests.gui.fake_models import own_model_described

GATE_TIMEOUT_S = 60.0
STEPS_PER_EPOCH = 20


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
        commands: Everything that was asked, in order.
        controls: Every control that arrived, in order.
        has_graphs: Descriptions bring the layers as a graph.
        warm_up, inspect, preview, describe, prepare, evaluate: Gates before those answers.
    """

    workspace: Path
    hold_after_epoch: int = 0
    fails_with: Callable[[str], RunEnded] | None = None
    rejections: dict[str, Rejected] = field(default_factory=dict)
    progress: tuple[DataProgress, ...] = ()
    batch: Callable[[dict[str, Any]], Event] = lambda spec: fake_batch(spec)
    commands: list[Command] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)
    sessions: list[FakeSession] = field(default_factory=list)
    warm_up: Gate = field(default_factory=lambda: Gate(True))
    inspect: Gate = field(default_factory=lambda: Gate(True))
    preview: Gate = field(default_factory=lambda: Gate(True))
    describe: Gate = field(default_factory=lambda: Gate(True))
    prepare: Gate = field(default_factory=lambda: Gate(True))
    evaluate: Gate = field(default_factory=lambda: Gate(True))
    steps_per_epoch: int = STEPS_PER_EPOCH
    has_graphs: bool = False

    def __call__(self) -> FakeSession:
        session = FakeSession(self, 1_000_000 + len(self.sessions))
        self.sessions.append(session)
        return session

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
        gates = (self.warm_up, self.inspect, self.preview, self.describe)
        for gate in (*gates, self.prepare, self.evaluate):
            gate.open()
        self.go_on()


class FakeSession:
    """What `engine.session.Session` is to the window."""

    def __init__(self, engine: FakeEngine, pid: int) -> None:
        self._engine = engine
        self._pid = pid
        self._changed = threading.Condition()
        self._asked: list[Control] = []
        self._is_killed = False
        self.is_training = False
        self.is_closed = False

    @property
    def pid(self) -> int | None:
        return None if self._is_killed or self.is_closed else self._pid

    def run(self, command: Command) -> Iterator[Event]:
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
            case Train():
                yield from self._train(command)

    def control(self, control: Control) -> None:
        with self._changed:
            self._engine.controls.append(control)
            self._asked.append(control)
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
            self._asked.clear()
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
        self.is_training = True
        yield from FakeRun(self._engine, self, spec, looked, command.name).events()
        self.is_training = False

    def between_epochs(self, epoch: int) -> Iterator[RunState | Control]:
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
                case Control.PAUSE:
                    is_paused = True
                    yield RunState.PAUSED
                case Control.RESUME:
                    is_paused = False
                    yield RunState.RUNNING
                case _:
                    yield control
                    return


class FakeRun:
    """The script of one training."""

    def __init__(
        self, engine: FakeEngine, session: FakeSession, spec: RunSpec, looked: Profile, name: str
    ) -> None:
        self._engine = engine
        self._session = session
        self._spec = spec
        self._profile = looked
        self._epochs = spec.training.epochs or 1
        self._metric = next(iter(metrics_of(looked.signature)), "loss")
        self._store = RunStore(engine.workspace)
        model = ARCHITECTURES[spec.model.name].title_of(spec.model.parameters)
        self._record = self._store.create(
            spec, name or f"{looked.title} · {model}", looked.title, model
        )
        self._id = self._record.id

    def events(self) -> Iterator[Event]:
        with self._store:
            try:
                for event in self._script():
                    if isinstance(event, RunEnded) and event.metrics:
                        fake_evaluation(self._profile).save(self._store.folder(self._id))
                    self._store.record([event])
                    if isinstance(event, RunStopped) and not event.kept:
                        self._store.delete(self._id)
                    yield event
            except EOFError:
                reason = "The training process was ended by the system (SIGKILL)."
                hint = "Someone ended it, or memory ran out: then a smaller batch or model helps."
                dead = RunInterrupted(self._id, reason=reason, hint=hint, details="log: 137")
                self._store.record([dead])
                yield dead

    def _script(self) -> Iterator[RunEvent]:
        steps = self._engine.steps_per_epoch
        n_train = self._profile.split_sizes[0]
        yield RunStarted(
            self._id, self._record.name, self._spec, self._profile, self._epochs, steps, n_train
        )
        reason = "One chunk of steps per call; XLA was 1.4 times slower when tried."
        yield PlanChosen(self._id, "chunked", "CPU:0", False, True, reason)
        yield StateChanged(self._id, RunState.RUNNING)
        for epoch in range(1, self._epochs + 1):
            yield from self._epoch(epoch)
            for change in self._session.between_epochs(epoch):
                if isinstance(change, RunState):
                    yield StateChanged(self._id, change)
                else:
                    yield from self._stopped(change, epoch)
                    return
        if self._engine.fails_with is not None:
            yield self._engine.fails_with(self._id)
            return
        yield RunFinished(
            self._id,
            reason=f"All {self._epochs} epochs are done.",
            metrics=self._final(self._epochs),
        )

    def _stopped(self, control: Control, epoch: int) -> Iterator[RunEvent]:
        yield StateChanged(self._id, RunState.STOPPING)
        self._engine.evaluate.wait()
        if control is Control.DISCARD:
            yield RunStopped(self._id, reason="Discarded.", kept=False)
        else:
            reason = f"Stopped by you after {epoch} of {self._epochs} epochs."
            yield RunStopped(self._id, reason=reason, metrics=self._final(epoch))

    def _epoch(self, epoch: int) -> Iterator[RunEvent]:
        steps = self._engine.steps_per_epoch
        first = (epoch - 1) * steps
        random = np.random.default_rng(epoch)
        at = (first + np.arange(steps)) / steps
        loss = (2.0 * np.exp(-at / 3) + 0.1 * random.random(steps)).astype(np.float32)
        other = (1.0 - 0.8 * np.exp(-at / 2) - 0.05 * random.random(steps)).astype(np.float32)
        half = steps // 2
        for start, stop in ((0, half), (half, steps)):
            metrics = {"loss": loss[start:stop], self._metric: other[start:stop]}
            elapsed_s = 1.5 * (first + stop) / steps
            yield StepsDone(self._id, epoch, first + start, metrics, elapsed_s)
        yield from self._live(epoch)
        yield EpochEnded(
            self._id,
            epoch,
            first + steps,
            self._metrics(epoch),
            duration_s=1.5,
            elapsed_s=1.5 * epoch,
            samples_per_s=self._profile.split_sizes[0] / 1.4,
            is_best=epoch <= 7,
        )

    def _live(self, epoch: int) -> Iterator[RunEvent]:
        signature = self._profile.signature
        if signature.kind is not Kind.TABLE or signature.n_inputs > 2:
            return
        axes = tuple(
            np.linspace(
                self._profile.sample_x[:, column].min(),
                self._profile.sample_x[:, column].max(),
                30,
                dtype=np.float32,
            )
            for column in range(signature.n_inputs)
        )
        grid = np.stack(np.meshgrid(*axes), axis=-1).sum(axis=-1) * min(1.0, epoch / 5)
        if signature.task is Task.CLASSIFICATION:
            share = 1 / (1 + np.exp(-grid))
            values = np.stack([1 - share, share], axis=-1)
        else:
            values = grid[..., np.newaxis]
        yield SurfaceUpdated(self._id, axes, values.astype(np.float32))
        terms = ("intercept", *self._profile.feature_names)
        numbers = np.linspace(-0.5, 2.0, len(terms), dtype=np.float32)[:, np.newaxis] * epoch
        yield CoefficientsUpdated(self._id, terms, (self._profile.target_name,), numbers)

    def _metrics(self, epoch: int) -> dict[str, float]:
        loss, other = 2.0 * math.exp(-epoch / 3), 1.0 - 0.8 * math.exp(-epoch / 2)
        validation = loss + 0.03 * max(0, epoch - 7)
        return {
            "loss": loss,
            self._metric: other,
            "val_loss": validation + 0.05,
            f"val_{self._metric}": other - 0.02,
        }

    def _final(self, epoch: int) -> dict[str, float]:
        metrics = self._metrics(epoch)
        tests = {"test_loss": metrics["val_loss"], f"test_{self._metric}": metrics[self._metric]}
        return {**metrics, **tests}


def fake_evaluation(looked: Profile, part: str = "test") -> Evaluation:
    """Returns an evaluation of made-up predictions, nine of ten right."""
    random = np.random.default_rng(1)
    n_classes = len(looked.class_names)
    if looked.signature.output is Output.TOKENS:
        pairs = (("einundzwanzig", "einundzwanzig"), ("sieben", "siebzehn"))
        metrics, given = {"exact_match": 0.5}, ("21", "7")
        return Evaluation(part, 30, metrics, looked.target_name, texts=pairs, sources=given)
    if not n_classes:
        y_true = random.normal(size=30).astype(np.float32)
        y_pred = y_true + 0.3 * random.normal(size=30).astype(np.float32)
        metrics = {"mean_squared_error": 0.09, "mean_absolute_error": 0.24, "r2_score": 0.91}
        return Evaluation(part, 30, metrics, looked.target_name, y_true=y_true, y_pred=y_pred)
    confusion = 9 * np.eye(n_classes, dtype=np.int64)
    confusion += np.roll(np.eye(n_classes, dtype=np.int64), 1, axis=1)
    scores = tuple(
        ClassScore(name, 0.9, 0.9 - 0.01 * index, 0.9, 10)
        for index, name in enumerate(looked.class_names)
    )
    metrics = {"accuracy": 0.9, "balanced_accuracy": 0.9, "f1_score": 0.9}
    return Evaluation(
        part,
        10 * n_classes,
        metrics,
        looked.target_name,
        looked.class_names,
        confusion,
        scores,
    )


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
