"""TrainPage: start a run, watch it learn, steer it."""

from __future__ import annotations

import dataclasses
from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from engine.events.insights import Insight
from engine.events.messages import FROM_START, DataProgress, Rejected
from engine.events.profile import Profile
from engine.events.run_events import (
    PlanChosen,
    RunEnded,
    RunEvent,
    RunStarted,
    RunState,
)
from engine.events.verdicts import Place
from engine.spec.signature import metrics_of
from gui.formatting.numbers import count_text
from gui.formatting.run_rule_words import plan_details, plan_text
from gui.formatting.run_words import state_text
from gui.insights.live_panel import WIDTH, LivePanel
from gui.pages.shared.page import Page
from gui.pages.shared.run_continue import continue_run
from gui.pages.train.place_question import PlaceAsker
from gui.pages.train.restart_question import RestartQuestion
from gui.pages.train.run_bar import RunBar
from gui.pages.train.run_curves import RunCurves
from gui.pages.train.run_narrator import DETAILS, RunNarrator
from gui.pages.train.run_offer import RunOffer
from gui.pages.train.run_progress import RunProgress
from gui.pages.train.run_readiness import SMALLER_BATCH, Readiness, readiness
from gui.pages.train.run_stall import RunStall
from gui.pages.train.run_steering import RunSteering
from gui.pages.train.run_verdict import RunVerdict
from gui.plots.device_plot import DevicePanel
from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.state.run_repository import RunCurves as History
from gui.state.settings import Settings
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.notice import Notice

STRIP_HEIGHT = 18 * SPACING
ANSWER_MS = 8_000
"""How long it is read what became of something asked."""


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
        self._hint = ""
        self.bar = RunBar(controller, self)
        self.offer = RunOffer(controller, settings)
        self.notice = Notice()
        self.stall = RunStall(controller.training)
        self.place_asker = PlaceAsker(controller, messages, self)
        self.narrator = RunNarrator(controller, messages, self.bar, self.notice, self)
        self.progress = RunProgress()
        self.steering = RunSteering(controller.training, self)
        self.plan = ElidedLabel()
        self.answer = Label()
        self._answer_timer = QTimer(self)
        self.curves = RunCurves(settings, "train")
        self.live = LivePanel()
        self.verdict = RunVerdict()
        self.devices: DevicePanel | None = None
        self._build()
        self._connect()
        self._show_draft()

    # ---- building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * SPACING, 2 * SPACING, 3 * SPACING, 2 * SPACING)
        column.setSpacing(2 * SPACING)
        self.progress.add_at_right(self.steering)
        for widget in (self.bar, self.offer, self.notice, self.stall):
            column.addWidget(widget)
        how_far = QVBoxLayout()
        how_far.setSpacing(SPACING)
        how_far.addWidget(self.progress)
        how_far.addLayout(self._plan_line())
        column.addLayout(how_far)
        self._splitter = self._plots()
        column.addWidget(self._splitter, 1)
        QTimer.singleShot(0, self, self._add_metric)

    def _plan_line(self) -> QHBoxLayout:
        """How steps are executed, and at the right, below the fields, what became of a wish."""
        set_role(self.plan, "muted")
        self.answer.setTextFormat(Qt.TextFormat.PlainText)
        self._answer_timer.setSingleShot(True)
        self._answer_timer.setInterval(ANSWER_MS)
        row = QHBoxLayout()
        row.setSpacing(2 * SPACING)
        row.addWidget(self.plan, 1)
        row.addWidget(self.answer)
        return row

    def _plots(self) -> QSplitter:
        upper = QSplitter(Qt.Orientation.Horizontal)
        upper.addWidget(self.curves)
        upper.addWidget(self.live)
        upper.setStretchFactor(0, 2)
        upper.setStretchFactor(1, 1)
        upper.setSizes([2 * WIDTH, WIDTH])
        self._lower = QSplitter(Qt.Orientation.Horizontal)
        self._lower.addWidget(self.verdict)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(upper)
        splitter.addWidget(self._lower)
        for item in (upper, self._lower, splitter):
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
        self._lower.insertWidget(0, self.devices)
        self._lower.setStretchFactor(0, 2)
        self._lower.setStretchFactor(1, 1)
        self._lower.setSizes([2 * WIDTH, WIDTH])  # below the curves, and below what is inside
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setSizes([50 * SPACING, STRIP_HEIGHT])

    def _connect(self) -> None:
        controller = self.controller
        controller.drafts.draft_changed.connect(self._on_draft_changed)
        controller.drafts.profile_changed.connect(self._on_profile_changed)
        controller.drafts.model_changed.connect(self._on_answer)
        controller.drafts.model_rejected.connect(self._on_answer)
        controller.drafts.data_rejected.connect(self._on_answer)
        controller.worker_ready.connect(self._on_answer)
        controller.estimates.changed.connect(self._show_draft)
        controller.training.preparing.connect(self._on_preparing)
        controller.training.run_event.connect(self._on_run_event)
        controller.training.renamed.connect(self.bar.rename)
        controller.training.state_changed.connect(self._on_state_changed)
        controller.training.start_rejected.connect(self._on_start_rejected)
        controller.devices.sampled.connect(self._on_devices_sampled)
        controller.repository.history_read.connect(self._on_history)
        controller.repository.runs_changed.connect(self._on_runs_changed)
        self.notice.activated.connect(self._on_notice_activated)
        self.offer.continue_asked.connect(self._on_continue_asked)
        self.bar.continue_asked.connect(self._on_continue_asked)
        self.steering.answered.connect(self._show_answer)
        self.verdict.place_picked.connect(self._on_place_picked)
        self._answer_timer.timeout.connect(self.answer.clear)
        self.progress.refreshed.connect(self._update_hint)
        self.progress.refreshed.connect(self.narrator.refresh)

    # ---- the draft

    @property
    def _shows_run(self) -> bool:
        """The plots belong to a run, under way or ended."""
        return self.controller.training.is_active or self.narrator.ended is not None

    @Slot(object)
    def _on_draft_changed(self, _draft: object) -> None:
        self.narrator.forget_refusal()
        self._show_draft()

    @Slot(object)
    def _on_profile_changed(self, profile: Profile | None) -> None:
        if not self._shows_run and profile is not None:
            self._show_data(profile)
        self._show_draft()

    @Slot(object)
    def _on_answer(self, _answer: object) -> None:
        self._show_draft()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._want_estimate()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._want_estimate()

    def _want_estimate(self) -> None:
        """What a training would take matters to whoever can press Start, and sees it."""
        is_wanted = self.isVisible() and self.narrator.offers_draft
        self.controller.estimates.set_wanted(is_wanted)

    @Slot()
    def _show_draft(self) -> None:
        """Says what Start would do, or why it cannot."""
        self._want_estimate()
        ready = self.narrator.show_draft()
        if not self._shows_run:
            self._show_empty_texts(ready)
            self.live.show_model(self.controller.drafts.draft.model)
            self.live.show_data(self.controller.drafts.profile)
        self._update_hint()

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
        if state is RunState.PREPARING and self.controller.training.run is None:
            self._begin()
        elif state is None:
            self.stall.clear()
            self.narrator.ended = None
            self.progress.set_waiting(False)
            self._show_draft()
        elif state is RunState.PREPARING:
            pass
        elif state.is_active:
            self.progress.set_waiting(
                state is RunState.STOPPING and not self.controller.training.started
            )
            self.narrator.show_state(state)
        self._update_hint()

    def _begin(self) -> None:
        """Start or Continue was pressed: the run before makes room."""
        model = self.narrator.begin()
        self.plan.show_text("")
        self.answer.clear()
        self.curves.clear()
        self.verdict.clear()
        self.curves.set_empty_texts(
            self.tr("The first batches appear here in a moment"),
            self.tr("And here how good the predictions are"),
        )
        self.live.show_model(model)
        self.progress.clear()
        self.progress.set_waiting(True)

    @Slot(object)
    def _on_history(self, history: History | None) -> None:
        """What a run that goes on did before."""
        self.curves.show_history(history)
        if history is not None:
            self.live.show_flow_before(history.flow)
        if history is not None and history.epochs:
            self.controller.training.expect_rate(history.epochs[-1].learning_rate)

    @Slot(object)
    def _on_preparing(self, progress: DataProgress) -> None:
        self.narrator.show_preparing(progress)

    @Slot(object)
    def _on_run_event(self, event: RunEvent) -> None:
        self.progress.add(event)
        self.stall.add(event)
        if isinstance(event, RunStarted):
            self._show_data(event.profile)
            self.progress.set_waiting(False)
        self.narrator.add(event)
        self.verdict.add(event)
        self.live.show_verdict(self.verdict.findings)
        if isinstance(event, Insight):
            self.live.add(event)
            return
        self.curves.add(event)
        if isinstance(event, PlanChosen):
            plan = dataclasses.asdict(event)
            self.plan.show_text(plan_text(plan), plan_details(plan))
        elif isinstance(event, RunEnded):
            self.progress.set_waiting(False)
            self._show_draft()

    @Slot()
    def _on_runs_changed(self) -> None:
        if self.narrator.ended is not None:
            self._show_draft()  # whether it can go on is known only now

    @Slot(str)
    def _on_continue_asked(self, run: str) -> None:
        button = self.bar.go_on if run == self.controller.training.run else self.offer.button
        continue_run(self.controller, run, button)

    @Slot(object)
    def _on_start_rejected(self, answer: Rejected) -> None:
        self.narrator.refuse(answer)
        self._show_draft()
        if answer.offer == FROM_START and not self.controller.is_closing:
            question = RestartQuestion(answer.message, self.window())
            question.restart.clicked.connect(self._begin_again)
            question.open()

    @Slot()
    def _begin_again(self) -> None:
        self.page_requested.emit("train")
        self.controller.begin_again()

    @Slot(object)
    def _on_place_picked(self, place: Place | None) -> None:
        """Marks what a finding is about: a stretch of the curves, or the tab that shows it."""
        self.curves.show_stretch(place.epochs if place is not None else None)
        if place is not None:
            self.live.show_place(place)

    # ---- small things

    @Slot(str)
    def _on_notice_activated(self, target: str) -> None:
        if target == SMALLER_BATCH:
            self._use_smaller_batch()
        elif target == DETAILS:
            self.narrator.show_details()
        else:
            self.page_requested.emit(target)

    def _use_smaller_batch(self) -> None:
        controller = self.controller
        found, draft = controller.estimates.result, controller.drafts.draft
        if found is not None and found.fitting_batch_size:
            training = {**draft.training, "batch_size": found.fitting_batch_size}
            controller.drafts.set_draft(draft.with_training(training))

    @Slot(str, str)
    def _show_answer(self, text: str, role: str) -> None:
        """Says what became of something asked; a refusal stays until it is mended."""
        self.answer.setText(text)
        self.answer.setAccessibleName(text)
        set_role(self.answer, role)
        if role == "danger":
            self._answer_timer.stop()
        else:
            self._answer_timer.start()

    @Slot(object)
    def _on_devices_sampled(self, sample: Any) -> None:
        if sample is not None and self.devices is not None:
            self.devices.add_sample(sample)

    @Slot()
    def _update_hint(self) -> None:
        state = self.controller.training.state
        if (
            state is RunState.RUNNING
            and self.controller.training.pending is None
            and self.progress.epochs
        ):
            hint = self.tr("Epoch {done} of {all}").format(
                done=count_text(self.progress.epoch), all=count_text(self.progress.epochs)
            )
        elif state is not None:
            hint = state_text(state, self.controller.training.pending)
            if state is RunState.STOPPING and self.controller.training.pending is None:
                hint = self.tr("Finishing…")
        else:
            hint = self.tr("Ready") if readiness(self.controller).can_start else ""
        if hint != self._hint:
            self._hint = hint
            self.hint_changed.emit(hint)
