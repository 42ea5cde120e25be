"""Whether a simple model did better on the same data, as earlier runs found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.events.verdicts import Finding, FindingKind, Severity
from engine.inference.advice.simpler import simpler_model
from engine.runs.record import RunRecord
from engine.runs.store import RunStore
from engine.runs.verdicts import findings_text
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Task

CLASSES = (Kind.TABLE, Task.CLASSIFICATION)
LEARNT = Finding(FindingKind.LEARNT, Severity.GOOD, "It has learnt something.")


def better(name: str = "linear", value: float = 0.93, metric: str = "accuracy") -> Finding:
    evidence = {"baseline": name, "title": "A linear model", "metric": metric}
    evidence["baseline_value"] = value
    return Finding(FindingKind.WORSE_THAN_BASELINE, Severity.WARNING, "Better.", evidence)


def run(
    folder: Path,
    model: str = "table_ensemble",
    *findings: Finding,
    source: str = "a.csv",
    target: str = "y",
    **metrics: float,
) -> RunRecord:
    data = {"source": source, "target": target, "task": "classification"}
    spec = RunSpec.from_dict({"data": data, "model": {"name": model}})
    with RunStore(folder) as store:
        made = store.create(spec, "", "A", model)
    named = {f"test_{name}": value for name, value in metrics.items()}
    return replace(made, findings_json=findings_text(findings), metrics=named)


def found(*runs: RunRecord, target: str | None = "y", source: str = "a.csv"):
    return simpler_model(runs, source, target, CLASSES, "table_ensemble")


def test_a_linear_model_that_did_better_is_named_with_its_numbers(tmp_path):
    made = run(tmp_path, "table_ensemble", better(), LEARNT, accuracy=0.91)
    simpler = found(made)
    assert simpler is not None
    assert simpler.architecture == "logistic_regression"
    text = f"In “{made.name}” a linear model did better: accuracy 93.0 % beside 91.0 %."
    assert simpler.text == text


def test_what_there_is_no_architecture_for_is_named_all_the_same(tmp_path):
    simpler = found(run(tmp_path, "table_ensemble", better("boosted_trees"), accuracy=0.91))
    assert simpler is not None
    assert simpler.architecture == ""
    assert "93.0 %" in simpler.text


@pytest.mark.parametrize(
    "what",
    [
        {"findings": (LEARNT,)},
        {"source": "b.csv"},
        {"target": "z"},
        {"model": "mlp"},
    ],
    ids=str,
)
def test_of_other_data_or_another_model_nothing_is_said(tmp_path, what):
    findings = what.pop("findings", (better(),))
    model = what.pop("model", "table_ensemble")
    assert found(run(tmp_path, model, *findings, accuracy=0.91, **what)) is None


def test_the_newest_run_decides(tmp_path):
    old = run(tmp_path, "table_ensemble", better(), accuracy=0.91)
    new = run(tmp_path, "table_ensemble", LEARNT, accuracy=0.95)
    assert found(new, old) is None
    assert found(old, new) is not None


def test_a_run_of_which_nothing_is_known_yet_decides_nothing(tmp_path):
    old = run(tmp_path, "table_ensemble", better(), accuracy=0.91)
    assert found(run(tmp_path), old) is not None


@pytest.mark.parametrize(("accuracy", "is_said"), [(0.94, True), (0.91, False), (0.8, False)])
def test_where_the_simple_model_was_trained_its_own_result_counts(tmp_path, accuracy, is_said):
    own = run(tmp_path, "table_ensemble", better(), accuracy=0.91)
    simple = run(tmp_path, "logistic_regression", LEARNT, accuracy=accuracy)
    assert (found(simple, own) is not None) == is_said


@pytest.mark.parametrize(("error", "is_said"), [(0.9, True), (1.2, False)])
def test_of_errors_less_is_better(tmp_path, error, is_said):
    name = "root_mean_squared_error"
    own = run(tmp_path, "table_ensemble", better(value=0.8, metric=name), **{name: 1.0})
    simple = run(tmp_path, "logistic_regression", **{name: error})
    assert (found(simple, own) is not None) == is_said


def test_any_target_will_do_where_none_was_chosen(tmp_path):
    assert found(run(tmp_path, "table_ensemble", better(), accuracy=0.9), target=None) is not None
