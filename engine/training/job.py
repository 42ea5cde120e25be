"""TrainingJob: one training from loaded data to a saved and evaluated model.

Imported by workers only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from engine.errors import TrainingError
from engine.events.run_events import (
    OTHER_DATA,
    PlanChosen,
    RunEnded,
    RunFailed,
    RunFinished,
    RunStarted,
    RunState,
    RunStopped,
    SettingChanged,
    StateChanged,
)
from engine.events.verdicts import Finding
from engine.graph.memory import available
from engine.inference.decoding import is_autoregressive
from engine.preprocessing.augmentation import brightest
from engine.preprocessing.targets import NumberTargets
from engine.training.checkpoint_writer import CheckpointWriter
from engine.training.context import RunContext
from engine.training.divergence import examine
from engine.training.introspection import Observer, Scene, observers
from engine.training.judging import Judge
from engine.training.model.augmenter import augmenter
from engine.training.model.building import build, check_updates, compile_model
from engine.training.model.starting import start
from engine.training.model.thawing import Thawing
from engine.training.model.transfer import Kept, trained_from
from engine.training.plan import Plan, Way
from engine.training.precision import use_full_precision
from engine.training.progress import Outcome, Progress
from engine.training.resumption import Resumption
from engine.training.rules import stopping_of
from engine.training.run_place import RunPlace
from engine.training.schedule import Schedule
from engine.training.setup import Setup
from engine.training.steps.autotuner import Autotuner, Choice
from engine.training.steps.feed import Feed
from engine.training.steps.input_pipeline import feed_of, prepared_bytes
from engine.training.steps.loop import StepLoop
from engine.training.steps.rewriting import sums_as_written
from engine.training.traces import training_graphs
from engine.training.trained_model import TrainedModel
from engine.training.trainer import Trainer

if TYPE_CHECKING:
    import keras


class TrainingJob:
    """Trains as a resolved spec says.

    Args:
        context: The run.
        setup: What it is trained from, where, and by which workers.
        resumption: How the run goes on; None: it begins.
    """

    def __init__(
        self, context: RunContext, setup: Setup, resumption: Resumption | None = None
    ) -> None:
        self._context = context
        self._run = context.id
        self._prepared = setup.prepared
        self._group = setup.group
        self._beginning = setup.beginning
        self._resumption = resumption
        plan = Plan.of(
            prepared_bytes(setup.prepared),
            setup.prepared.spec.execution,
            available().n_bytes,
            setup.placement.replicas,
            setup.placement.may_shorten,
        )
        self._plan, self._placement = setup.group.agree(plan, setup.placement)
        self._strategy = self._placement.make_strategy()
        self._kept: Kept | None = None
        self._feeds: dict[str, Feed] = {}
        self._is_taught = False
        self._judge = Judge(context, setup.prepared, self._done)
        self._emit = self._judge.watch

    def execute(self) -> RunEnded:
        """Trains, restores the weights to keep, evaluates and saves.

        Raises:
            TrainingError: The training cannot go on.
            WorkspaceError: Something cannot be written.
        """
        is_exact = self._prepared.spec.execution.reproducible
        with (
            training_graphs(),
            self._placement.scope(),
            trained_from(self._beginning),
            sums_as_written(is_exact),
        ):
            return self._execute()

    def _execute(self) -> RunEnded:
        self._announce()
        loop = self._build()
        place = self._context.place or RunPlace(self._context.folder)
        model = TrainedModel(loop, self._prepared, place)
        with contextlib.ExitStack() as closing:
            checkpointer = None
            if self._group.is_chief:
                folder = place.folder / "checkpoints"
                checkpointer = CheckpointWriter(folder, self._context.flush, place)
                closing.enter_context(contextlib.closing(checkpointer))
            tuner = None
            # Nothing is decided by timing where a run must be repeatable, or others must follow.
            if self._group.is_independent and not self._prepared.spec.execution.reproducible:
                tuner = Autotuner(loop, self._plan, partial(self._notify_choice, loop))
                closing.callback(tuner.close)
            trainer = self._trainer(loop, checkpointer, tuner)
            self._go_on(loop.model, trainer)
            if self._group.is_independent:
                self._judge.begin(loop.model, is_new=not self._done.step)
            self._emit(StateChanged(self._run, RunState.RUNNING))
            try:
                outcome = trainer.fit()
            except TrainingError as error:
                return self._fail(trainer, model, error)
            self._emit(StateChanged(self._run, RunState.STOPPING))
            self._judge.look(self._feed("train"), trainer.step_s)
        return self._conclude(loop, trainer, outcome, model)

    def _fail(self, trainer: Trainer, model: TrainedModel, error: TrainingError) -> RunEnded:
        """The end of a training that cannot go on; what it had learnt by then is kept.

        Raises:
            TrainingError: The worker owns nothing of the run: the chief tells of it.
        """
        if not self._group.is_chief:
            raise error
        self._judge.look(self._feed("train"), trainer.step_s)
        if trainer.has_best:
            if self._prepared.spec.training.keep == "best":
                trainer.restore_best()
            model.save()
        findings = self._judge.findings(None, {}, error)
        return RunFailed(self._run, reason=error.message, hint=error.hint, findings=findings)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the run has said of itself until now."""
        return self._judge.watch.told

    def _announce(self) -> None:
        schedule, n_train = self._schedule, len(self._prepared.parts.train)
        done = self._done
        self._emit(
            RunStarted(
                self._run,
                name=self._context.name,
                spec=self._prepared.spec,
                profile=self._prepared.profile(
                    self._prepared.spec.data.source, self._prepared.spec.seed
                ),
                epochs=done.epochs,
                steps_per_epoch=-(-n_train // schedule.batch_size),
                n_train=n_train,
                step=done.step,
                epochs_done=len(done.history),
                notice=self._notice,
            )
        )

    @property
    def _notice(self) -> str:
        """What people should know before it begins."""
        begun = self._beginning.words if self._beginning is not None else ""
        start = self._prepared.spec.start
        if begun and self._will_thaw:
            first, share = (start.thaw_after or 0) + 1, f"{start.thaw_rate:g}"
            begun += f" From epoch {first} on they learn too, at {share} of the learning rate."
        resumed = self._resumption.notice if self._resumption is not None else ""
        return " ".join(it for it in (begun, resumed) if it)

    @property
    def _done(self) -> Progress:
        """How far the run is when the job begins."""
        if self._resumption is None or self._resumption.checkpoint is None:
            return Progress(self._schedule.epochs)
        done = self._resumption.checkpoint.progress
        done.epochs = int(self._resumption.changes.get("training.epochs", (0, done.epochs))[1])
        return done

    def _go_on(self, network: keras.Model, trainer: Trainer) -> None:
        """Takes up a run where its checkpoint says, the same at all workers; a new one begins."""
        if self._resumption is None or self._resumption.checkpoint is None:
            start(network, self._prepared)
            if self._beginning is not None:
                self._beginning.apply(network)
        if self._resumption is not None:
            self._restore(self._resumption, network, trainer)
        self._group.equalize(network)

    def _restore(self, resumption: Resumption, network: keras.Model, trainer: Trainer) -> None:
        """Restores a checkpoint, and tells what is different from there on."""
        checkpoint, changes = resumption.checkpoint, resumption.changes
        if checkpoint is not None and not self._group.is_chief:  # it has the progress only
            checkpoint = checkpoint.with_state_of(network)
        numbers = {
            path: (float(before or 0), float(after or 0))
            for path, (before, after) in changes.items()
            if all(isinstance(value, int | float | None) for value in (before, after))
        }
        if checkpoint is not None:
            trainer.restore(checkpoint, {path: after for path, (_, after) in numbers.items()})
        done = trainer.progress
        if resumption.other_data:
            told = resumption.other_data
            self._emit(SettingChanged(self._run, done.epoch, done.step, OTHER_DATA, 0.0, 0.0, told))
        for path, (before, after) in numbers.items():
            self._emit(
                SettingChanged(
                    self._run, done.epoch, done.step, path, before, after, resumption.reason
                )
            )

    @property
    def _schedule(self) -> Schedule:
        training = self._prepared.spec.training
        if training.epochs is None or training.batch_size is None:
            raise ValueError(f"A resolved spec is needed. Received: {training!r}.")
        spec = self._prepared.spec
        return Schedule(
            training.epochs, training.batch_size, spec.seed, spec.schedule, stopping_of(spec)
        )

    def _build(self) -> StepLoop:
        spec, signature = self._prepared.spec, self._prepared.signature
        plan = self._plan
        check_updates(spec.training, len(self._prepared.parts.train))
        with self._strategy.scope() if self._strategy else contextlib.nullcontext():
            network = build(spec, signature, self._placement.policy)
            if self._beginning is not None:
                self._kept = self._beginning.kept_of(network)
                self._kept.freeze()
                if self._done.thawed:
                    self._kept.thaw()
            self._compile(network)
        self._is_taught = is_autoregressive(network, signature)
        augment = augmenter(
            spec.augmentation,
            signature.kind,
            brightest(spec.preprocessing),
            self._prepared.scope,
        )
        pattern = self._feed("train").pattern
        fused_for = self._schedule.batch_size if plan.fused else 0
        loop = self._group.make_loop(
            network, pattern, self._strategy, augment, spec.seed, fused_for
        )
        self._emit(self._plan_chosen(loop))
        return loop

    def _compile(self, network: keras.Model) -> None:
        prepared = self._prepared
        compile_model(network, prepared.spec, prepared.signature, self._plan, self._error_weights)

    @property
    def _will_thaw(self) -> bool:
        """Layers that are kept as they are now will learn later."""
        return self._prepared.spec.start.thaw_after is not None and not self._done.thawed

    def _thawing(
        self, loop: StepLoop, looking: Sequence[Observer], tuner: Autotuner | None
    ) -> Thawing | None:
        """Lets layers learn that are kept at first; None where none are, or they learn by now."""
        if self._kept is None or not self._will_thaw:
            return None
        followers = [self._judge.renewed, *(observer.renewed for observer in looking)]
        if tuner is not None:
            followers.append(tuner.begin_anew)
        again = partial(self._compile, loop.model)
        return Thawing(loop, self._kept, self._prepared.spec.start, again, followers)

    @property
    def _error_weights(self) -> tuple[float, ...]:
        targets = self._prepared.preprocessing.targets
        return targets.error_weights if isinstance(targets, NumberTargets) else ()

    def _plan_chosen(self, loop: StepLoop) -> PlanChosen:
        """What is told before the first step."""
        plan = self._plan
        return PlanChosen(
            self._run,
            "chunked",
            loop.device,
            plan.xla,
            plan.resident,
            self._reason(plan.reason, loop),
            layers="fused" if loop.fused else "keras",
            precision=self._placement.policy,
            replicas=loop.replicas,
        )

    def _notify_choice(self, loop: StepLoop, choice: Choice) -> None:
        """Tells how the steps are executed, once that was measured."""
        reason = self._reason(f"{choice.reason} {self._plan.where}", loop)
        told = replace(self._plan_chosen(loop), reason=reason, speedup=choice.speedup)
        precision = "mixed_bfloat16" if choice.way is Way.BFLOAT16 else told.precision
        self._emit(replace(told, xla=choice.way is Way.XLA, precision=precision))

    def _reason(self, how: str, loop: StepLoop) -> str:
        """Why the steps are executed as they are, in words, with what `how` says first."""
        fused = f"{loop.fused}." if loop.fused else ""
        return " ".join(it for it in (how, fused, self._placement.reason) if it)

    def _trainer(
        self, loop: StepLoop, checkpointer: CheckpointWriter | None, tuner: Autotuner | None
    ) -> Trainer:
        prepared = self._prepared
        # Looking takes time, for which other workers would have to wait.
        scene = Scene(self._run, loop.model, loop, prepared, self._emit, self._will_thaw)
        looking = observers(scene) if self._group.is_independent else ()
        return Trainer(
            replace(self._context, emit=self._emit),
            loop,
            self._feed("train"),
            self._feed("validation") if len(prepared.parts.validation) else None,
            self._schedule,
            looking,
            checkpointer,
            prepared.preprocessing.restore_metric,
            partial(self._group.chunk_length, self._plan),
            tuner,
            lambda places: examine(prepared, prepared.parts.train[places]),
            self._thawing(loop, looking, tuner),
        )

    def _feed(self, part: str) -> Feed:
        """Feeds a part, prepared; held on the device or streamed as the plan says."""
        if part not in self._feeds:
            self._feeds[part] = feed_of(self._prepared, part, self._plan.resident, self._is_taught)
        return self._feeds[part]

    def _conclude(
        self, loop: StepLoop, trainer: Trainer, outcome: Outcome, model: TrainedModel
    ) -> RunEnded:
        kept_epoch, kept = len(outcome.history), ""
        if self._prepared.spec.training.keep == "best" and outcome.best_epoch:
            trainer.restore_best()
            kept_epoch = outcome.best_epoch
            kept = f" The weights of epoch {kept_epoch} are kept."
        elif outcome.step:
            kept = f" The weights after step {outcome.step:,} are kept."
        self._group.equalize(loop.model)
        self._group.restore(loop.model)
        if not self._group.is_chief:
            return self._conclude_elsewhere(trainer, outcome, kept)
        if use_full_precision(loop.model):
            loop.renew_prediction()
        model.learn_threshold()
        model.save()
        metrics = dict(outcome.history[kept_epoch - 1]) if kept_epoch else {}
        averages: dict[str, str] = {}
        evaluation = model.evaluate(lambda: trainer.evaluate(self._feed("test"))["loss"])
        if evaluation is not None:
            metrics |= {f"test_{name}": value for name, value in evaluation.metrics.items()}
            averages = {f"test_{name}": how for name, how in evaluation.averages.items()}
        findings = self._judge.findings(outcome, model.predictions)
        ended = self._ended(outcome, metrics, kept)
        return replace(ended, averages=averages, findings=findings)

    def _conclude_elsewhere(self, trainer: Trainer, outcome: Outcome, kept: str) -> RunEnded:
        """The end at a worker that owns nothing: it helps the chief to test."""
        if len(self._prepared.parts.test):
            trainer.evaluate(self._feed("test"))
        return self._ended(outcome, {}, kept)

    def _ended(self, outcome: Outcome, metrics: dict[str, float], kept: str) -> RunEnded:
        done = f"{len(outcome.history)} of {outcome.epochs} epochs."
        # Asked at any time, also while the model was saved and evaluated after the last epoch.
        if self._context.control.is_discarding:
            reason = f"Discarded after {done}"
            return RunStopped(self._run, reason=reason, metrics=metrics, kept=False)
        if outcome.stopped:
            return RunStopped(self._run, reason=f"Stopped after {done}{kept}", metrics=metrics)
        if outcome.ended:
            return RunFinished(self._run, reason=f"{outcome.ended} {done}{kept}", metrics=metrics)
        reason = f"All {len(outcome.history)} epochs are done.{kept}"
        return RunFinished(self._run, reason=reason, metrics=metrics)
