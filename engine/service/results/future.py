"""What a model expects after the end of each series: forecasts of what nobody knows yet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.datasets.sequences.windows import WindowRows
from engine.inference.evaluation.analysis import Analysis
from engine.service.results.opened_run import OpenedRun
from engine.spec.signature import Task

MOST_SERIES = 50
"""Of more series only the first are told."""
_MAX_PAST = 400
_DIGITS = 7


def with_future(run: OpenedRun, analysis: Analysis) -> Analysis:
    """An analysis with what comes after the data, where series are forecast.

    `Analysis.extra` then holds ``future``: for each series its name, ``past``, the last values of
    what is forecast, and ``forecast``, the values that follow.

    Raises:
        WorkspaceError: The model cannot be read.
    """
    contract = run.contract
    if contract.signature.task is not Task.FORECASTING:
        return analysis  # before the data is read, which of other tasks nobody needs here
    rows = run.prepared().examples.x
    if not isinstance(rows, WindowRows):
        return analysis
    windows = rows.last_windows()[:MOST_SERIES]
    if not len(windows):
        return analysis
    said = np.asarray(run.model.answer(windows), np.float64).reshape(len(windows), -1)
    channels, target = contract.feature_names, contract.target_name
    place = channels.index(target) if target in channels else None
    found = []
    for name, window, values in zip(rows.last, windows, said, strict=False):
        if np.isfinite(values).all():
            past = [] if place is None else window[-_MAX_PAST:, place].tolist()
            listed = {"past": past, "forecast": values.tolist()}
            found.append({"series": name, **{key: _short(it) for key, it in listed.items()}})
    return replace(analysis, extra={**analysis.extra, "future": found})


def _short(values: list[float]) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]
