"""What a plot shows can be copied and saved, as a picture and as numbers."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine.errors import WorkspaceError
from gui.plots.confusion_plot import ConfusionPlot
from gui.plots.curves_plot import CurvesPlot
from gui.plots.saving import csv_of, image_of, save
from gui.state.messages import Messages, messages_of
from tests.gui.plot_data import epochs
from tests.gui.spoken import SpokenMessages


@pytest.fixture
def plot(qtbot: QtBot) -> CurvesPlot:
    made = CurvesPlot("loss", "Loss")
    qtbot.addWidget(made)
    made.resize(500, 300)
    made.show()
    made.append_steps(0, np.linspace(1, 0.5, 30), 3.0)
    for event in epochs(3):
        made.add(event)
    made.redraw()
    return made


def test_the_picture_is_what_is_on_screen_twice_as_fine(plot: CurvesPlot, tmp_path: Path) -> None:
    save(plot, plot.columns(), tmp_path / "loss.png")
    image = QImage(str(tmp_path / "loss.png"))
    assert (image.width(), image.height()) == (1000, 600)
    colors = {image.pixelColor(x, y).name() for x in range(0, 1000, 5) for y in range(0, 600, 5)}
    assert len(colors) > 10  # curves, axes and words


def test_svg_is_drawn_by_its_own_reader(plot: CurvesPlot, tmp_path: Path) -> None:
    save(plot, plot.columns(), tmp_path / "loss.svg")
    reader = QSvgRenderer(str(tmp_path / "loss.svg"))
    assert reader.isValid()
    assert reader.viewBoxF().width() == 500
    assert b"<path" in (tmp_path / "loss.svg").read_bytes()


def test_numbers_keep_all_their_digits(plot: CurvesPlot, tmp_path: Path) -> None:
    save(plot, plot.columns(), tmp_path / "loss.csv")
    text = (tmp_path / "loss.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 30
    assert [int(row["step"]) for row in rows] == list(range(1, 31))
    batches = np.array([float(row["batch_loss"]) for row in rows], np.float32)
    assert np.array_equal(batches, plot.data.batches.values)
    assert [float(row["val_loss"]) for row in rows[:3]] == plot.data.validation.values.tolist()
    assert rows[3]["val_loss"] == ""


def test_a_text_is_no_formula_for_a_spreadsheet() -> None:
    text = csv_of({"=name": ["=1+1", "@x", "plain"], "number": [-1.5, float("nan"), 2]})
    assert text == "'=name,number\n'=1+1,-1.5\n'@x,\nplain,2\n"


def test_a_matrix_names_its_classes(qtbot: QtBot) -> None:
    plot = ConfusionPlot()
    qtbot.addWidget(plot)
    assert plot.columns() == {}
    plot.set_matrix(np.array([[3, 1], [0, 4]]), ("cat", "dog"))
    assert csv_of(plot.columns()) == "true,predicted cat,predicted dog\ncat,3,1\ndog,0,4\n"


def test_the_menu_offers_data_where_there_is_some(plot: CurvesPlot, qtbot: QtBot) -> None:
    offered = {action.text(): action.isEnabled() for action in plot.saver.menu().actions()}
    assert offered["Copy picture"]
    assert offered["Save data…"]
    plot.saver.copy_data()
    assert QGuiApplication.clipboard().text().startswith("step\tbatch_loss\t")
    empty = ConfusionPlot()
    qtbot.addWidget(empty)
    offered = {action.text(): action.isEnabled() for action in empty.saver.menu().actions()}
    assert not offered["Save data…"]


def test_what_cannot_be_written_is_said_on_its_page(
    qtbot: QtBot, tmp_path: Path, spoken: SpokenMessages
) -> None:
    class PageLike(QWidget):
        messages = Messages()

    page = PageLike()
    qtbot.addWidget(page)
    plot = CurvesPlot("loss", "Loss", page)
    assert messages_of(plot) is page.messages
    (tmp_path / "file").write_text("in the way")
    plot.saver.save(str(tmp_path / "file" / "loss.png"))
    assert str(tmp_path / "file") in spoken.take("error").text
    with pytest.raises(WorkspaceError):
        save(plot, {}, tmp_path / "file" / "loss.csv")


def test_the_picture_is_on_the_clipboard(plot: CurvesPlot) -> None:
    plot.saver.copy_picture()
    copied = QGuiApplication.clipboard().image()
    assert copied.size() == image_of(plot).size()
