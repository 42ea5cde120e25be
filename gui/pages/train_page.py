"""TrainPage: start a run, watch it learn, steer it."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from engine.architectures import ARCHITECTURES
from engine.datasets.profile import Profile
from engine.defaults import metrics_of
from engine.events import DataProgress, Rejected
from engine.insights import Insight
from engine.run_events import (
    EpochEnded,
    PlanChosen,
    RunEnded,
    RunEvent,
    RunInterrupted,
    RunStarted,
    RunState,
    RunStopped,
    StepsDone,
)
from gui.controller import Controller
from gui.draft import Draft
from gui.messages import Messages
from gui.pages.page import Page
from gui.plots.device_plot import DevicePanel
from gui.settings import Settings
from gui.theme import SPACING
from gui.widgets.run_bar import RunBar
from gui.widgets.run_curves import RunCurves
from gui.widgets.run_live import WIDTH, RunLive
from gui.widgets.run_notice import RunNotice
from gui.widgets.run_progress import RunProgress
from gui.widgets.run_readiness import (
    Readiness,
    data_title,
    draft_text,
    model_title,
    readiness,
)
from gui.widgets.run_words import (
    count_text,
    counted,
    main_metric,
    metric_text,
    metric_title,
    progress_text,
    state_role,
    state_text,
)

STRIP_HEIGHT = 18 * SPACING
DETAILS = "details"


class TrainPage(Page):
    """The run under way, or the next one while there is none."""

    def __init__(
        self,
        controller: Controller,
        messages: Messages,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(controller, messages, settings, parent)
        self._trained_draft: Draft | None = None
        self._ended: RunEnded | None = None
        self._refusal: Rejected | None = None
        self._plan = ""
        self._hint = ""
        self.bar = RunBar(controller, self)
        self.notice = RunNotice()
        self.progress = RunProgress()
        self.curves = RunCurves(settings, "train")
        self.live = RunLive()
        self.devices: DevicePanel | None = None
        self._build()
        self._connect()
        self._show_draft()

    # ---- building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * SPACING, 2 * SPACING, 3 * SPACING, 2 * SPACING)
        column.setSpacing(2 * SPACING)
        for widget in (self.bar, self.notice, self.progress):
            column.addWidget(widget)
        self._splitter = self._plots()
        column.addWidget(self._splitter, 1)
        QTimer.singleShot(0, self, self._add_metric)

    def _plots(self) -> QSplitter:
        upper = QSplitter(Qt.Orientation.Horizontal)
        upper.addWidget(self.curves)
        upper.addWidget(self.live)
        upper.setStretchFactor(0, 2)
        upper.setStretchFactor(1, 1)
        upper.setSizes([2 * WIDTH, WIDTH])
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(upper)
        for item in (upper, splitter):
            item.setChildrenCollapsible(False)
            item.setHandleWidth(2 * SPACING)
        return splitter

    # Plots take some milliseconds each: a turn of the event loop for each keeps the window fluent.

    @Slot()
    def _add_metric(self) -> None:
        self.curves.show_metric(self.curves.metric_name)
        QTimer.singleShot(0, self, self._add_devices)

    @Slot()
    def _add_devices(self) -> None:
        self.devices = DevicePanel()
        self.devices.setAccessibleName(self.tr("The device over the last minutes"))
        self._splitter.addWidget(self.devices)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setSizes([50 * SPACING, STRIP_HEIGHT])

    def _connect(self) -> None:
        controller = self.controller
        controller.draft_changed.connect(self._on_draft_changed)
        controller.profile_changed.connect(self._on_profile_changed)
        controller.model_changed.connect(self._on_answer)
        controller.model_rejected.connect(self._on_answer)
        controller.data_rejected.connect(self._on_answer)
        controller.worker_ready.connect(self._on_answer)
        controller.run_preparing.connect(self._on_preparing)
        controller.run_event.connect(self._on_run_event)
        controller.state_changed.connect(self._on_state_changed)
        controller.start_rejected.connect(self._on_start_rejected)
        controller.devices_sampled.connect(self._on_devices_sampled)
        self.notice.activated.connect(self._on_notice_activated)
        self.progress.refreshed.connect(self._tell_hint)

    # ---- the draft

    @property
    def _shows_run(self) -> bool:
        """The plots belong to a run, under way or ended."""
        return self.controller.is_active or self._ended is not None

    @Slot(object)
    def _on_draft_changed(self, _draft: object) -> None:
        self._refusal = None
        self._show_draft()

    @Slot(object)
    def _on_profile_changed(self, profile: Profile | None) -> None:
        if not self._shows_run and profile is not None:
            self._show_data(profile)
        self._show_draft()

    @Slot(object)
    def _on_answer(self, _answer: object) -> None:
        self._show_draft()

    def _show_draft(self) -> None:
        """Says what Start would do, or why it cannot."""
        controller = self.controller
        ready = readiness(controller)
        self.bar.set_can_start(ready.can_start)
        if controller.is_active:
            return
        draft = controller.draft
        if self._ended is not None and draft == self._trained_draft:
            self._show_ended(self._ended)
            return
        words = draft_text(controller)
        if self._ended is not None:
            self.bar.set_text(self.bar.title.text(), self.tr("Next: {run}").format(run=words))
        else:
            self.bar.set_text(self.tr("Train"), words)
            self._show_empty_texts(ready)
            self.live.show_model(draft.model)
            self.live.show_data(controller.profile)
        self._show_readiness(ready)
        self._tell_hint()

    def _show_readiness(self, ready: Readiness) -> None:
        if self._refusal is not None:
            refusal = self._refusal
            action = self.tr("Details") if refusal.details else ""
            self.notice.show_text(refusal.message, "danger", refusal.hint, action, DETAILS)
        else:
            self.notice.show_text(
                ready.text, ready.role, ready.hint, ready.action, target=ready.page
            )

    def _show_empty_texts(self, ready: Readiness) -> None:
        if ready.can_start:
            text = self.tr("Press Start: the loss appears here, batch by batch")
        else:
            text = self.tr("The loss appears here once training starts")
        self.curves.set_empty_texts(text, self.tr("And here how good the predictions are"))

    def _show_data(self, profile: Profile) -> None:
        self.curves.show_metric(next(iter(metrics_of(profile.signature)), ""))
        self.live.show_data(profile)

    # ---- the run

    @Slot(object)
    def _on_state_changed(self, state: RunState | None) -> None:
        if state is RunState.PREPARING and self.controller.run is None:
            self._begin()
        elif state is None:
            self._ended = None
            self.progress.set_waiting(False)
            self._show_draft()
        elif state is RunState.PREPARING:
            pass
        elif state.is_active:
            self.progress.set_waiting(state is RunState.STOPPING and not self.controller.started)
            self._show_activity(state)
        self._tell_hint()

    def _begin(self) -> None:
        """Start was pressed: the run before makes room."""
        self._trained_draft = self.controller.draft
        self._plan = ""
        self._ended = self._refusal = None
        self.curves.clear()
        self.curves.set_empty_texts(
            self.tr("The first batches appear here in a moment"),
            self.tr("And here how good the predictions are"),
        )
        self.live.show_model(self._trained_draft.model)
        self.progress.clear()
        self.progress.set_waiting(True)
        title = f"{data_title(self._trained_draft)} · {model_title(self._trained_draft)}"
        self.bar.set_text(title, draft_text(self.controller))
        self.notice.show_text(self._preparing_text(), "accent")

    def _preparing_text(self) -> str:
        if self.controller.worker is None:
            return self.tr("TensorFlow is getting ready; training starts as soon as it is.")
        return self.tr("Loading the data and building the model…")

    @Slot(object)
    def _on_preparing(self, progress: DataProgress) -> None:
        """The data of a run that is about to begin may take its time."""
        if self.controller.state is RunState.PREPARING:
            words = f"{progress.what}… {progress_text(progress)}".strip()
            self.notice.show_text(words, "accent")

    def _show_activity(self, state: RunState) -> None:
        if state is RunState.PAUSED:
            self.notice.show_text(
                self.tr("Paused. Nothing is lost; Resume goes on exactly here."), "warning"
            )
        elif state is RunState.STOPPING:
            if self.controller.pending is None:
                words = self.tr("All epochs are done. The model is being evaluated and saved…")
            else:
                words = self.tr("Stopping… the batches under way are finished first.")
            self.notice.show_text(words, "accent")
        elif state is RunState.RUNNING:
            self.notice.show_text(self.tr("Training. {plan}").format(plan=self._plan).strip())

    @Slot(object)
    def _on_run_event(self, event: RunEvent) -> None:
        self.progress.add(event)
        if isinstance(event, StepsDone | EpochEnded):
            self.curves.add(event)
        elif isinstance(event, Insight):
            self.live.add(event)
        elif isinstance(event, RunStarted):
            self._on_started(event)
        elif isinstance(event, PlanChosen):
            self._plan = event.reason
        elif isinstance(event, RunEnded):
            self._on_ended(event)

    def _on_started(self, event: RunStarted) -> None:
        self._show_data(event.profile)
        self.curves.add(event)
        self.progress.set_waiting(False)
        epochs = counted(event.epochs, self.tr("{n} epoch"), self.tr("{n} epochs"))
        spec = event.spec.model
        model = ARCHITECTURES[spec.name or ""].title_of(spec.parameters)
        self.bar.set_text(event.name, " · ".join((event.profile.title, model, epochs)))
        self.notice.show_text(
            self.tr("The first step compiles the model; the curves start after it."), "accent"
        )

    def _on_ended(self, event: RunEnded) -> None:
        self.progress.set_waiting(False)
        name = self.controller.started.name if self.controller.started else self.tr("The run")
        if isinstance(event, RunStopped) and not event.kept:
            self.messages.show_info(
                self.tr("“{name}” was discarded.").format(name=name),
                self.tr("Undo"),
                partial(self.controller.shelf.restore, event.run),
            )
        elif event.state in (RunState.FAILED, RunState.INTERRUPTED):
            if not self.isVisible():
                self.messages.show_error(event.reason, event.hint, event.details)
        elif not self.isVisible():
            self.messages.show_info(f"{name}: {event.reason}")
        self._ended = event
        self._show_draft()

    def _show_ended(self, event: RunEnded) -> None:
        role = state_role(event.state)
        if event.state in (RunState.FAILED, RunState.INTERRUPTED):
            hint = event.hint
            if isinstance(event, RunInterrupted):
                kept = self.tr("The run is kept with every metric so far.")
                hint = f"{kept} {event.hint}".strip()
            action = self.tr("Details") if event.details else ""
            self.notice.show_text(event.reason, role, hint, action, DETAILS)
        elif isinstance(event, RunStopped) and not event.kept:
            self.notice.show_text(self.tr("Discarded."), role)
        else:
            words = " ".join((event.reason, self._outcome(event.metrics))).strip()
            self.notice.show_text(words, role, action=self.tr("See results"), target="results")
        self._tell_hint()

    def _outcome(self, metrics: dict[str, float]) -> str:
        name = main_metric(metrics)
        for prefix in ("test_", "val_", ""):
            if prefix + name in metrics:
                value = metric_text(name, metrics[prefix + name])
                return self.tr("{metric}: {value}.").format(
                    metric=metric_title(prefix + name), value=value
                )
        return ""

    @Slot(object)
    def _on_start_rejected(self, answer: Rejected) -> None:
        self._refusal = answer
        self._ended = None
        self._show_draft()
        if not self.isVisible():
            self.messages.show_error(answer.message, answer.hint, answer.details)

    # ---- small things

    @Slot(str)
    def _on_notice_activated(self, target: str) -> None:
        if target != DETAILS:
            self.page_requested.emit(target)
        elif self._refusal is not None:
            refusal = self._refusal
            self.messages.show_error(refusal.message, refusal.hint, refusal.details)
        elif self._ended is not None:
            ended = self._ended
            self.messages.show_error(ended.reason, ended.hint, ended.details)

    @Slot(object)
    def _on_devices_sampled(self, sample: Any) -> None:
        if sample is not None and self.devices is not None:
            self.devices.add_sample(sample)

    @Slot()
    def _tell_hint(self) -> None:
        state = self.controller.state
        if state is RunState.RUNNING and self.controller.pending is None and self.progress.epochs:
            hint = self.tr("Epoch {done} of {all}").format(
                done=count_text(self.progress.epoch), all=count_text(self.progress.epochs)
            )
        elif state is not None:
            hint = state_text(state, self.controller.pending)
            if state is RunState.STOPPING and self.controller.pending is None:
                hint = self.tr("Finishing…")
        else:
            hint = self.tr("Ready") if readiness(self.controller).can_start else ""
        if hint != self._hint:
            self._hint = hint
            self.hint_changed.emit(hint)
