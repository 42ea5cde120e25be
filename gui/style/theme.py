"""Colours, text sizes and spacing of the window, light and dark, and their switch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Final

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette, QPixmapCache
from PySide6.QtWidgets import QApplication, QStyleFactory, QWidget

RESOURCES: Final = Path(__file__).resolve().parents[2] / "resources"
"""Where icons and styles lie."""
SPACING: Final = 8
"""The grid in pixels; margins and gaps are multiples of it."""
TEXT_SMALL: Final = 12
TEXT_NORMAL: Final = 13
TEXT_LARGE: Final = 20
"""Heights of text in pixels; there are no others."""

MODES: Final = ("system", "light", "dark")


@dataclass(frozen=True)
class Palette:
    """The colours of one theme, as ``#rrggbb``.

    Attributes:
        window: Behind everything.
        surface: Cards, inputs, lists and plots.
        raised: Hover, headers, tracks.
        border: Lines between things.
        text: What is read first.
        muted: What is read second; still 4.5:1 on window and surface.
        accent, on_accent: The one accent colour and text upon it.
        success, warning, danger: States, always together with a word or an icon.
        series: Curves and classes, told apart with any colour vision; training is the first,
            validation the second.
        is_dark: Light text on dark.
    """

    window: str
    surface: str
    raised: str
    border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    success: str
    warning: str
    danger: str
    series: tuple[str, ...]
    is_dark: bool


# The series follow the palette of Okabe and Ito (Color Universal Design, 2008), darkened on white
# and lightened on black where a thin line would have too little contrast.
LIGHT: Final = Palette(
    window="#f5f6f8",
    surface="#ffffff",
    raised="#eceef2",
    border="#d8dce3",
    text="#1b1f27",
    muted="#5b6472",
    accent="#2b62e3",
    on_accent="#ffffff",
    success="#1a7f4b",
    warning="#8f5b00",
    danger="#c62f36",
    series=(
        "#0072b2",
        "#d55e00",
        "#009070",
        "#b8559a",
        "#b97f00",
        "#2f98d0",
        "#6a51a3",
        "#7f8794",
        "#8c3b1f",
        "#5f7d00",
    ),
    is_dark=False,
)
DARK: Final = Palette(
    window="#14171c",
    surface="#1b1f26",
    raised="#272c35",
    border="#353b47",
    text="#e6e9ef",
    muted="#9aa3b2",
    accent="#6e9bff",
    on_accent="#0d1526",
    success="#4cc38a",
    warning="#e8ad4e",
    danger="#ff7b72",
    series=(
        "#4aa8e8",
        "#f08445",
        "#2ec79c",
        "#e08fc4",
        "#f0bf3a",
        "#9ad4f5",
        "#a995f0",
        "#a3abb8",
        "#c9805f",
        "#b5cf4a",
    ),
    is_dark=True,
)


class Theme(QObject):
    """The theme of the application; there is one, see `current_theme`.

    Signals:
        changed: The palette is another one. Things that paint themselves recolour.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mode = "system"
        self._palette = LIGHT
        self._is_applied = False
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._follow_system)

    @property
    def palette(self) -> Palette:
        """The colours in use."""
        return self._palette

    @property
    def mode(self) -> str:
        """``system``, ``light`` or ``dark``."""
        return self._mode

    def set_mode(self, mode: str) -> None:
        """Chooses light or dark, or to follow the system.

        Raises:
            ValueError: There is no such mode.
        """
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}. Received: {mode!r}")
        self._mode = mode
        # Asking the platform too lets the frame of the window and native dialogs follow.
        hints = QGuiApplication.styleHints()
        if mode == "system":
            hints.unsetColorScheme()
        else:
            scheme = Qt.ColorScheme.Dark if mode == "dark" else Qt.ColorScheme.Light
            hints.setColorScheme(scheme)
        self._refresh()

    def apply(self) -> None:
        """Dresses the application: Fusion style, palette, style sheet, font, plots' defaults."""
        application = QApplication.instance()
        if not isinstance(application, QApplication):
            raise RuntimeError("Theme.apply needs a QApplication. Received: none")
        if not self._is_applied:
            self._is_applied = True
            application.setStyle(QStyleFactory.create("Fusion"))
            application.setFont(text_font(TEXT_NORMAL))
        self._palette = self._wanted()
        # Qt keeps what it drew in the colours before, by a palette that never comes back.
        QPixmapCache.clear()
        # Qt takes a sheet off and puts one on six times as fast as it exchanges one for another.
        application.setStyleSheet("")
        application.setPalette(_qt_palette(self._palette))
        application.setStyleSheet(style_sheet(self._palette))

    @Slot()
    def _follow_system(self) -> None:
        if self._mode == "system":
            self._refresh()

    def _wanted(self) -> Palette:
        if self._mode == "system":
            is_dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        else:
            is_dark = self._mode == "dark"
        return DARK if is_dark else LIGHT

    def _refresh(self) -> None:
        if self._wanted() is self._palette:
            return
        if self._is_applied:
            self.apply()
        else:
            self._palette = self._wanted()
        self.changed.emit()


_theme: Theme | None = None


def current_theme() -> Theme:
    """Returns the one theme of the application.

    Raises:
        RuntimeError: There is no QApplication yet.
    """
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        raise RuntimeError("A theme needs a QApplication. Received: none")
    global _theme
    if _theme is None or not shiboken6.isValid(_theme):
        _theme = Theme(application)
    return _theme


def text_font(pixels: int = TEXT_NORMAL, bold: bool = False) -> QFont:
    """Returns the system's font in one of the text sizes, with tabular figures.

    Args:
        pixels: `TEXT_SMALL`, `TEXT_NORMAL` or `TEXT_LARGE`.
        bold: Semi-bold, for headings.
    """
    font = QFont(QApplication.font())
    font.setPixelSize(pixels)
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    # Figures of one width: numbers that change do not dance, columns of them line up.
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def set_role(widget: QWidget, role: str) -> None:
    """Sets the dynamic property ``role`` and lets the style sheet notice.

    Args:
        widget: A label or a button.
        role: For a button ``primary``, ``danger`` or ``flat``; for a label ``title``,
            ``heading``, ``muted``, ``small``, ``danger``, ``warning`` or ``success``; empty for
            the plain one.
    """
    if widget.property("role") == role:
        return
    widget.setProperty("role", role)
    if not widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
        return  # the style sheet is asked before it is first shown or measured
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)


def blend(first: str, second: str, share: float) -> str:
    """Returns a colour between two, as ``#rrggbb``.

    Args:
        first, second: Colours.
        share: How much of the second, from 0 to 1.
    """
    a, b = QColor(first), QColor(second)
    mixed = (
        round(x + (y - x) * share)
        for x, y in (
            (a.red(), b.red()),
            (a.green(), b.green()),
            (a.blue(), b.blue()),
        )
    )
    return "#{:02x}{:02x}{:02x}".format(*mixed)


@cache
def style_sheet(colors: Palette) -> str:
    """Returns the application's style sheet in the colours of a palette."""
    template = Template((RESOURCES / "style.qss").read_text(encoding="utf-8"))
    names = {name: value for name, value in vars(colors).items() if isinstance(value, str)}
    # What has to be seen to be clicked (WCAG 2.2, 1.4.11) gets 3:1 against what is around it.
    names["edge"] = blend(colors.border, colors.muted, 0.6)
    names["handle"] = blend(colors.border, colors.muted, 0.4)
    names["faded"] = faded(colors)
    names["pressed"] = blend(colors.raised, colors.border, 0.7)
    names["striped"] = blend(colors.surface, colors.raised, 0.5)
    names["selection"] = blend(colors.surface, colors.accent, 0.22 if colors.is_dark else 0.12)
    names["accent_hover"] = blend(colors.accent, colors.text, 0.12)
    names["accent_pressed"] = blend(colors.accent, colors.text, 0.24)
    names["danger_soft"] = blend(colors.surface, colors.danger, 0.1)
    return template.substitute(
        names,
        theme="dark" if colors.is_dark else "light",
        icons=(RESOURCES / "icons").as_posix(),
        text_small=TEXT_SMALL,
        text_normal=TEXT_NORMAL,
        text_large=TEXT_LARGE,
    )


def faded(colors: Palette) -> str:
    """Returns the colour of text that is switched off."""
    return blend(colors.muted, colors.surface, 0.4)


def _qt_palette(colors: Palette) -> QPalette:
    role = QPalette.ColorRole
    pairs = {
        role.Window: colors.window,
        role.WindowText: colors.text,
        role.Base: colors.surface,
        role.AlternateBase: blend(colors.surface, colors.raised, 0.5),
        role.Text: colors.text,
        role.PlaceholderText: colors.muted,
        role.Button: colors.surface,
        role.ButtonText: colors.text,
        role.BrightText: colors.danger,
        role.ToolTipBase: colors.raised,
        role.ToolTipText: colors.text,
        role.Highlight: colors.accent,
        role.HighlightedText: colors.on_accent,
        role.Accent: colors.accent,
        role.Link: colors.accent,
        role.LinkVisited: colors.accent,
        role.Light: colors.raised,
        role.Midlight: colors.raised,
        role.Mid: colors.border,
        role.Dark: colors.border,
        role.Shadow: colors.border,
    }
    palette = QPalette()
    for name, color in pairs.items():
        palette.setColor(name, QColor(color))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(faded(colors)))
    return palette
