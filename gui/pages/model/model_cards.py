"""ModelCards: the models there are to pick for the draft's data, as cards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from engine.architectures import ARCHITECTURES
from engine.architectures.base import Architecture
from engine.datasets import DATASETS
from engine.events.run_events import RunState
from engine.events.verdicts import FindingKind
from engine.graph.library import SavedModel
from engine.spec.signature import Kind, Task
from engine.training.defaults import recommended_model
from gui.state.draft_controller import DraftController
from gui.state.run_repository import RunRepository
from gui.widgets.card_list import Card

if TYPE_CHECKING:
    from engine.inference.advice.simpler import Simpler

OWN: Final = "own:"
"""Before the name of a model that the person has saved, as a card's name."""
_MOST_STARTS: Final = 100
_MARK = FindingKind.WORSE_THAN_BASELINE.value


class ModelCards(QObject):
    """Says which models fit the draft's data, which is recommended and why, and why others not."""

    def __init__(
        self, drafts: DraftController, runs: RunRepository, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._drafts = drafts
        self._runs = runs

    def cards(self, own_models: Iterable[SavedModel]) -> list[Card]:
        """Returns what fits, then the person's own models, then what does not fit and why."""
        known = self.kind_and_task()
        usual = self._usual()
        simpler = self._simpler(known, usual) if known else None
        recommended = (simpler.architecture if simpler else "") or usual
        reason = simpler.text if simpler else ""
        if not reason and known and usual:
            reason = ARCHITECTURES[usual].recommended_for.get(known, "")
        architectures = [
            self._card(architecture, known, reason if architecture.name == recommended else None)
            for architecture in ARCHITECTURES
        ]
        architectures.sort(key=lambda card: (bool(card.obstacle), not card.is_marked))
        fitting = [card for card in architectures if not card.obstacle]
        own = [self._own_card(model) for model in own_models]
        return [*fitting, *own, *(card for card in architectures if card.obstacle)]

    def starts(self, own_models: Iterable[SavedModel]) -> list[str]:
        """What the draft's model may start from: runs of its architecture, models brought in."""
        draft = self._drafts.draft
        if draft.model not in ARCHITECTURES:
            return []
        title = ARCHITECTURES[draft.model].title_of(draft.model_parameters)
        runs = [
            run.name
            for run in self._runs.runs
            if run.model_title == title and run.state in (RunState.FINISHED, RunState.STOPPED)
        ]
        brought = [model.name for model in own_models if model.has_weights]
        return list(dict.fromkeys([*brought, *runs[:_MOST_STARTS]]))

    def kind_and_task(self) -> tuple[Kind, Task] | None:
        """What the data is and what is asked of it, as far as that is known."""
        profile = self._drafts.profile
        if profile is not None:
            return profile.signature.kind, profile.signature.task
        source = self._drafts.draft.source
        if source not in DATASETS:
            return None
        kind, task = DATASETS[source].kind, DATASETS[source].task
        return (kind, task) if task is not None else None

    def _card(
        self, architecture: Architecture, known: tuple[Kind, Task] | None, reason: str | None
    ) -> Card:
        """A card; with a reason, it is the recommended one."""
        obstacle = architecture.misfit(*known) if known else ""
        is_recommended = reason is not None
        return Card(
            architecture.name,
            architecture.title,
            reason or architecture.summary,
            badge=self.tr("recommended") if is_recommended else "",
            obstacle=obstacle,
            is_marked=is_recommended,
            group=self.tr("Do not fit this data") if obstacle else self.tr("Architectures"),
        )

    def _own_card(self, model: SavedModel) -> Card:
        text = self.tr("{n} layers").format(n=len(model.graph.nodes))
        return Card(f"{OWN}{model.name}", model.title, text, group=self.tr("Your models"))

    def _usual(self) -> str:
        """The model to start with, before anything was trained; empty where nothing is known."""
        source, known = self._drafts.draft.source, self.kind_and_task()
        own = DATASETS[source].recommended_model if source in DATASETS else ""
        # What data of the box brings along is for its own task, which can be changed.
        if own and (known is None or not ARCHITECTURES[own].misfit(*known)):
            return own
        return recommended_model(*known) if known else ""

    def _simpler(self, known: tuple[Kind, Task], usual: str) -> Simpler | None:
        """What did better on this data than the model to start with, as earlier runs found."""
        telling = [run for run in self._runs.runs if _MARK in run.findings_json]
        if not telling:
            return None
        from engine.inference.advice.simpler import simpler_model

        draft = self._drafts.draft
        return simpler_model(self._runs.runs, draft.source, draft.target, known, usual)
