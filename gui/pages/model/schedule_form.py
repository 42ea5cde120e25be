"""ScheduleForm: how the learning rate changes, as fields and as a small curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtWidgets import QWidget

from engine.errors import SpecError
from engine.spec.parameters import validate
from engine.spec.training_spec import ScheduleSpec
from gui.widgets.parameter_form import ParameterForm

if TYPE_CHECKING:
    from gui.plots.rate_curve import RateCurve

_MOST_EPOCHS: Final = 100_000
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "final": ("cosine", "exponential"),
    "every": ("step",),
    "factor": ("step",),
}
"""Fields that only some schedules have."""


class ScheduleForm(ParameterForm):
    """Shows only what the chosen schedule needs.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(ScheduleSpec, "schedule", parent)
        self.curve: RateCurve | None = None
        self._show_needed()

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Shows values; see `ParameterForm`."""
        super().set_values(values)
        self._show_needed()

    def show_curve(self, rate: Any, epochs: Any, thaw: tuple[int, float] | None = None) -> None:
        """Draws the schedule of the present values, if it is one and changes the learning rate.

        Args:
            rate: The learning rate; anything that is none hides the curve.
            epochs: Of the training, likewise.
            thaw: As for `RateCurve.show_schedule`.
        """
        schedule = self._schedule()
        is_known = (
            isinstance(rate, int | float)
            and not isinstance(rate, bool)
            and rate > 0
            and isinstance(epochs, int)
            and 0 < epochs <= _MOST_EPOCHS
        )
        changes = schedule is not None and (
            schedule.name != "constant" or schedule.warmup > 0 or thaw is not None
        )
        if schedule is None or not is_known or not changes:
            if self.curve is not None:
                self.curve.hide()
            return
        if self.curve is None:
            from gui.plots.rate_curve import RateCurve  # not before there is something to draw

            self.curve = RateCurve(self)
            self._column.insertWidget(1, self.curve)  # below the choice of a schedule
        self.curve.show()
        self.curve.show_schedule(float(rate), schedule, epochs, thaw)

    def _schedule(self) -> ScheduleSpec | None:
        try:
            return validate(ScheduleSpec, self.values(), "schedule")
        except SpecError:
            return None

    def _show_needed(self) -> None:
        values = self.values()
        name = values.get("name", "constant")
        for field, names in _NEEDED.items():
            self.set_row_shown(field, name in names)
        reduces = values.get("plateau_patience") is not None
        for field in ("plateau_factor", "plateau_min_rate"):
            self.set_row_shown(field, reduces)
