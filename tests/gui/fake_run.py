"""The script of a fake training, and what it leaves behind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from engine.events.commands import (
    ChangeEpochs,
    ChangeRate,
    Control,
    MoveRun,
    Request,
)
from engine.events.insights import CoefficientsUpdated, SurfaceUpdated
from engine.events.messages import Event
from engine.events.profile import Profile
from engine.events.run_events import (
    CheckpointSaved,
    EpochEnded,
    PlaceFound,
    PlanChosen,
    RunEnded,
    RunEvent,
    RunFinished,
    RunInterrupted,
    RunStarted,
    RunState,
    RunStopped,
    SettingChanged,
    StateChanged,
    StepsDone,
)
from engine.inference.evaluation.evaluation import ClassScore, Evaluation
from engine.runs.record import RunRecord
from engine.runs.store import RunStore
from engine.spec.signature import Kind, Output, Task, metrics_of
from tests.gui.fake_results import fake_predictions

if TYPE_CHECKING:
    from tests.gui.fake_engine import FakeEngine, FakeSession


class FakeRun:
    """The script of one training; one that was there before goes on where it was."""

    def __init__(
        self,
        engine: FakeEngine,
        session: FakeSession,
        store: RunStore,
        record: RunRecord,
        looked: Profile,
        epochs_before: int = 0,
    ) -> None:
        self._engine = engine
        self._session = session
        self._store = store
        self._record = record
        self._spec = record.spec
        self._profile = looked
        self._epochs = self._spec.training.epochs or 1
        self._epochs_before = epochs_before or self._epochs
        self._rate = self._spec.training.learning_rate or 0.001
        self._metric = next(iter(metrics_of(looked.signature)), "loss")
        self._id = record.id

    def events(self) -> Iterator[Event]:
        with self._store:
            try:
                for event in self._script():
                    if isinstance(event, RunEnded) and event.metrics:
                        self._keep_result(fake_evaluation(self._profile))
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

    def _keep_result(self, evaluation: Evaluation) -> None:
        folder = self._store.folder(self._id)
        evaluation.save(folder)
        fake_predictions(self._profile, evaluation).save(folder)

    def _script(self) -> Iterator[RunEvent]:
        steps, done = self._engine.steps_per_epoch, self._record.epochs_done
        n_train = self._profile.split_sizes[0]
        yield RunStarted(
            self._id,
            self._record.name,
            self._spec,
            self._profile,
            self._epochs,
            steps,
            n_train,
            done * steps,
            done,
        )
        if self._epochs != self._epochs_before:
            yield self._changed(done, "training.epochs", self._epochs_before, self._epochs)
        reason = "One chunk of steps per call; XLA was 1.4 times slower when tried."
        yield PlanChosen(self._id, "chunked", "CPU:0", False, True, reason, speedup=12.0)
        yield StateChanged(self._id, RunState.RUNNING)
        epoch = done
        while epoch < self._epochs:
            epoch += 1
            yield from self._epoch(epoch)
            self._save_checkpoint()
            yield from self._engine.more_events(epoch, self._id)
            for change in self._session.between_epochs(epoch):
                if isinstance(change, RunState):
                    yield StateChanged(self._id, change)
                elif change in (Control.STOP, Control.DISCARD):
                    yield from self._stopped(change, epoch)
                    return
                else:
                    yield self._answer(change, epoch)
        if self._engine.fails_with is not None:
            yield self._engine.fails_with(self._id)
            return
        yield RunFinished(
            self._id,
            reason=f"All {self._epochs} epochs are done.",
            metrics=self._final(self._epochs),
        )

    def _answer(self, request: Request, epoch: int) -> RunEvent:
        steps = epoch * self._engine.steps_per_epoch
        match request:
            case ChangeRate():
                before, self._rate = self._rate, request.learning_rate
                return self._changed(epoch, "training.learning_rate", before, self._rate)
            case ChangeEpochs():
                before, self._epochs = self._epochs, max(epoch, request.epochs)
                return self._changed(epoch, "training.epochs", before, self._epochs)
            case MoveRun(workspace):
                place = workspace or str(self._engine.workspace)
                return PlaceFound(self._id, place, is_back=not workspace)
            case _:
                return CheckpointSaved(self._id, epoch, steps)

    def _changed(self, epoch: int, setting: str, before: float, after: float) -> SettingChanged:
        step = epoch * self._engine.steps_per_epoch
        return SettingChanged(
            self._id, epoch + 1, step, setting, float(before), float(after), "by you"
        )

    def _save_checkpoint(self) -> None:
        folder = self._store.folder(self._id) / "checkpoints"
        folder.mkdir(exist_ok=True)
        (folder / "checkpoint-1").touch()

    def _stopped(self, control: Request, epoch: int) -> Iterator[RunEvent]:
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
            learning_rate=self._rate,
            patience=self._engine.patience.get(epoch, {}),
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
