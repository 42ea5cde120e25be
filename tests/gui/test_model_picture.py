"""The picture of a model: where layers stand, walking, zoom, what is told of them, saving."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QWheelEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.events.messages import LayerInfo
from gui.formatting.model_words import field_text
from gui.network.layout import Box, lay_out
from gui.network.model_picture import FOLDER_SETTING, ModelPicture
from gui.network.picture_items import LayerBox, line_path
from gui.network.picture_view import layout_of
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.style.theme import DARK, LIGHT, current_theme
from tests.gui.spoken import SpokenMessages

RESIDUAL = (
    LayerInfo("image", "Input", (8, 8, 3), 0, activation_bytes=768, receptive_field=(1, 1)),
    LayerInfo(
        "first",
        "Conv2D",
        (8, 8, 16),
        448,
        "16 filters, 3×3",
        ("image",),
        n_macs=27_648,
        activation_bytes=4096,
        receptive_field=(3, 3),
        code='first = layers.Conv2D(16, 3, padding="same", name="first")(image)',
    ),
    LayerInfo("second", "Conv2D", (8, 8, 16), 2320, "", ("first",), n_macs=147_456),
    LayerInfo("shortcut", "Conv2D", (8, 8, 16), 64, "", ("image",)),
    LayerInfo("add", "Add", (8, 8, 16), 0, "", ("second", "shortcut"), receptive_field=(8, 8)),
    LayerInfo("output", "Dense", (10,), 10_250, "10 units", ("add",)),
)


@pytest.fixture
def messages() -> Messages:
    return Messages()


@pytest.fixture
def picture(qtbot: QtBot, messages: Messages) -> ModelPicture:
    widget = ModelPicture(messages, Settings())
    qtbot.addWidget(widget)
    widget.resize(560, 900)
    widget.set_layers(RESIDUAL)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


# ---- where layers stand


def overlaps(boxes: list[Box]) -> list[str]:
    """What is on top of what in a layout of boxes."""
    layout = lay_out(boxes)
    rects = [
        QRectF(x - box.width / 2, y - box.height / 2, box.width, box.height)
        for box, (x, y) in zip(boxes, layout.centers, strict=True)
    ]
    whole = QRectF(-0.01, -0.01, layout.width + 0.02, layout.height + 0.02)
    found = [f"box {at} is outside" for at, rect in enumerate(rects) if not whole.contains(rect)]
    for at, rect in enumerate(rects):
        found += [f"{at} on {by}" for by in range(at) if rect.intersects(rects[by])]
    for line in layout.lines:
        path = line_path(line)
        for step in range(41):
            point = path.pointAtPercent(step / 40)
            for at, rect in enumerate(rects):
                inner = rect.adjusted(0.5, 0.5, -0.5, -0.5)
                if inner.contains(point):
                    found.append(f"line {line.source}→{line.target} on {at}")
    return found


@st.composite
def graphs(draw: st.DrawFn) -> list[Box]:
    boxes = []
    for at in range(draw(st.integers(1, 14))):
        inputs = draw(st.lists(st.integers(0, at - 1), max_size=3, unique=True)) if at else []
        width, height = draw(st.sampled_from([(264.0, 72.0), (224.0, 32.0)]))
        boxes.append(Box(width, height, tuple(inputs)))
    return boxes


@settings(max_examples=25, deadline=None)
@given(graphs())
def test_no_box_and_no_line_lies_on_a_box(boxes: list[Box]) -> None:
    assert overlaps(boxes) == []


def test_every_layer_stands_below_what_it_takes_from() -> None:
    layout = layout_of(RESIDUAL)
    for line in layout.lines:
        assert layout.centers[line.source][1] < layout.centers[line.target][1]
        assert line.points[0][1] < line.points[-1][1]
    assert len(layout.lines) == 6


def test_the_layers_of_a_chain_stand_straight_below_each_other() -> None:
    skips = [Box(264, 72, (at - 1,) if at else ()) for at in range(6)]
    skips.append(Box(224, 32, (5, 1)))
    xs = [round(x, 3) for x, _ in lay_out(skips).centers]
    assert max(xs) - min(xs) < 1


def test_what_has_no_input_stands_right_above_what_takes_it() -> None:
    boxes = [Box(10, 10), Box(10, 10, (0,)), Box(10, 10, (1,)), Box(10, 10), Box(10, 10, (2, 3))]
    assert lay_out(boxes).rows == (0, 1, 2, 2, 3)


def test_layers_that_say_nothing_of_their_inputs_are_a_chain() -> None:
    plain = [LayerInfo(name, "Dense", (3,), 9) for name in "abc"]
    assert [(line.source, line.target) for line in layout_of(plain).lines] == [(0, 1), (1, 2)]


def test_a_box_that_takes_from_a_later_one_is_refused() -> None:
    with pytest.raises(ValueError, match="before it"):
        lay_out([Box(1, 1, (1,)), Box(1, 1)])


def test_nothing_makes_an_empty_layout() -> None:
    assert lay_out([]).centers == ()


# ---- looking and walking


def test_a_click_chooses_a_layer_and_shows_what_it_is(picture: ModelPicture, qtbot: QtBot) -> None:
    spot = picture.view.mapFromScene(picture.view.boxes["first"].pos())
    with qtbot.waitSignal(picture.layer_selected) as picked:
        qtbot.mouseClick(picture.view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert picked.args == ["first"]
    panel = picture.panel
    assert panel.isVisible()
    assert panel.heading.text() == "Conv2D · first"
    assert "Filters slide over an image" in panel.help.text()
    values = [value.text() for value in panel.values]
    assert values == ["8×8×16", "448", "27.6 K", "4 KB", "3×3 of 8×8 of the input", "image"]
    assert panel.code.text() == RESIDUAL[1].code
    panel.copy_button.click()
    assert QGuiApplication.clipboard().text() == RESIDUAL[1].code


def test_choosing_from_outside_is_not_told_back(picture: ModelPicture, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(picture.layer_selected):
        picture.select("add")
    assert picture.selected == "add"
    assert picture.panel.heading.text() == "Add · add"
    with qtbot.assertNotEmitted(picture.layer_selected):
        picture.select("not there")
    assert picture.selected == ""
    assert not picture.panel.isVisible()


def test_arrow_keys_walk_along_the_lines(picture: ModelPicture, qtbot: QtBot) -> None:
    picked: list[str] = []
    picture.layer_selected.connect(picked.append)
    keys = [Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_End]
    keys += [Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Home]
    for key in keys:
        qtbot.keyClick(picture.view, key)
    assert picked[0] == "image"
    assert {picked[1], picked[2]} == {"first", "shortcut"} or picked[1] == "first"
    assert picked[-3:] == ["output", "add", "image"]
    assert "Input image" in picture.view.accessibleDescription()


def test_the_chosen_layer_stays_in_sight_when_the_panel_opens(
    picture: ModelPicture, qtbot: QtBot
) -> None:
    picture.resize(500, 420)
    qtbot.keyClick(picture.view, Qt.Key.Key_End)
    QApplication.processEvents()
    spot = picture.view.mapFromScene(picture.view.boxes["output"].pos())
    assert picture.view.viewport().rect().contains(spot)


def test_lines_of_the_chosen_layer_stand_out(picture: ModelPicture) -> None:
    picture.select("add")
    near = [item.line.source for item in picture.view.lines if item._is_near]
    assert sorted(near) == [2, 3, 4]


def test_the_offending_layer_is_marked_with_the_reason(picture: ModelPicture) -> None:
    picture.mark("second", "Its input has 3 channels.")
    assert picture.reason.isVisible()
    assert picture.reason.text() == "second: Its input has 3 channels."
    assert "Its input has 3 channels." in picture.view.boxes["second"].toolTip()
    picture.select("second")
    assert picture.panel.reason.text() == "Its input has 3 channels."
    picture.mark("", "")
    assert not picture.reason.isVisible()
    assert picture.view.boxes["second"].reason == ""


def test_choice_and_mark_survive_a_new_drawing(picture: ModelPicture, qtbot: QtBot) -> None:
    picture.select("first")
    picture.mark("first", "Too small.")
    with qtbot.assertNotEmitted(picture.layer_selected):
        picture.set_layers([*RESIDUAL, LayerInfo("more", "Dense", (2,), 22, "", ("output",))])
    assert picture.selected == "first"
    assert picture.view.boxes["first"].reason == "Too small."
    picture.set_layers([RESIDUAL[0]])
    assert picture.selected == ""
    assert not picture.reason.isVisible()


def test_an_embedded_picture_has_no_panel(qtbot: QtBot, messages: Messages) -> None:
    widget = ModelPicture(messages, Settings(), has_panel=False)
    qtbot.addWidget(widget)
    widget.show()
    widget.set_layers(RESIDUAL)
    widget.select("first")
    assert not widget.panel.isVisible()


# ---- zoom


def wheel(picture: ModelPicture, modifier: Qt.KeyboardModifier) -> None:
    spot = QPointF(50, 50)
    event = QWheelEvent(
        spot,
        spot,
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        modifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(picture.view.viewport(), event)


def test_the_wheel_zooms_with_ctrl_alone(picture: ModelPicture) -> None:
    before = picture.view.zoom
    wheel(picture, Qt.KeyboardModifier.NoModifier)
    assert picture.view.zoom == before
    wheel(picture, Qt.KeyboardModifier.ControlModifier)
    assert picture.view.zoom == pytest.approx(before * 1.25)


def test_buttons_and_keys_zoom_and_fit(picture: ModelPicture, qtbot: QtBot) -> None:
    view = picture.view
    view.fit()
    whole = view.zoom
    assert view.sceneRect().height() * whole <= view.viewport().height() + 1
    picture.zoom_in_button.click()
    assert view.zoom == pytest.approx(whole * 1.25)
    qtbot.keyClick(view, Qt.Key.Key_Minus)
    qtbot.keyClick(view, Qt.Key.Key_Minus)
    assert view.zoom == pytest.approx(whole / 1.25)
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view.zoom == pytest.approx(whole)
    for _ in range(60):
        picture.zoom_out_button.click()
    assert view.zoom > 0


def test_a_zoom_that_was_chosen_stays_when_layers_change(picture: ModelPicture) -> None:
    picture.view.zoom_by(0.7)
    zoom = picture.view.zoom
    picture.set_layers(RESIDUAL[:3])
    assert picture.view.zoom == zoom


def test_texts_are_left_out_where_they_cannot_be_read(picture: ModelPicture) -> None:
    colors = {}
    for scale in (1.0, 0.2):
        image = QImage(264, 72, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        painter.translate(132, 36)
        painter.scale(scale, scale)
        option = picture_option()
        picture.view.boxes["first"].paint(painter, option)
        painter.end()
        inner = QRectF(-100, -20, 200, 40)
        at = [
            image.pixel(int(132 + x * scale), int(36 + y * scale))
            for x in range(int(inner.left()), int(inner.right()))
            for y in range(-20, 20)
        ]
        colors[scale] = len(set(at))
    assert colors[0.2] == 1 < colors[1.0]


def picture_option() -> object:
    from PySide6.QtWidgets import QStyleOptionGraphicsItem

    return QStyleOptionGraphicsItem()


# ---- saving


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_a_saved_svg_is_read_by_other_programs(
    picture: ModelPicture, tmp_path: Path, palette: object
) -> None:
    current_theme().set_mode("dark" if palette is DARK else "light")
    picture.select("first")
    path = tmp_path / "net.svg"
    picture.save(str(path))
    current_theme().set_mode("system")
    tree = ElementTree.parse(path)
    nodes = tree.iter("{http://www.w3.org/2000/svg}text")
    texts = [text for node in nodes for text in node.itertext()]
    assert {layer.type for layer in RESIDUAL if layer.type != "Add"} <= {t.strip() for t in texts}
    assert any("first" in text for text in texts)
    area = picture.view.sceneRect()
    renderer = QSvgRenderer(str(path))
    assert renderer.isValid()
    assert renderer.viewBoxF().height() == math.ceil(area.height())
    image = QImage(renderer.defaultSize(), QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    assert image.pixelColor(2, 2).name() == palette.window  # type: ignore[attr-defined]
    assert picture.selected == "first"
    assert picture.panel.isVisible()


def test_a_saved_png_is_twice_as_large(picture: ModelPicture, tmp_path: Path) -> None:
    path = tmp_path / "net.PNG"
    picture.save(str(path))
    image = QImage(str(path))
    area = picture.view.sceneRect()
    assert image.width() == math.ceil(2 * area.width())
    assert image.height() == math.ceil(2 * area.height())
    assert Settings().get(FOLDER_SETTING, "") == str(tmp_path)


def test_a_very_long_picture_is_made_smaller(picture: ModelPicture, tmp_path: Path) -> None:
    chain = [LayerInfo(f"d{at}", "Dense", (3,), 9) for at in range(170)]
    picture.set_layers(chain)
    picture.save(str(tmp_path / "long.png"))
    image = QImage(str(tmp_path / "long.png"))
    assert not image.isNull()
    assert image.height() <= 30_000


def test_a_file_that_cannot_be_written_is_told(
    picture: ModelPicture, tmp_path: Path, spoken: SpokenMessages
) -> None:
    picture.save(str(tmp_path / "missing" / "net.svg"))
    assert spoken[-1].level == "error"
    assert "net.svg" in spoken[-1].text
    spoken.clear()


# ---- words


def test_what_is_seen_is_told_in_words() -> None:
    assert field_text(RESIDUAL[1], (8, 8, 3)) == "3×3 of 8×8 of the input"
    assert field_text(RESIDUAL[4], (8, 8, 3)) == "all of the input (8×8)"
    assert field_text(RESIDUAL[5], (8, 8, 3)) == "–"


def test_a_network_of_many_layers_is_drawn(picture: ModelPicture) -> None:
    layers = [LayerInfo("l0", "Input", (9, 9, 3), 0)]
    for at in range(1, 177):
        kind = "Add" if at % 8 == 0 else "Conv2D"
        inputs = (f"l{at - 1}", f"l{at - 7}") if at % 8 == 0 else (f"l{at - 1}",)
        layers.append(LayerInfo(f"l{at}", kind, (9, 9, 8), 10, "", inputs))
    picture.set_layers(layers)
    boxes = [item for item in picture.view.scene().items() if isinstance(item, LayerBox)]
    assert len(boxes) == 177
    assert not picture.grab().isNull()
