"""Tables: a linear model and boosted trees are what the default has to reach."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from default_trials import SHARED, Baselines, Trial, Values

TABLES = SHARED / "tables"


def trials(folder: Path) -> list[Trial]:
    """Those of ../shared/tables; none where it is not there."""
    if not TABLES.exists():
        return []
    targets = json.loads((TABLES / "targets.json").read_text(encoding="utf-8"))
    options = ("--set", "split.method=given", "--set", "split.column=part")
    return [
        table(str(TABLES / f"{name}.csv"), kind == "c", ("--target", target, *options))
        for name, (target, kind) in targets.items()
    ]


def table(data: str, has_classes: bool, options: tuple[str, ...] = ()) -> Trial:
    error, floor = (_log_loss, 0.03) if has_classes else (_unexplained, 0.01)
    return Trial(data, error, floor, baselines, options)


def _log_loss(metrics: Values) -> float:
    return float(metrics["test_loss"])


def _unexplained(metrics: Values) -> float:
    return 1.0 - float(metrics["test_r2_score"])


def baselines(spec: Values) -> Baselines:
    """A linear model on scaled numbers and 0 or 1 for each category, and boosted trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.metrics import log_loss, r2_score

    from engine.preprocessing import Preprocessing
    from engine.spec.run_spec import PreprocessingSpec, RunSpec
    from engine.training.prepared_data import prepare

    prepared = prepare(RunSpec.from_dict(spec))
    examples, parts = prepared.examples, prepared.parts
    learnt, test = np.concatenate([parts.train, parts.validation]), parts.test
    scaled = Preprocessing.fit(examples, learnt, PreprocessingSpec())
    has_classes = bool(examples.class_names)
    ways: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "linear": (
            LogisticRegression(max_iter=5000) if has_classes else RidgeCV(np.logspace(-2, 3, 11)),
            scaled.transform_x,
        ),
        "trees": (
            HistGradientBoostingClassifier(random_state=spec["seed"])
            if has_classes
            else HistGradientBoostingRegressor(random_state=spec["seed"]),
            lambda rows: rows,
        ),
    }
    errors = {}
    for name, (way, features) in ways.items():
        way.fit(features(examples.x[learnt]), examples.y[learnt])
        given, truth = features(examples.x[test]), examples.y[test]
        errors[name] = (
            float(log_loss(truth, way.predict_proba(given), labels=way.classes_))
            if has_classes
            else 1.0 - float(r2_score(truth, way.predict(given)))
        )
    return errors
