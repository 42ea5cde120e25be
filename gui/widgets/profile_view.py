"""ProfileView: what inspection found in the data, as pictures, points, rows and columns."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from engine.datasets.profile import Profile
from engine.problem import Kind, Task
from gui.plots.bars import ClassCountBars
from gui.plots.scatter_plot import DataScatterPlot
from gui.settings import Settings
from gui.theme import SPACING, set_role
from gui.widgets.image_grid import ImageGrid
from gui.widgets.run_words import count_text
from gui.widgets.split_bar import SplitBar
from gui.widgets.tables import ColumnTable, SampleTable


class ProfileView(QWidget):
    """Facts in a line, the parts, and tabs that fit the kind of data.

    A tab is filled when it is first looked at, so that showing a profile is quick.

    Args:
        settings: Remembers, for each kind of data, the tab that was looked at.
    """

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._profile: Profile | None = None
        self._stale: set[str] = set()
        self._is_arranging = False
        self.facts = QLabel(self)
        self.notes = QLabel(self)
        self.split = SplitBar(self)
        self.tabs = QTabWidget(self)
        self.images = ImageGrid()
        self.scatter = DataScatterPlot()
        self.rows = SampleTable()
        self.columns = ColumnTable()
        self.class_bars = ClassCountBars()
        self._build()

    def _build(self) -> None:
        set_role(self.notes, "muted")
        for label in (self.facts, self.notes):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        bars = QScrollArea()
        bars.setWidget(self.class_bars)
        bars.setWidgetResizable(True)
        bars.setFrameShape(QScrollArea.Shape.NoFrame)
        bars.viewport().setAutoFillBackground(False)
        self.class_bars.setAutoFillBackground(False)
        self._pages: dict[str, tuple[QWidget, str]] = {
            "images": (self.images, self.tr("Samples")),
            "plot": (self.scatter, self.tr("Plot")),
            "rows": (self.rows, self.tr("Rows")),
            "columns": (self.columns, self.tr("Columns")),
            "classes": (bars, self.tr("Classes")),
        }
        self.tabs.setDocumentMode(True)
        self.tabs.currentChanged.connect(self._on_tab)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.facts)
        column.addWidget(self.split)
        column.addWidget(self.notes)
        column.addWidget(self.tabs, 1)

    @property
    def tab(self) -> str:
        """Name of the tab that is shown: images, plot, rows, columns or classes."""
        current = self.tabs.currentWidget()
        return next((name for name, (page, _) in self._pages.items() if page is current), "")

    def show_tab(self, name: str) -> None:
        """Shows a tab, where this kind of data has it."""
        page = self._pages[name][0]
        if self.tabs.indexOf(page) >= 0:
            self.tabs.setCurrentWidget(page)

    def set_profile(self, profile: Profile) -> None:
        """Shows a profile."""
        self._profile = profile
        self.facts.setText(self._facts(profile))
        self.notes.setText("\n".join(profile.notes))
        self.notes.setVisible(bool(profile.notes))
        self.split.set_sizes(profile.split_sizes)
        self._arrange_tabs(profile)
        self._fill(self.tab)

    def _facts(self, profile: Profile) -> str:
        signature = profile.signature
        is_image = signature.kind is Kind.IMAGE
        n_samples = count_text(profile.n_samples)
        if is_image:
            shape = "×".join(str(side) for side in signature.input_shape)
            facts = [self.tr("{n} images").format(n=n_samples), shape]
        else:
            n_features = count_text(signature.n_inputs)
            facts = [
                self.tr("{n} rows").format(n=n_samples),
                self.tr("1 feature")
                if signature.n_inputs == 1
                else self.tr("{n} features").format(n=n_features),
            ]
        if signature.task is Task.CLASSIFICATION:
            facts.append(self.tr("{n} classes").format(n=signature.n_classes))
        else:
            facts.append(
                self.tr("predicts the number “{target}”").format(target=profile.target_name)
            )
        return " · ".join(facts)

    def _arrange_tabs(self, profile: Profile) -> None:
        is_image = profile.signature.kind is Kind.IMAGE
        wanted = ["images"] if is_image else ["plot", "rows", "columns"]
        if profile.class_names:
            wanted.append("classes")
        self._stale = set(wanted)
        pages = [self._pages[name][0] for name in wanted]
        if pages == [self.tabs.widget(index) for index in range(self.tabs.count())]:
            return
        self._is_arranging = True
        self.tabs.clear()
        for name in wanted:
            page, title = self._pages[name]
            self.tabs.addTab(page, title)
        last = self._settings.get(f"data/tab/{profile.signature.kind.value}", wanted[0])
        if last in wanted:
            self.show_tab(last)
        self._is_arranging = False

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
        match name:
            case "images":
                self.images.set_images(profile.sample_x, _labels(profile))
            case "plot":
                self.scatter.show_profile(profile)
            case "rows":
                self.rows.set_profile(profile)
            case "columns":
                self.columns.set_profile(profile)
            case "classes":
                self.class_bars.set_counts(profile.class_names, profile.class_counts)


def _labels(profile: Profile) -> list[str]:
    if profile.class_names:
        return [profile.class_names[int(index)] for index in profile.sample_y]
    return [f"{value:.4g}" for value in profile.sample_y]
