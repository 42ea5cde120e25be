"""The theme: legible, tellable apart, switched as one; icons that follow it."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFont, QIcon
from PySide6.QtWidgets import QLabel, QPushButton

from gui.style import icons
from gui.style.theme import (
    DARK,
    LIGHT,
    TEXT_LARGE,
    TEXT_NORMAL,
    TEXT_SMALL,
    Palette,
    blend,
    current_theme,
    set_role,
    style_sheet,
    text_font,
)


@pytest.fixture
def theme(qapp):
    theme = current_theme()
    theme.set_mode("light")
    theme.apply()
    yield theme
    theme.set_mode("light")


def luminance(color: str) -> float:
    parts = QColor(color).getRgbF()[:3]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    bright, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
class TestPalette:
    def test_text_is_legible(self, colors: Palette):
        for ground in (colors.window, colors.surface, colors.raised):
            assert contrast(colors.text, ground) >= 7
        for ground in (colors.window, colors.surface):
            for name in ("muted", "danger", "warning", "success", "accent"):
                assert contrast(getattr(colors, name), ground) >= 4.5, name
        assert contrast(colors.on_accent, colors.accent) >= 4.5

    def test_curves_stand_out_from_the_ground(self, colors: Palette):
        for color in colors.series:
            assert contrast(color, colors.surface) >= 3, color

    def test_training_and_validation_differ_without_red_or_green(self, colors: Palette):
        # Machado, Oliveira, Fernandes (2009): full deuteranopia and protanopia.
        kinds = (
            ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
            ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
        )
        for rows, pair in itertools.product(kinds, [(0, 1), (0, 2), (1, 2)]):
            seen = []
            for index in pair:
                r, g, b = QColor(colors.series[index]).getRgbF()[:3]
                seen.append([row[0] * r + row[1] * g + row[2] * b for row in rows])
            distance = sum((x - y) ** 2 for x, y in zip(*seen, strict=True)) ** 0.5
            assert distance > 0.15, (pair, rows)

    def test_style_sheet_has_no_name_left(self, colors: Palette):
        sheet = style_sheet(colors)
        assert "$" not in sheet.split("*/", 1)[1]
        assert colors.accent in sheet


class TestTheme:
    def test_is_one_for_the_application(self, theme):
        assert current_theme() is theme

    def test_switch_changes_palette_and_widgets_once(self, theme, qapp):
        seen = []
        theme.changed.connect(lambda: seen.append(theme.palette.is_dark))
        theme.set_mode("dark")
        theme.set_mode("dark")
        assert seen == [True]
        assert theme.palette is DARK
        assert qapp.palette().window().color() == QColor(DARK.window)
        assert DARK.window in qapp.styleSheet()

    def test_unknown_mode_is_refused(self, theme):
        with pytest.raises(ValueError, match="Received: 'sepia'"):
            theme.set_mode("sepia")
        assert theme.mode == "light"

    def test_roles_show(self, theme, qtbot):
        button = QPushButton("Start")
        qtbot.addWidget(button)
        button.resize(120, 40)
        before = button.grab().toImage().pixelColor(60, 6)
        set_role(button, "primary")
        after = button.grab().toImage().pixelColor(60, 6)
        assert before == QColor(LIGHT.surface)
        assert after == QColor(LIGHT.accent)

    def test_title_is_large(self, theme, qtbot):
        label = QLabel("Data")
        qtbot.addWidget(label)
        set_role(label, "title")
        label.ensurePolished()
        assert label.fontInfo().pixelSize() == TEXT_LARGE

    def test_figures_are_tabular(self, theme):
        for size in (TEXT_SMALL, TEXT_NORMAL, TEXT_LARGE):
            font = text_font(size)
            assert font.pixelSize() == size
            assert font.featureValue(QFont.Tag("tnum")) == 1

    def test_blend(self):
        assert blend("#000000", "#ffffff", 0.5) == "#808080"
        assert blend("#102030", "#ffffff", 0.0) == "#102030"


class TestIcons:
    @pytest.mark.parametrize("name", sorted(icons.NAMES))
    def test_each_is_drawn(self, theme, name):
        image = icons.icon(name).pixmap(QSize(32, 32)).toImage()
        drawn = sum(
            image.pixelColor(x, y).alpha() > 128 for x, y in itertools.product(range(32), repeat=2)
        )
        assert 8 < drawn < 700

    def test_recolours_with_the_theme(self, theme):
        icon = icons.icon("play-fill")

        def middle() -> str:
            return icon.pixmap(QSize(64, 64)).toImage().pixelColor(28, 32).name()

        assert middle() == LIGHT.text
        theme.set_mode("dark")
        assert middle() == DARK.text

    def test_disabled_is_fainter(self, theme):
        icon = icons.icon("play-fill")
        normal, disabled = (
            icon.pixmap(QSize(64, 64), mode).toImage().pixelColor(28, 32).name()
            for mode in (QIcon.Mode.Normal, QIcon.Mode.Disabled)
        )
        assert contrast(disabled, LIGHT.surface) < contrast(normal, LIGHT.surface)

    def test_copy_survives(self, theme):
        icon = QIcon(icons.icon("start"))
        assert not icon.pixmap(QSize(16, 16)).isNull()

    @pytest.mark.parametrize(("name", "role"), [("no-such-icon", "text"), ("start", "no-colour")])
    def test_unknown_is_refused(self, theme, name, role):
        with pytest.raises(KeyError):
            icons.icon(name, role)
