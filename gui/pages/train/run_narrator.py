"""RunNarrator: says on the Train page what goes on, in the bar's title and in the notice."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from engine.architectures import ARCHITECTURES
from engine.errors import DescentError
from engine.events.messages import DataProgress, Rejected
from engine.events.run_events import (
    EpochEnded,
    Recovered,
    RunEnded,
    RunEvent,
    RunInterrupted,
    RunStarted,
    RunState,
    RunStopped,
    SettingChanged,
    Stalled,
)
from engine.spec.formatting import duration_text
from gui.formatting.numbers import counted
from gui.formatting.run_rule_words import patience_text
from gui.formatting.run_words import (
    main_metric,
    metric_text,
    metric_title,
    progress_text,
    state_role,
)
from gui.formatting.verdict_words import verdict_role
from gui.pages.train.run_bar import RunBar
from gui.pages.train.run_readiness import (
    Readiness,
    draft_text,
    readiness,
)
from gui.state.continuing import Continuation
from gui.state.controller import Controller
from gui.state.draft import Draft
from gui.state.draft_titles import data_title, model_title
from gui.state.messages import Messages
from gui.state.run_controller import EPOCHS
from gui.widgets.notice import Notice

if TYPE_CHECKING:
    from engine.runs.record import RunRecord

DETAILS = "details"


class RunNarrator(QObject):
    """Keeps title and notice true, through the draft, the run and its end.

    Attributes:
        ended: How the run that is shown ended; None: it has not, or there is none.

    Args:
        controller: Is listened to, by the page.
        messages: For what must be read on other pages.
        bar: Has the title.
        notice: Has the sentence.
        page: Whether it is visible decides whether a message is needed.
    """

    def __init__(
        self,
        controller: Controller,
        messages: Messages,
        bar: RunBar,
        notice: Notice,
        page: QWidget,
    ) -> None:
        super().__init__(page)
        self.ended: RunEnded | None = None
        self._controller = controller
        self._messages = messages
        self._bar = bar
        self._notice = notice
        self._page = page
        self._trained_draft: Draft | None = None
        self._refusal: Rejected | None = None
        self._patience = ""

    # ---- before a run

    @property
    def offers_draft(self) -> bool:
        """The next run is what is told of, not one that is under way or has ended."""
        return not (self._controller.training.is_active or self._shows_end)

    @property
    def _shows_end(self) -> bool:
        """The draft is still that of the run that has ended."""
        return self.ended is not None and self._controller.drafts.draft == self._trained_draft

    def show_draft(self) -> Readiness:
        """Says what Start would do, or why it cannot; or how the run that is shown ended."""
        controller = self._controller
        ready = readiness(controller)
        self._bar.set_can_start(ready.can_start)
        if controller.training.is_active:
            return ready
        if self.ended is not None and self._shows_end:
            self._show_end(self.ended)
            return ready
        words = draft_text(controller)
        if self.ended is not None:
            self._bar.set_text(self._bar.title.text(), self.tr("Next: {run}").format(run=words))
        else:
            self._bar.set_text(self.tr("Train"), words)
        if self._refusal is not None:
            refusal = self._refusal
            action = self.tr("Details") if refusal.details else ""
            self._notice.show_text(refusal.message, "danger", refusal.hint, action, DETAILS)
        else:
            self._notice.show_text(
                ready.text, ready.role, ready.hint, ready.action, target=ready.page
            )
        return ready

    def forget_refusal(self) -> None:
        """The draft is another one: why the last one was refused matters no more."""
        self._refusal = None

    def refuse(self, answer: Rejected) -> None:
        """Start was refused."""
        self._refusal = answer
        self.ended = None
        if not self._page.isVisible() and not answer.offer:  # what is offered, the window asks
            self._messages.show_error(answer.message, answer.hint, answer.details)

    # ---- during a run

    def begin(self) -> str:
        """Start or Continue was pressed. Returns the name of the run's architecture."""
        controller = self._controller
        self._trained_draft = controller.drafts.draft
        self.ended = self._refusal = None
        self._patience = ""
        record = controller.repository.record(controller.training.continued)
        if record is not None:
            self._bar.set_text(record.name, " · ".join((record.dataset_title, record.model_title)))
            words = self.tr("Continuing: the data and the last checkpoint are being read…")
            model = _architecture(record)
        else:
            draft = self._trained_draft
            self._bar.set_text(
                f"{data_title(draft)} · {model_title(draft)}", draft_text(controller)
            )
            words = self.tr("Loading the data and building the model…")
            model = draft.model
        if controller.worker is None:
            words = self.tr("TensorFlow is getting ready; training starts as soon as it is.")
        self._notice.show_text(words, "accent")
        return model

    def show_preparing(self, progress: DataProgress) -> None:
        """The data of a run that is about to begin may take its time."""
        if self._controller.training.state is RunState.PREPARING:
            words = f"{progress.what}… {progress_text(progress)}".strip()
            self._notice.show_text(words, "accent")

    def show_state(self, state: RunState) -> None:
        """Says what the run under way does."""
        lost = self._controller.training.lost
        if lost is not None and state is RunState.PAUSED:
            self._notice.show_text(lost.message, "danger", lost.hint)
        elif state is RunState.PAUSED:
            self._notice.show_text(
                self.tr("Paused. Nothing is lost; Resume goes on exactly here."), "warning"
            )
        elif state is RunState.STOPPING:
            if self._controller.training.pending is None:
                words = self.tr("All epochs are done. The model is being evaluated and saved…")
            else:
                words = self.tr("Stopping… the batches under way are finished first.")
            self._notice.show_text(words, "accent")
        elif state is RunState.RUNNING:
            self._notice.show_text(f"{self.tr('Training.')} {self._patience}".strip())

    @Slot()
    def refresh(self) -> None:
        """Brings what changes with each epoch up to date; called a few times a second."""
        if self._controller.training.state is RunState.RUNNING and self._patience:
            text = f"{self.tr('Training.')} {self._patience}"
            if self._notice.text.text().startswith(self.tr("Training.")):
                self._notice.show_text(text)

    def add(self, event: RunEvent) -> None:
        """Takes an event of the run; most say nothing here."""
        if isinstance(event, RunStarted):
            self._show_started(event)
        elif isinstance(event, SettingChanged):
            if event.setting == EPOCHS and self._controller.training.started is not None:
                self._show_title(self._controller.training.started, round(event.after))
        elif isinstance(event, EpochEnded):
            self._patience = patience_text(event.patience)
        elif isinstance(event, Recovered):
            self._notice.show_text(event.reason, "warning")
            self._messages.show_warning(event.reason)
        elif isinstance(event, Stalled):
            self._show_stalled(event)
        elif isinstance(event, RunEnded):
            self._on_ended(event)

    def _show_stalled(self, event: Stalled) -> None:
        """Says so where the page, which has the details, is not seen."""
        if not self._page.isVisible():
            silent = duration_text(event.silent_s)
            words = self.tr("The training has given no sign for {time}; the Train page has more.")
            self._messages.show_warning(words.format(time=silent))

    def _show_started(self, event: RunStarted) -> None:
        self._show_title(event, event.epochs)
        if event.notice:
            self._messages.show_warning(event.notice)
        self._notice.show_text(
            self.tr("The first step compiles the model; the curves start after it."), "accent"
        )

    def _show_title(self, event: RunStarted, n_epochs: int) -> None:
        epochs = counted(n_epochs, self.tr("{n} epoch"), self.tr("{n} epochs"))
        spec = event.spec.model
        model = spec.name or ""
        if model in ARCHITECTURES:
            model = ARCHITECTURES[model].title_of(spec.parameters)
        self._bar.set_text(event.name, " · ".join((event.profile.title, model, epochs)))

    # ---- after a run

    def _on_ended(self, event: RunEnded) -> None:
        started, messages = self._controller.training.started, self._messages
        name = started.name if started else self.tr("The run")
        if isinstance(event, RunStopped) and not event.kept:
            messages.show_done(
                self.tr("“{name}” was discarded.").format(name=name),
                partial(self._controller.repository.restore, event.run),
            )
        elif event.state in (RunState.FAILED, RunState.INTERRUPTED):
            if not self._page.isVisible():
                messages.show_error(event.reason, self._hint_of(event), event.details)
        elif not self._page.isVisible():
            self._tell_end(name, event)
        self.ended = event

    def _tell_end(self, name: str, event: RunEnded) -> None:
        """Says on another page how a run ended, in the colour of its gravest finding."""
        messages, findings = self._messages, event.findings
        if not findings:
            messages.show_info(f"{name}: {event.reason}")
            return
        text = f"{name}: {findings[0].text}"
        match verdict_role(findings):
            case "danger":
                messages.show_error(text, event.reason)
            case "warning":
                messages.show_warning(text, event.reason)
            case _:
                messages.show_info(f"{text} {event.reason}")

    def _show_end(self, event: RunEnded) -> None:
        role = state_role(event.state)
        if event.state in (RunState.FAILED, RunState.INTERRUPTED):
            action = self.tr("Details") if event.details else ""
            self._notice.show_text(event.reason, role, self._hint_of(event), action, DETAILS)
        elif isinstance(event, RunStopped) and not event.kept:
            self._notice.show_text(self.tr("Discarded."), role)
        else:
            words = " ".join((event.reason, self._outcome(event.metrics))).strip()
            findings = event.findings
            text, hint = (findings[0].text, words) if findings else (words, "")
            action = self.tr("See results")
            self._notice.show_text(text, verdict_role(findings), hint, action, "results")

    def _hint_of(self, event: RunEnded) -> str:
        hint = event.hint
        if isinstance(event, RunInterrupted):
            kept = self.tr("The run is kept with every metric so far.")
            if self._controller.repository.continuation(event.run) is Continuation.GO_ON:
                kept = self.tr("The run is kept; Continue goes on with it.")
            hint = f"{kept} {hint}".strip()
        return hint

    def _outcome(self, metrics: dict[str, float]) -> str:
        name = main_metric(metrics)
        for prefix in ("test_", "val_", ""):
            if prefix + name in metrics:
                value = metric_text(name, metrics[prefix + name])
                return self.tr("{metric}: {value}.").format(
                    metric=metric_title(prefix + name), value=value
                )
        return ""

    def show_details(self) -> None:
        """Shows what is behind the sentence, such as a traceback."""
        if self._refusal is not None:
            refusal = self._refusal
            self._messages.show_error(refusal.message, refusal.hint, refusal.details)
        elif self.ended is not None:
            ended = self.ended
            self._messages.show_error(ended.reason, ended.hint, ended.details)


def _architecture(record: RunRecord) -> str:
    try:
        return record.spec.model.name or ""
    except DescentError:  # a damaged spec, which the engine refuses in words
        return ""
