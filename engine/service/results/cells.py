"""The cells of a row as a table writes them, and as they are typed: gaps empty, dates as dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.tables.numbered_dates import NUMBERED, cell_of
from engine.datasets.tables.table_cells import ISO

Features = Sequence[Mapping[str, Any]]
"""What a model takes of each column; ``columns`` of `Examples.reading`."""
_DAY_S = 86_400


def written(name: str, value: Any, features: Features) -> str:
    """What stands in a column, where the source gives it as this value.

    Args:
        name: Of the column.
        value: A number, seconds since 1970 where the column holds dates, or a text.
        features: Of columns that are none of these nothing is known.
    """
    text = str(value)
    if isinstance(value, float):  # NumPy's are, too
        text = text.removesuffix(".0")
    feature = next((it for it in features if it["column"] == name), None)
    if feature is None:
        return text
    if text == "nan" and feature["type"] in ("number", "date"):
        return ""
    return _date(float(text), feature["form"]) if feature["type"] == "date" else text


def cells_of(content: npt.NDArray[Any], features: Features) -> tuple[tuple[str, str], ...]:
    """The cells of a row whose source is not read: as its numbers tell.

    Args:
        content: As in `Examples.x`, (features,).
        features: Of each number.
    """
    found = {feature["column"]: "" for feature in features}
    values = np.asarray(content, np.float64).tolist()
    for feature, value in zip(features, values, strict=True):
        found[feature["column"]] = _cell(feature, value) or found[feature["column"]]
    return tuple(found.items())


def _cell(feature: Mapping[str, Any], value: float) -> str:
    """What stands in a column that has become this number; empty: a gap, or not known."""
    if not np.isfinite(value):
        return ""
    if feature["type"] == "number":
        return f"{value:.10g}"
    if "values" in feature:
        return str(feature["values"][int(value)])
    if feature.get("part") == "days":
        return _date(value * _DAY_S, feature["form"])
    return ""


def _date(seconds: float, form: str) -> str:
    """Seconds since 1970 as a date of a form."""
    if form in NUMBERED:
        return cell_of(seconds, form)
    moment = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    if form == ISO:
        return moment.isoformat(" ").removesuffix(" 00:00:00")
    return moment.strftime(form)
