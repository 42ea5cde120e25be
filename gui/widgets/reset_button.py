"""ResetButton: marks a setting that differs from the usual one, and takes it back."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QToolButton, QWidget

from engine.spec.parameters import Parameter
from gui.style.icons import icon
from gui.style.theme import set_role


class ResetButton(QToolButton):
    """A small arrow back beside a field; its place is kept while it is hidden.

    Args:
        parameter: What is set.
    """

    EDGE: Final = 20

    def __init__(self, parameter: Parameter, parent: QWidget) -> None:
        super().__init__(parent)
        self.setIcon(icon("reset", "accent"))
        self.setIconSize(QSize(14, 14))
        set_role(self, "tiny")
        self.setFixedSize(self.EDGE, self.EDGE)
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        default = parameter.default
        if isinstance(default, list | tuple):
            default = ", ".join(str(item) for item in default)
        usual = self.tr("automatic") if default is None else str(default)
        self.setToolTip(self.tr("Changed. Back to: {usual}").format(usual=usual))
        self.setAccessibleName(f"{parameter.label}: {self.tr('back to')} {usual}")
