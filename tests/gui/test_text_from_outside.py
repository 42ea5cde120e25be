"""Names from files, runs and machines are words: no HTML, no links, nothing that cannot be seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from engine.devices.console.escaping import escaped
from engine.events.messages import LayerInfo
from engine.events.profile import Profile
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec
from gui.formatting.plain_text import plain_html, plain_tip, titled_tip
from gui.network.layer_view import LayerView
from gui.pages.runs.run_table import RunsModel
from gui.plots import confusion_plot
from gui.plots.legend import LegendBar, LegendEntry
from gui.plots.plot import Plot
from gui.plots.scatter_plot import DataScatterPlot
from gui.style.label import Label
from gui.widgets.card_list import Card, CardList
from gui.widgets.choice_box import ChoiceBox
from gui.widgets.elided_label import ElidedLabel
from tests.gui import fake_data, fake_engine
from tests.gui.frame_fixtures import WindowStage, window_stage
from tests.gui.run_fixtures import MOONS

ROOT = Path(__file__).parents[2]
EVIL = "<img src='/etc/x.png'><a href='http://x'>y</a>\u202e\x1b[31m\nz & \u2066w"
SHOWN = r"<img src='/etc/x.png'><a href='http://x'>y</a>\u202e\x1b[31m\nz & \u2066w"
SEEN = "&lt;img src=&#x27;/etc/x.png&#x27;&gt;&lt;a href"
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]")


def is_plain(tip: str) -> bool:
    """A tooltip shows such a name, and no picture or link of it."""
    return "<img" not in tip and "<a " not in tip and not UNSEEN.search(tip)


class TestTexts:
    def test_a_tip_is_html_only_where_it_must_be(self) -> None:
        assert plain_tip("5 < 6 & 7") == "5 < 6 & 7"
        assert plain_tip("").strip() == ""
        shown = plain_tip(EVIL)
        assert shown.startswith(SEEN)
        assert is_plain(shown)
        assert r"\u202e\x1b[31m<br>z &amp; \u2066w" in shown

    def test_a_title_and_paragraphs(self) -> None:
        assert titled_tip("a & b", "", "c\nd") == "<p><b>a &amp; b</b></p><p>c<br>d</p>"
        assert is_plain(titled_tip(EVIL, EVIL))
        assert "\n" not in plain_html(EVIL)


class TestWidgets:
    def test_labels(self, qtbot: QtBot) -> None:
        for made in (Label(EVIL), Label(), ElidedLabel()):
            qtbot.addWidget(made)
            made.setText(EVIL)
            assert made.textFormat() is Qt.TextFormat.PlainText
            assert made.text() == SHOWN.replace(r"\nz", "\nz")
        made.show_text(EVIL)  # type: ignore[attr-defined]  # the elided one
        assert is_plain(made.toolTip())

    def test_a_label_of_ours_may_have_marks(self, qtbot: QtBot) -> None:
        made = Label()
        qtbot.addWidget(made)
        made.setTextFormat(Qt.TextFormat.RichText)
        made.setText("<b>ours</b>")
        assert made.text() == "<b>ours</b>"

    def test_no_other_label_is_made(self) -> None:
        own = ROOT / "gui" / "style" / "label.py"
        makers = [
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / "gui").rglob("*.py")
            if path != own and re.search(r"\bQLabel\b", path.read_text(encoding="utf-8"))
        ]
        assert makers == []

    def test_cards(self, qtbot: QtBot) -> None:
        cards = CardList()
        qtbot.addWidget(cards)
        cards.set_cards([Card(EVIL, EVIL, EVIL, badge=EVIL, group=EVIL)])
        assert cards.shown_names == (EVIL,)  # what it stands for is untouched
        for row, role in ((0, Qt.ItemDataRole.DisplayRole), (1, Qt.ItemDataRole.DisplayRole)):
            assert cards.model().index(row, 0).data(role) == SHOWN
        assert is_plain(cards.model().index(1, 0).data(Qt.ItemDataRole.ToolTipRole))

    def test_choices(self, qtbot: QtBot) -> None:
        box = ChoiceBox()
        qtbot.addWidget(box)
        box.addItem(EVIL, EVIL)
        box.resize(2000, 30)
        assert (box.currentText(), box.currentData()) == (EVIL, EVIL)
        assert box.shown_text == SHOWN
        assert box.itemDelegate().displayText(EVIL, QLocale.c()) == SHOWN

    def test_layers_of_a_model_from_elsewhere(self, qtbot: QtBot) -> None:
        view = LayerView()
        qtbot.addWidget(view)
        view.set_layers([LayerInfo(EVIL, "Dense", (None, 2), 4, EVIL)])
        assert is_plain(view.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole))

    def test_runs_in_a_table(self, tmp_path: Path) -> None:
        spec = RunSpec.from_dict({"data": {"source": "iris"}, "model": {"name": "mlp"}})
        with RunStore(tmp_path) as store:
            run = store.create(spec, EVIL, EVIL, EVIL).id
            model = RunsModel()
            model.set_records(store.runs())
            name = model.index(0, model.position("name"))
            stored = store.get(run).name
            assert name.data() == escaped(stored)
            assert "<img" in name.data()
            assert is_plain(name.data(Qt.ItemDataRole.ToolTipRole))
            assert name.data(Qt.ItemDataRole.EditRole) == stored


class TestPlots:
    def test_axes(self, qtbot: QtBot) -> None:
        plot = Plot()
        qtbot.addWidget(plot)
        plot.axis_x.set_text(EVIL)
        plot.axis_x.set_names((EVIL, "b"))
        html = plot.axis_x.label.toHtml()
        assert "<img" not in html
        assert "<a " not in html
        assert plot.axis_x.text == EVIL
        assert not UNSEEN.search(plot.axis_x.tickStrings([0.0], 1, 1)[0])

    def test_legends(self, qtbot: QtBot) -> None:
        legend = LegendBar()
        qtbot.addWidget(legend)
        legend.set_entries((LegendEntry(EVIL, "#112233"),), EVIL)
        assert legend.text() == f"{SHOWN}, {SHOWN}"

    def test_a_confusion_matrix(self, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
        shown: list[str] = []
        tips = SimpleNamespace(showText=lambda _place, text, _plot: shown.append(text))
        monkeypatch.setattr(confusion_plot, "QToolTip", tips)
        plot = confusion_plot.ConfusionPlot()
        qtbot.addWidget(plot)
        plot.resize(400, 400)
        plot.set_matrix(np.eye(2, dtype=np.int64), [EVIL, "b"])
        plot.show()
        assert plot.columns()["true"] == (EVIL, "b")  # what is saved is what it is called
        place = plot.cell_rect(0, 0).center().toPoint()
        event = QHelpEvent(QHelpEvent.Type.ToolTip, place, plot.mapToGlobal(place))
        QApplication.sendEvent(plot, event)
        assert is_plain(shown[0])
        assert SEEN in shown[0]

    def test_axes_to_choose_from(self, qtbot: QtBot) -> None:
        plot = DataScatterPlot()
        qtbot.addWidget(plot)
        plot.show_profile(harmful(fake_data.fake_profile("moons")))
        assert plot.horizontal.itemText(0) == f"x{SHOWN}"
        assert plot.horizontal.currentData() == f"x{EVIL}"
        assert plot.plot.axis_x.text == f"x{EVIL}"


def harmful(profile: Profile) -> Profile:
    """A profile whose names were made by somebody who means harm."""
    features = tuple(f"{letter}{EVIL}" for letter in "xyzuvw"[: len(profile.feature_names)])
    renamed = dict(zip(profile.feature_names, features, strict=True))
    return replace(
        profile,
        title=EVIL,
        feature_names=features,
        class_names=tuple(f"{name}{EVIL}" for name in profile.class_names),
        target_name=EVIL,
        columns=tuple(
            replace(column, name=renamed.get(column.name, EVIL)) for column in profile.columns
        ),
    )


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WindowStage]:
    monkeypatch.setattr(
        fake_engine, "fake_profile", lambda source: harmful(fake_data.fake_profile(source))
    )
    with window_stage(qtbot, tmp_path) as made:
        yield made


def harm(window: QWidget) -> list[str]:
    """Labels and tooltips in which such a name does what it wants."""
    found = []
    for widget in [window, *window.findChildren(QWidget)]:
        tip = widget.toolTip()
        if not is_plain(tip):
            found.append(f"tip: {tip}")
        if isinstance(widget, QLabel):
            is_rich = widget.textFormat() is not Qt.TextFormat.PlainText
            if UNSEEN.search(widget.text()) or (is_rich and "<img" in widget.text()):
                found.append(f"label: {widget.text()}")
    return found


def test_a_whole_window(on: WindowStage, qtbot: QtBot) -> None:
    with qtbot.waitSignals(
        [on.controller.drafts.profile_changed, on.controller.drafts.model_changed]
    ):
        on.controller.drafts.set_draft(replace(MOONS, source=f"/data/{EVIL}"))
    for name in on.window.pages:
        on.window.show_page(name)
        QApplication.processEvents()
    on.window._show_run_text(EVIL)
    assert on.window.windowTitle().startswith(SHOWN)
    labels = [label.text() for label in on.window.findChildren(QLabel)]
    assert any("<img src='/etc/x.png'>" in text for text in labels)  # it is shown, as words
    assert harm(on.window) == []
