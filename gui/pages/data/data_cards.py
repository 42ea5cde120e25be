"""The cards of the Data page: what is in the box, by kind, and what was opened before."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from engine.datasets import DATASETS, FORMATS
from engine.datasets.base import Dataset
from engine.events.profile import Profile
from engine.spec.signature import Kind, Task
from gui.formatting.translation import translate
from gui.state.settings import Settings
from gui.widgets.card_list import Card

MAX_RECENT: Final = 12
_RECENT: Final = "data/recent_files"
_FORMATS: Final = "data/recent_formats"

_ICONS: Final = {
    Kind.TABLE: "table",
    Kind.IMAGE: "image",
    Kind.TEXT: "text",
    Kind.AUDIO: "sound",
    Kind.VIDEO: "video",
    Kind.SERIES: "series",
}


class RecentSources:
    """The files and folders that were opened last, the newest first.

    Args:
        settings: Keeps them between launches.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def paths(self) -> list[str]:
        """Their paths."""
        paths = self._settings.get(_RECENT, list[str]())
        return [item for item in paths if isinstance(item, str)]

    def format_of(self, path: str) -> str:
        """How a source was read the last time; empty: not known."""
        name = self._settings.get(_FORMATS, dict[str, str]()).get(path, "")
        return name if isinstance(name, str) and name in FORMATS else ""

    def remember(self, profile: Profile) -> None:
        """Puts the source of a profile among them, first where it is new."""
        path, paths = profile.source, self.paths
        if path not in paths:  # one that is there keeps its place under the mouse
            paths = [path, *paths][:MAX_RECENT]
        formats = {item: self.format_of(item) for item in paths}
        self._settings.set(_RECENT, paths)
        self._settings.set(_FORMATS, {**formats, path: profile.format})

    def forget(self, path: str) -> None:
        """Takes a source off the list."""
        self._settings.set(_RECENT, [item for item in self.paths if item != path])

    def put_back(self, paths: list[str]) -> None:
        """Makes the list what it was."""
        self._settings.set(_RECENT, paths)

    def move(self, path: str, to: str) -> None:
        """Says that a source lies somewhere else now."""
        formats = {item: self.format_of(item) for item in self.paths}
        formats[to] = formats.pop(path, "")
        paths = [to if item == path else item for item in self.paths]
        self._settings.set(_RECENT, list(dict.fromkeys(paths)))
        self._settings.set(_FORMATS, formats)


def cards(recent: RecentSources, current: str) -> list[Card]:
    """Returns all cards in groups.

    Args:
        recent: What was opened before.
        current: What is picked; it has a card even where it was never opened.
    """
    boxed = [_boxed(dataset) for dataset in DATASETS]
    order = list(dict.fromkeys((*_groups().values(), *(card.group for card in boxed))))
    boxed.sort(key=lambda card: order.index(card.group))
    paths = recent.paths
    if current and current not in DATASETS and current not in paths:
        paths.insert(0, current)
    own = [_own(path, recent.format_of(path)) for path in paths]
    return [*own, *boxed]


def _groups() -> dict[Kind | Task, str]:
    return {
        Kind.IMAGE: translate("Images"),
        Kind.TABLE: translate("Tables"),
        Kind.TEXT: translate("Texts"),
        Kind.AUDIO: translate("Sound"),
        Kind.VIDEO: translate("Video"),
        Kind.SERIES: translate("Series over time"),
        Task.CONTROL: translate("Control"),
    }


def _boxed(dataset: Dataset) -> Card:
    groups = _groups()
    if dataset.task is Task.CONTROL:
        group, picture = groups[Task.CONTROL], "control"
    elif dataset.kind is Kind.TABLE and "seed" in dataset.parameters.model_fields:
        group, picture = translate("Made on the spot"), "scatter"
    else:
        group, picture = groups[dataset.kind], _ICONS[dataset.kind]
    if dataset.task is Task.TRANSLATION:
        picture = "translate"
    return Card(
        dataset.name, dataset.title, dataset.description, picture, _badge(dataset.task), group
    )


def _badge(task: Task | None) -> str:
    if task is None:
        return ""
    return {
        Task.CLASSIFICATION: translate("classes"),
        Task.MULTILABEL: translate("several labels"),
        Task.REGRESSION: translate("numbers"),
        Task.FORECASTING: translate("forecast"),
        Task.TRANSLATION: translate("translation"),
        Task.TRANSCRIPTION: translate("transcription"),
        Task.CONTROL: translate("actions"),
        Task.ANOMALY: translate("anomalies"),
    }[task]


def _own(path: str, format: str) -> Card:
    picture = _ICONS[FORMATS[format].kind] if format else "file"
    group = translate("Your files and folders")
    return Card(path, PurePath(path).name, path, picture, group=group)
