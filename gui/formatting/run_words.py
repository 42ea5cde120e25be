"""What runs are called on screen: their states, metrics and moments, in words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from PySide6.QtCore import QDateTime, QLocale

from engine.events.commands import Control
from engine.events.messages import DataProgress
from engine.events.run_events import RunState
from engine.spec.formatting import NOTHING, percent_text
from gui.formatting.numbers import count_text, number_text
from gui.formatting.translation import translate

_METRICS: Final = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "binary_accuracy": "Binary accuracy",
    "subset_accuracy": "Subset accuracy",
    "f1_macro": "F1 (mean of the labels)",
    "f1_micro": "F1 (all labels together)",
    "precision_macro": "Precision (mean of the labels)",
    "recall_macro": "Recall (mean of the labels)",
    "roc_auc_macro": "ROC AUC (mean)",
    "average_precision_macro": "Average precision (mean)",
    "log_loss": "Log loss",
    "expected_calibration_error": "Calibration error",
    "top_5_accuracy": "Top-5 accuracy",
    "median_absolute_error": "Median absolute error",
    "word_error_rate": "Word error rate",
    "bleu": "BLEU",
    "chrf": "chrF",
    "mean_absolute_error": "Mean absolute error",
    "mean_squared_error": "Mean squared error",
    "root_mean_squared_error": "Root mean squared error",
    "r2_score": "R²",
    "f1_score": "F1",
    "precision": "Precision",
    "recall": "Recall",
    "balanced_accuracy": "Balanced accuracy",
    "roc_auc": "ROC AUC",
    "average_precision": "Average precision",
    "false_alarm_rate": "False alarms",
    "share_above_threshold": "Above threshold",
    "mean_score": "Mean score",
    "exact_match": "Exact match",
    "character_error_rate": "Character error rate",
}
SHARES: Final = frozenset(
    {
        "accuracy",
        "binary_accuracy",
        "subset_accuracy",
        "f1_macro",
        "f1_micro",
        "precision_macro",
        "recall_macro",
        "balanced_accuracy",
        "precision",
        "recall",
        "f1_score",
        "false_alarm_rate",
        "share_above_threshold",
        "exact_match",
        "character_error_rate",
        "word_error_rate",
        "expected_calibration_error",
        "top_5_accuracy",
    }
)
"""Metrics that are read as a percentage."""
ROLES: Final = {
    RunState.FINISHED: "success",
    RunState.STOPPED: "muted",
    RunState.FAILED: "danger",
    RunState.INTERRUPTED: "warning",
}
"""The colour of a state; the accent for those under way."""


def state_text(state: RunState, pending: Control | None = None) -> str:
    """Names a state, and what was asked and is not answered yet."""
    if pending is Control.PAUSE:
        return translate("Pausing…")
    if pending is Control.RESUME:
        return translate("Resuming…")
    return {
        RunState.PREPARING: translate("Preparing…"),
        RunState.RUNNING: translate("Training"),
        RunState.PAUSED: translate("Paused"),
        RunState.STOPPING: translate("Stopping…"),
        RunState.FINISHED: translate("Finished"),
        RunState.STOPPED: translate("Stopped"),
        RunState.FAILED: translate("Failed"),
        RunState.INTERRUPTED: translate("Interrupted"),
    }[state]


def state_role(state: RunState) -> str:
    """The palette's colour for a state."""
    return ROLES.get(state, "accent")


def averaged_title(name: str, average: str) -> str:
    """Names a metric and, where it is a mean of several, how it averages: ``Recall (macro)``."""
    words = {
        "macro": translate("mean of the classes"),
        "binary": translate("of the unusual class"),
        "uniform_average": translate("mean of the numbers"),
    }.get(average, average)
    return f"{metric_title(name)} ({words})" if words else metric_title(name)


def metric_title(name: str) -> str:
    """Names a metric by Keras's name, such as ``val_loss``."""
    for prefix, template in (
        ("val_", translate("Validation {metric}")),
        ("test_", translate("Test {metric}")),
    ):
        if name.startswith(prefix):
            return template.format(metric=_lower_first(metric_title(name.removeprefix(prefix))))
    if name in _METRICS:
        return translate(_METRICS[name])
    return name.replace("_", " ").capitalize()


def metric_text(name: str, value: float | None) -> str:
    """Writes a metric's value: accuracy as a percentage, others with four digits."""
    if value is None:
        return NOTHING
    if math.isnan(value):
        return translate("not a number")
    return percent_text(value, 1) if is_share(name) and math.isfinite(value) else number_text(value)


def is_share(metric: str) -> bool:
    """Whether a metric, by Keras's name, is read as a percentage wherever it stands."""
    return metric.removeprefix("val_").removeprefix("test_") in SHARES


def progress_text(progress: DataProgress) -> str:
    """How far the reading of data is, such as ``200 of 1 000``; empty where nobody knows."""
    if not progress.total:
        return count_text(progress.done) if progress.done else ""
    return translate("{done} of {total}").format(
        done=count_text(progress.done), total=count_text(progress.total)
    )


def moment_text(moment: datetime) -> str:
    """Writes a moment in local time, as the person's system does."""
    local = QDateTime.fromSecsSinceEpoch(int(moment.timestamp()))
    today = QDateTime.currentDateTime().date()
    locale = QLocale()
    time = locale.toString(local.time(), QLocale.FormatType.ShortFormat)
    if local.date() == today:
        return translate("Today, {time}").format(time=time)
    if local.date() == today.addDays(-1):
        return translate("Yesterday, {time}").format(time=time)
    return f"{locale.toString(local.date(), QLocale.FormatType.ShortFormat)}, {time}"


def reading_order(metrics: Iterable[str]) -> list[str]:
    """Sorts results for reading: those that need no unit first, the loss of training last."""
    rank = {"r2_score": -2, "mean_absolute_error": -1, "loss": 1}
    return sorted(metrics, key=lambda name: rank.get(name, 0))


def main_metric(metrics: object) -> str:
    """The metric shown beside the loss: the first that is not the loss; else the loss."""
    names = [str(name) for name in metrics] if isinstance(metrics, dict | tuple | list) else []
    for name in names:
        if name != "loss" and not name.startswith(("val_", "test_")):
            return name
    return "loss"


def _lower_first(text: str) -> str:
    is_acronym = len(text) > 1 and (text[1].isupper() or not text[1].isalpha())
    return text if is_acronym else text[:1].lower() + text[1:]
