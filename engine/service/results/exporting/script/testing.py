"""The test: what the trained network says of the test part, and what that is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from engine.preprocessing.targets import TokenTargets
from engine.service.results.exporting.script.document import Section
from engine.service.results.exporting.script.subject import Subject
from engine.service.results.exporting.script.training import x_name
from engine.service.results.exporting.script.writing_texts import (
    PREDICT,
    PREDICT_NEEDS,
    written_code,
)
from engine.spec.signature import Output, Task

TITLE: Final = "The test"
_SHOWN: Final = """\
print(f"{'':30}{'the run':>14}{'here':>14}")
for name, value in RUN.items():
    print(f"{name:30}{value:14.6g}{here[name]:14.6g}")"""
_CLASSES: Final = """\
here |= {
    "accuracy": metrics.accuracy_score(y_test, predicted),
    "balanced_accuracy": metrics.balanced_accuracy_score(y_test, predicted),
    "precision": metrics.precision_score(y_test, predicted, average="macro", zero_division=0),
    "recall": metrics.recall_score(y_test, predicted, average="macro", zero_division=0),
    "f1_score": metrics.f1_score(y_test, predicted, average="macro", zero_division=0),
}"""
_NUMBERS: Final = """\
here |= {
    "mean_squared_error": metrics.mean_squared_error(truth, predicted),
    "root_mean_squared_error": metrics.root_mean_squared_error(truth, predicted),
    "mean_absolute_error": metrics.mean_absolute_error(truth, predicted),
    "r2_score": metrics.r2_score(truth, predicted),
}"""
_LABELS: Final = """\
said, truth = outputs.astype("float64") > thresholds, y_test > 0
known = np.flatnonzero(truth.any(axis=0) & ~truth.all(axis=0))  # some have them, some do not
here |= {
    "binary_accuracy": np.mean(truth == said),
    "subset_accuracy": (truth == said).all(axis=1).mean(),
    "f1_micro": metrics.f1_score(truth, said, average="micro", zero_division=0),
    "roc_auc_macro": np.mean([metrics.roc_auc_score(truth[:, it], outputs[:, it]) for it in known]),
}"""
_BEST_THRESHOLD: Final = '''\
def best_threshold(probabilities, truth):
    """Above it F1 of a label is highest; of several the one nearest one half."""
    n_true = int(np.count_nonzero(truth))
    if min(n_true, len(truth) - n_true) < 5:
        return 0.5  # so few say nothing
    order = np.argsort(-probabilities.astype("float64"), kind="stable")
    ranked, hits = probabilities[order].astype("float64"), np.cumsum(truth[order])
    ends = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True))
    cuts = (ranked[ends] + np.append(ranked[1:], 0.0)[ends]) / 2
    f1 = 2.0 * hits[ends] / (ends + 1 + n_true)
    best = cuts[f1 >= f1.max() - 1e-12]
    return float(best[np.argmin(np.abs(best - 0.5))])'''
_METRICS: Final = "from sklearn import metrics"


def test_section(subject: Subject) -> Section:
    """Tests the network and prints its metrics beside those of the run.

    Raises:
        NotWritten: Texts are written in a way that has no code here.
    """
    if not len(subject.rows("test")):
        return Section(TITLE, 'print("The run has no test part.")\nhere = RUN = {}')
    parts = [_loss(subject)]
    needs: tuple[str, ...] = ()
    code, needs = _measured(subject)
    parts.append(code)
    parts.append(_beside(subject, code))
    return Section(TITLE, "\n\n".join(parts) + "\n" + _SHOWN, needs)


def _loss(subject: Subject) -> str:
    targets = subject.prepared.preprocessing.targets
    more = ""
    if isinstance(targets, TokenTargets) and not targets.blank_first:
        more = ", sample_weight=w_test"
    arguments = f"{x_name(subject, 'test')}, y_test{more}, batch_size=256"
    return (
        f"tested = model.evaluate({arguments}, verbose=0, return_dict=True)\n"
        'here = {"loss": tested["loss"]}'
    )


def _measured(subject: Subject) -> tuple[str, tuple[str, ...]]:
    signature = subject.signature
    if signature.task is Task.ANOMALY:
        return _anomaly(subject)
    if signature.output is Output.TOKENS:
        return written_code(subject)
    outputs = f"{PREDICT}\n\n\noutputs = predict(x_test)"
    needs = (*PREDICT_NEEDS, _METRICS)
    if signature.output is Output.CLASSES:
        chosen = "outputs.argmax(axis=1)"
        if signature.is_binary:
            chosen = '(outputs[:, 0] > 0.5).astype("int64")'
        return f"{outputs}\npredicted = {chosen}\n{_CLASSES}", needs
    if signature.output is Output.LABELS:
        return _labels(subject, outputs), needs
    shape = "(len(test), -1)"
    return (
        f"{outputs}\n"
        "# In the unit of the target.\n"
        f'predicted = outputs.astype("float64").reshape{shape} * y_scale + y_offset\n'
        f"truth = targets[test].reshape{shape}\n{_NUMBERS}",
        needs,
    )


def _labels(subject: Subject, outputs: str) -> str:
    if not len(subject.rows("validation")):
        thresholds = "thresholds = np.full(y.shape[1], 0.5)"
    else:
        thresholds = (
            f"{_BEST_THRESHOLD}\n\n\nwatched = predict(x_validation)\n"
            "thresholds = np.array(\n"
            "    [best_threshold(said, truth) for said, truth in zip(watched.T, y_validation.T)]\n"
            ")"
        )
    return f"{outputs}\n\n\n{thresholds}\n{_LABELS}"


def _anomaly(subject: Subject) -> tuple[str, tuple[str, ...]]:
    lines = [
        f"{PREDICT}\n\n",
        'scores = predict(x_test)[:, 0].astype("float64")',
        'here["mean_score"] = scores.mean()',
    ]
    if not subject.examples.class_names:
        return "\n".join(lines), PREDICT_NEEDS
    place = subject.examples.class_names.index(subject.examples.unusual)
    lines += [
        f"is_unusual = known[test] == {place}",
        'here["roc_auc"] = metrics.roc_auc_score(is_unusual, scores)',
        'here["average_precision"] = metrics.average_precision_score(is_unusual, scores)',
    ]
    return "\n".join(lines), (*PREDICT_NEEDS, _METRICS)


def run_metrics(subject: Subject) -> Mapping[str, float]:
    """The run's metrics of the test part, without ``test_``."""
    found = subject.record.metrics
    return {
        name.removeprefix("test_"): value
        for name, value in found.items()
        if name.startswith("test_") and math.isfinite(value)
    }


def _beside(subject: Subject, code: str) -> str:
    """The run's own metrics, of those that the script computes."""
    known = {
        name: value
        for name, value in run_metrics(subject).items()
        if name == "loss" or f'"{name}"' in code
    }
    listed = "".join(f'    "{name}": {value!r},\n' for name, value in known.items())
    return f"RUN = {{\n{listed}}}"
