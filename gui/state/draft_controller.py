"""DraftController: the draft, and what the engine says about it; stale answers are dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.events.commands import DescribeModel, DownloadData, InspectData
from engine.events.messages import (
    DataDownloaded,
    DataInspected,
    DataProgress,
    Event,
    ModelDescribed,
    Rejected,
)
from engine.events.profile import Profile
from engine.spec.signature import Kind, Task
from gui.state.draft import Draft
from gui.state.draft_changes import Path
from gui.state.draft_memory import DraftMemory
from gui.threads.worker_pool import WorkerPool

QUESTION_DELAY_MS = 120


class DraftController(QObject):
    """Holds the draft and asks the engine about it.

    Signals, all in the GUI thread:
        leaving(): Other data or another model is about to be picked; who holds something that was
            typed and not said yet says it now.
        draft_changed(Draft): The draft is another one.
        profile_changed(Profile | None): What inspection found; None while it is being loaded.
        data_progress(DataProgress): How far the inspection under way is.
        data_rejected(Rejected): The draft's data cannot be used.
        model_changed(ModelDescribed | None): The draft's model; None while it is computed.
        model_rejected(Rejected): The draft's model cannot be built.

    Attributes:
        draft: What is picked and typed.
        memory: What was chosen for data that was picked before.

    Args:
        pool: Answers the questions.
    """

    leaving = Signal()
    draft_changed = Signal(object)
    profile_changed = Signal(object)
    data_progress = Signal(object)
    data_rejected = Signal(object)
    model_changed = Signal(object)
    model_rejected = Signal(object)

    def __init__(self, pool: WorkerPool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.draft = Draft()
        self.memory = DraftMemory()
        self.profile: Profile | None = None
        self.data_problem: Rejected | None = None
        self.model: ModelDescribed | None = None
        self.model_problem: Rejected | None = None
        self._pool = pool
        self._is_open = False
        self._data_ticket = self._model_ticket = 0
        self._model_is_chosen = False
        self._wants_fit = False
        self._waits_for_run = False
        self._settings_by_model: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._ask)

    def open(self) -> None:
        """Begins to ask."""
        self._is_open = True
        self._timer.start(0)

    def close(self) -> None:
        """Asks nothing more."""
        self._is_open = False
        self._timer.stop()

    def set_draft(self, draft: Draft) -> None:
        """Replaces the draft; what it changes is asked shortly after the last change."""
        # What the last session left is no choice that other data should heed.
        if draft.model and self.draft.has_model and draft.model != self.draft.model:
            self._model_is_chosen = True
            self._remember_model()
        self._replace(draft, QUESTION_DELAY_MS)

    def choose_data(self, source: str) -> None:
        """Picks data with what was chosen for it before; else the recommended model comes along."""
        if source == self.draft.source:
            return
        self.leaving.emit()
        self.memory.remember(self.draft)
        known = self.memory.recall(source)
        self._model_is_chosen = known is not None and known.has_model
        self._settings_by_model.clear()
        self._replace(known or self._automatic(source), 0)

    def make_automatic(self) -> None:
        """Takes back whatever was chosen for the draft's data, the model included."""
        self.leaving.emit()
        self._model_is_chosen = False
        self._settings_by_model.clear()
        self._replace(self._automatic(self.draft.source), 0)

    @property
    def is_automatic(self) -> bool:
        """Nothing was chosen for the draft's data but the model."""
        return self.draft == self.draft.automatic()

    def _automatic(self, source: str) -> Draft:
        from engine.datasets import DATASETS

        draft = self.draft.with_data(source)
        # Of a file, what to recommend is known once it was looked at.
        return draft.with_model(DATASETS[source].recommended_model) if source in DATASETS else draft

    def change(self, source: str, changes: Mapping[Path, Any]) -> None:
        """Changes what is chosen for some data, whether it is the draft's at present or not.

        Args:
            source: The data; nothing happens where nothing is known of it.
            changes: See `Draft.with_changes`.
        """
        if source == self.draft.source:
            self.set_draft(self.draft.with_changes(changes))
        elif (known := self.memory.recall(source)) is not None:
            self.memory.remember(known.with_changes(changes))

    def relocate(self, source: str, to: str) -> None:
        """Lets what is chosen for some data hold for another place on disk.

        Args:
            source: Where it lay.
            to: Where it lies now.
        """
        self.memory.move(source, to)
        if source == self.draft.source:
            self._replace(replace(self.draft, source=to), 0)

    def choose_model(self, name: str) -> None:
        """Picks an architecture with its defaults, or with what was set for it before."""
        self.leaving.emit()
        self._model_is_chosen = True
        if name != self.draft.model:
            self._replace(self._with_model(self.draft, name), 0)

    def cancel_inspection(self) -> None:
        """Stops looking at the draft's data; answered by `data_rejected`."""
        if self._data_ticket and self.profile is None and self.data_problem is None:
            self._pool.cancel_inspection()

    def inspect_again(self) -> None:
        """Looks at the draft's data anew: it may have changed, or looking was cancelled."""
        self._forget_data()
        self._forget_model()
        if self._is_open:
            self._timer.start(0)

    @Slot()
    def show_again(self) -> None:
        """There is more to pick from, and what a refused draft lacked may be there now."""
        self.draft_changed.emit(self.draft)
        if self.data_problem is not None:
            self.inspect_again()
        elif self.model_problem is not None:
            self._forget_model()
            if self._is_open:
                self._timer.start(0)

    def download(self) -> None:
        """Downloads the draft's data set, which the person said yes to, and looks at it then."""
        if self._is_open:
            self._timer.stop()
            self._forget_data()
            self._data_ticket = self._pool.download(DownloadData(self.draft.source))

    def make_way(self) -> None:
        """A run takes the worker: what is not asked yet of the model waits until it ends."""
        self._waits_for_run = True
        if self._timer.isActive():
            self._timer.stop()
            self._ask_data()

    @Slot()
    def ask_model_again(self) -> None:
        """Asks about the model if its answer was lost to a run that needed the worker."""
        self._waits_for_run = False
        if self._is_open and self.model is None and self.model_problem is None:
            self._model_ticket = 0
            self._timer.start(0)

    def handle(self, ticket: int, event: Event) -> None:
        """Takes an answer; one to an older question is dropped."""
        if ticket == self._data_ticket:
            self._on_data_answer(event)
        elif ticket == self._model_ticket:
            self._on_model_answer(event)

    def _replace(self, draft: Draft, delay_ms: int) -> None:
        if draft == self.draft:
            return
        is_same_data = draft.asks_same_data(self.draft)
        if draft.model != self.draft.model:
            self._wants_fit = not draft.has_model
        elif _what_is_asked(draft) != _what_is_asked(self.draft):
            self._wants_fit = True
        self.draft = draft
        self._waits_for_run = False
        self._model_ticket = 0
        self.model = self.model_problem = None
        if not is_same_data:
            self._data_ticket = 0
            self.profile = self.data_problem = None
        self.draft_changed.emit(draft)
        if not is_same_data:
            self.profile_changed.emit(None)
        self.model_changed.emit(None)
        if self._is_open:
            self._timer.start(delay_ms)

    def _forget_data(self) -> None:
        self._data_ticket = 0
        self.profile = self.data_problem = None
        self.profile_changed.emit(None)

    def _forget_model(self) -> None:
        self._model_ticket = 0
        self.model = self.model_problem = None
        self.model_changed.emit(None)

    @Slot()
    def _ask(self) -> None:
        self._ask_data()
        if self._may_ask_model and not self._model_ticket:
            self._model_ticket = self._pool.describe(DescribeModel(self.draft.to_spec()))

    @property
    def _may_ask_model(self) -> bool:
        """The kind of data is known; of a file or folder, inspection finds it out first."""
        from engine.datasets import DATASETS

        is_known = self.profile is not None or self.draft.source in DATASETS
        return self.draft.has_data and self.draft.has_model and is_known

    def _ask_data(self) -> None:
        if self.draft.has_data and not self._data_ticket:
            self._data_ticket = self._pool.inspect(InspectData(self.draft.data_question()))

    def _on_data_answer(self, event: Event) -> None:
        if isinstance(event, DataInspected):
            self.profile = event.profile
            self.profile_changed.emit(event.profile)
            self._fit_model(event.profile)
            if self._is_open and not self._model_ticket and not self._waits_for_run:
                self._timer.start(0)
        elif isinstance(event, DataDownloaded):
            self.inspect_again()
        elif isinstance(event, DataProgress):
            self.data_progress.emit(event)
        elif isinstance(event, Rejected):
            self.data_problem = event
            self.data_rejected.emit(event)

    def _on_model_answer(self, event: Event) -> None:
        if isinstance(event, ModelDescribed):
            self.model = event
            self.model_changed.emit(event)
        elif isinstance(event, Rejected):
            self.model_problem = event
            self.model_rejected.emit(event)

    def _fit_model(self, profile: Profile) -> None:
        """Picks a model for data whose kind and task are known only now, such as a file's."""
        from engine.datasets import DATASETS
        from engine.training.defaults import recommended_model

        kind, task = profile.signature.kind, profile.signature.task
        # What is in the box brought its own model along when it was picked.
        has_reason = self._model_is_chosen or self.draft.source in DATASETS
        if not self._wants_fit or (has_reason and _fits(self.draft.model, kind, task)):
            return
        recommended = recommended_model(kind, task)
        if recommended != self.draft.model:
            self._replace(self._with_model(self.draft, recommended), 0)

    def settings_of(self, model: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns what was set for an architecture before: its parameters, and the training's."""
        return self._settings_by_model.get(model, ({}, {}))

    def _remember_model(self) -> None:
        draft = self.draft
        if draft.has_model:
            self._settings_by_model[draft.model] = (draft.model_parameters, draft.training)

    def _with_model(self, draft: Draft, name: str) -> Draft:
        self._remember_model()
        return draft.with_model(name, *self.settings_of(name))


def _fits(model: str, kind: Kind, task: Task | None) -> bool:
    from engine.architectures import ARCHITECTURES

    if model not in ARCHITECTURES or task is None:
        return False
    return not ARCHITECTURES[model].misfit(kind, task)


def _what_is_asked(draft: Draft) -> tuple[str | None, ...]:
    return draft.source, draft.format, draft.target, draft.task
