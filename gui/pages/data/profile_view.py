"""ProfileView: what inspection found in the data: samples, columns, problems, one batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from engine.events.profile import Profile
from engine.spec.signature import Kind, Output, Task
from gui.formatting.profile_words import facts_line, sample_names, target_texts
from gui.formatting.translation import translate
from gui.pages.data.batch_view import BatchView
from gui.pages.data.clip_view import ClipView
from gui.pages.data.column_table import ColumnTable
from gui.pages.data.finding_list import FindingList, has_grave, n_problems
from gui.pages.data.overview import Overview
from gui.pages.data.several_columns import FEWEST, label_candidates
from gui.pages.data.sound_view import SoundView
from gui.pages.data.split_bar import SplitBar
from gui.pages.data.target_question import TargetQuestion
from gui.plots.scatter_plot import DataScatterPlot
from gui.plots.trace_plot import TraceView
from gui.state.batch_controller import BatchController
from gui.state.draft import Draft
from gui.state.settings import Settings
from gui.style.label import Label
from gui.style.theme import SPACING
from gui.widgets.curve_grid import CurveGrid
from gui.widgets.image_grid import ImageGrid
from gui.widgets.tables import SampleTable
from gui.widgets.text_table import TextTable

_SAMPLES: Final = {
    Kind.TABLE: "rows",
    Kind.IMAGE: "images",
    Kind.TEXT: "texts",
    Kind.AUDIO: "sounds",
    Kind.VIDEO: "clips",
    Kind.SERIES: "curves",
}


class ProfileView(QWidget):
    """Facts in a line, the parts, and tabs that fit the kind of data.

    A tab is made and filled when it is first looked at, so that showing a profile is quick.

    Signals:
        remedy_chosen(Remedy): The person wants a problem dealt with so.
        column_changed(str, str, str): The person chose, for the column of that name, a value of
            ``type`` or ``gaps``.

    Args:
        settings: Remembers, for each kind of data, the tab that was looked at.
        batches: Answers with batches.
    """

    remedy_chosen = Signal(object)
    column_changed = Signal(str, str, str)

    def __init__(
        self, settings: Settings, batches: BatchController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._batches = batches
        self._profile: Profile | None = None
        self._draft = Draft()
        self._stale: set[str] = set()
        self._is_arranging = False
        self._makers: dict[str, Callable[[], QWidget]] = {
            "images": ImageGrid,
            "texts": self._make_texts,
            "sounds": SoundView,
            "clips": ClipView,
            "series": TraceView,
            "curves": CurveGrid,
            "plot": DataScatterPlot,
            "rows": SampleTable,
            "columns": self._make_columns,
            "overview": Overview,
            "problems": self._make_problems,
            "batch": self._make_batch,
        }
        self._made: dict[str, QWidget] = {}
        self._is_grave_known = False
        self._places: dict[str, QWidget] = {}
        self.facts = Label(self)
        self.split = SplitBar(self)
        self.question = TargetQuestion(self)
        self.tabs = QTabWidget(self)
        self._build()

    def _build(self) -> None:
        self.facts.setWordWrap(True)
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.tabs.setDocumentMode(True)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.currentChanged.connect(self._on_tab)
        self.question.answered.connect(self.remedy_chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.facts)
        column.addWidget(self.split)
        column.addWidget(self.question)
        column.addWidget(self.tabs, 1)

    # ---- tabs, each made when it is first looked at

    def _make_texts(self) -> QWidget:
        return TextTable(self.tr("Example texts"))

    def _make_columns(self) -> QWidget:
        table = ColumnTable()
        table.column_changed.connect(self.column_changed)
        return table

    def _make_problems(self) -> QWidget:
        problems = FindingList()
        problems.remedy_chosen.connect(self.remedy_chosen)
        return problems

    def _make_batch(self) -> QWidget:
        return BatchView(self._batches)

    def view(self, name: str) -> Any:
        """Returns what a tab shows, made on first use."""
        if name not in self._made:
            self._made[name] = self._makers[name]()
            layout = self._place(name).layout()
            assert layout is not None
            layout.addWidget(self._made[name])
        return self._made[name]

    def _place(self, name: str) -> QWidget:
        """Where a tab's widget is or will be."""
        if name not in self._places:
            place = QWidget()
            QVBoxLayout(place).setContentsMargins(0, 0, 0, 0)
            self._places[name] = place
        return self._places[name]

    def _title(self, name: str) -> str:
        titles = {
            "series": self.tr("Series"),
            "plot": self.tr("Plot"),
            "rows": self.tr("Rows"),
            "columns": self.tr("Columns"),
            "overview": self.tr("Overview"),
            "problems": self.tr("Problems"),
            "batch": self.tr("Batch"),
        }
        return titles.get(name, self.tr("Samples"))

    @property
    def tab(self) -> str:
        """Name of the tab that is shown, such as ``images``, ``columns`` or ``problems``."""
        current = self.tabs.currentWidget()
        return next((name for name, place in self._places.items() if place is current), "")

    def show_tab(self, name: str) -> None:
        """Shows a tab, where this kind of data has it."""
        place = self._place(name)
        if self.tabs.indexOf(place) >= 0:
            self.tabs.setCurrentWidget(place)

    # ---- showing

    def set_profile(self, profile: Profile, draft: Draft) -> None:
        """Shows a profile of a draft's data."""
        is_other = self._profile is not None and self._profile.source != profile.source
        self._profile, self._draft = profile, draft
        self.facts.setText(facts_line(profile))
        self.split.set_sizes(profile.split_sizes)
        are_several = len(label_candidates(profile)) >= FEWEST
        self.question.show_finding(profile.question, are_several)
        self._arrange_tabs(profile)
        self._show_count(profile)
        self._show_what_is_grave(profile, is_other)
        if is_other and self.tab == "problems" and not n_problems(profile.findings):
            self.tabs.setCurrentIndex(0)  # the data itself says more than that nothing was found
        self._fill(self.tab)

    def _arrange_tabs(self, profile: Profile) -> None:
        wanted = wanted_tabs(profile)
        self._stale = set(wanted)
        places = [self._place(name) for name in wanted]
        if places == [self.tabs.widget(index) for index in range(self.tabs.count())]:
            return
        before = self.tab
        self._is_arranging = True
        self.tabs.clear()
        for name in wanted:
            self.tabs.addTab(self._place(name), self._title(name))
        last = self._settings.get(f"data/tab/{profile.signature.kind.value}", wanted[0])
        # A remedy may take a tab away or bring one; what is looked at stays.
        shown = before if before in wanted and before in ("problems", "columns") else last
        if shown in wanted:
            self.show_tab(shown)
        self._is_arranging = False

    def _show_what_is_grave(self, profile: Profile, is_other: bool) -> None:
        """Leads once to what spoils the result: it is worth more than a look at the samples."""
        was_known = self._is_grave_known and not is_other
        self._is_grave_known = has_grave(profile.findings)
        if self._is_grave_known and not was_known:
            self.show_tab("problems")

    def _show_count(self, profile: Profile) -> None:
        index = self.tabs.indexOf(self._place("problems"))
        n = n_problems(profile.findings)
        title = self._title("problems")
        self.tabs.setTabText(index, f"{title} ({n})" if n else title)

    @Slot(int)
    def _on_tab(self, _index: int) -> None:
        if self._is_arranging or self._profile is None or not self.tab:
            return
        self._settings.set(f"data/tab/{self._profile.signature.kind.value}", self.tab)
        self._fill(self.tab)

    def _fill(self, name: str) -> None:
        profile = self._profile
        if profile is None or name not in self._stale:
            return
        self._stale.discard(name)
        view = self.view(name)
        match name:
            case "images":
                names = sample_names(profile)
                view.set_images(profile.sample_x, target_texts(profile), names=names)
                view.set_folder(Path(profile.source) if profile.format else None)
            case "texts":
                view.set_rows(*_text_rows(profile))
            case "sounds":
                labels, names = target_texts(profile), sample_names(profile)
                heading = profile.target_name.capitalize()
                view.set_sounds(profile.sample_x, profile.rate, labels, heading, names)
            case "clips":
                labels, names = target_texts(profile), sample_names(profile)
                view.set_clips(profile.sample_x, labels, profile.frame_rate, names)
                view.grid.set_folder(Path(profile.source) if profile.format else None)
            case "series":
                view.set_traces(profile.traces)
            case "curves":
                is_forecast = profile.signature.task is Task.FORECASTING
                after = profile.sample_y if is_forecast else None
                view.set_curves(profile.sample_x, _curve_labels(profile), after)
            case "plot":
                view.show_profile(profile)
            case "rows":
                view.set_profile(profile)
            case "columns":
                view.set_profile(profile, self._draft)
            case "overview":
                view.set_profile(profile)
            case "problems":
                # A question stands above the tabs.
                asked = profile.question
                view.set_findings([found for found in profile.findings if found is not asked])


def wanted_tabs(profile: Profile) -> list[str]:
    """Names of the tabs that say something of such data, in their order."""
    kind = profile.signature.kind
    is_table = kind is Kind.TABLE
    is_unknown = profile.signature.task is Task.ANOMALY and not profile.class_names
    has_numbers = is_table and profile.sample_y.ndim == 1 and not is_unknown
    parts = {
        "series": bool(profile.traces),
        "plot": has_numbers and profile.sample_y.dtype.kind != "O",
        _SAMPLES[kind]: True,
        "columns": bool(profile.columns) and (is_table or bool(profile.format)),
        "overview": bool(profile.facts or profile.notes or profile.class_names)
        or bool(profile.distributions),
        "problems": True,
        "batch": True,
    }
    return [name for name, is_wanted in parts.items() if is_wanted]


def _text_rows(profile: Profile) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows of example texts: pairs for translation, else the target first."""
    texts = [str(text) for text in profile.sample_x]
    targets, heading = target_texts(profile), profile.target_name.capitalize()
    if profile.signature.output is Output.TOKENS:
        source = (profile.feature_names or (translate("Source"),))[0]
        return (source, heading), [*zip(texts, targets, strict=True)]
    text = (profile.feature_names or (translate("Text"),))[0].capitalize()
    return (heading, text), [*zip(targets, texts, strict=True)]


def _curve_labels(profile: Profile) -> list[str]:
    if profile.signature.task is Task.FORECASTING:
        return sample_names(profile)
    return target_texts(profile)
