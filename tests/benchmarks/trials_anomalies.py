"""Tables where it is known what is unusual: an isolation forest is what the default has to reach.

What is known serves to measure alone. `usual` trains without what is known to be unusual, which is
Descent's default; `mixed` with all of it, as where nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from default_trials import SHARED, Baselines, Trial, Values

Floats = npt.NDArray[np.float64]
Made = tuple[Floats, npt.NDArray[np.bool_]]
"""Rows, (n, columns), and which of them are unusual, (n,)."""

_FLOOR = 0.005


def trials(folder: Path) -> list[Trial]:
    """Those of scikit-learn, of ../shared/tables where it is there, and made ones."""
    found = [trial("breast_cancer"), trial("wine", ("--set", "anomaly.unusual=class_2"))]
    for name, make in _TABLES.items():
        if (made := make(np.random.default_rng(sum(map(ord, name))))) is None:
            continue
        ways: dict[str, tuple[str, ...]] = {} if name in _ONLY_MIXED else {name: ()}
        if name in (*_ALSO_MIXED, *_ONLY_MIXED):
            ways[f"{name}_mixed"] = ("--set", "anomaly.training=all")
        for called, options in ways.items():
            _write(folder / f"{called}.csv", *made)
            found.append(trial(str(folder / f"{called}.csv"), options))
    return found


def trial(data: str, options: tuple[str, ...] = ()) -> Trial:
    """Much of it is tested on: what is unusual is rare, and an AUC of few is a matter of luck."""
    usual = ("--task", "anomaly", "--set", "split.test=0.4", *options)
    return Trial(data, _missed, _FLOOR, baselines, usual)


def _missed(metrics: Values) -> float:
    """The share of pairs of an unusual and a usual example that are ordered wrongly."""
    return 1.0 - float(metrics["test_roc_auc"])


def baselines(spec: Values) -> Baselines:
    """scikit-learn's isolation forest, on the features and the training part of the network."""
    from sklearn.ensemble import IsolationForest
    from sklearn.metrics import roc_auc_score

    from engine.datasets.anomaly import unusual_mask
    from engine.preprocessing import Preprocessing
    from engine.spec.run_spec import PreprocessingSpec, RunSpec
    from engine.training.prepared_data import prepare

    prepared = prepare(RunSpec.from_dict(spec))
    examples, parts = prepared.examples, prepared.parts
    scaled = Preprocessing.fit(examples, parts.train, PreprocessingSpec()).transform_x
    forest = IsolationForest(random_state=spec["seed"]).fit(scaled(examples.x[parts.train]))
    scores = -forest.score_samples(scaled(examples.x[parts.test]))
    truth = unusual_mask(examples, parts.test)
    return {"forest": 1.0 - float(roc_auc_score(truth, scores))}


def _write(path: Path, rows: Floats, is_unusual: npt.NDArray[np.bool_]) -> None:
    names = ",".join([*(f"x{place}" for place in range(rows.shape[1])), "anomaly"])
    order = np.random.default_rng(len(rows)).permutation(len(rows))
    values = np.column_stack([rows, is_unusual])[order]
    form = ["%.7g"] * rows.shape[1] + ["%d"]
    np.savetxt(path, values, fmt=form, delimiter=",", header=names, comments="")


# ---- real ones


def _digits(rng: np.random.Generator) -> Made:
    """Pixels as columns; the fours are unusual, and as rare as that."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return _rare(np.asarray(x, np.float64), np.asarray(y) == 4, 0.05, rng)


def _tumours(rng: np.random.Generator) -> Made:
    """Malignant ones are as rare among benign ones as in a screening."""
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    return _rare(np.asarray(x, np.float64), np.asarray(y) == 0, 0.06, rng)


def _shared(name: str, column: str, unusual: Callable[[Any], Any], share: float) -> Any:
    """Makes a table of the numbers of one in ../shared/tables, with its rare rows rarer still."""

    def make(rng: np.random.Generator) -> Made | None:
        import pandas as pd

        path = SHARED / "tables" / f"{name}.csv"
        if not path.exists():
            return None
        table = pd.read_csv(path, keep_default_na=False)
        is_unusual = np.asarray(unusual(table[column]), bool)
        numbers = table.drop(columns=[column, "part"]).select_dtypes("number")
        return _rare(numbers.to_numpy(np.float64), is_unusual, share, rng)

    return make


def _rare(rows: Floats, is_unusual: Any, share: float, rng: np.random.Generator) -> Made:
    usual, odd = np.flatnonzero(~is_unusual), np.flatnonzero(is_unusual)
    most = max(20, round(share * len(usual)))
    kept = np.concatenate([usual, rng.permutation(odd)[:most]])
    return rows[kept], is_unusual[kept]


# ---- made ones


def _correlated(rng: np.random.Generator) -> Made:
    """Ten columns of three causes; of the unusual rows a few columns are those of other rows."""
    usual = rng.normal(size=(2000, 3)) @ rng.normal(size=(3, 10)) + 0.3 * rng.normal(
        size=(2000, 10)
    )
    odd = usual[:80].copy()
    for row in odd:
        swapped = rng.choice(10, 4, replace=False)
        row[swapped] = usual[rng.integers(100, 2000), swapped]
    return np.concatenate([usual, odd]), np.arange(2080) >= 2000


def _clusters(rng: np.random.Generator) -> Made:
    """Points between clusters of different widths."""
    centres = rng.uniform(-6, 6, size=(5, 6))
    widths = rng.uniform(0.2, 1.0, size=5)
    own = rng.integers(0, 5, size=2000)
    usual = centres[own] + widths[own, np.newaxis] * rng.normal(size=(2000, 6))
    pairs = np.array([rng.choice(5, 2, replace=False) for _ in range(60)])
    place = rng.uniform(0.3, 0.7, size=(60, 1))
    odd = place * centres[pairs[:, 0]] + (1 - place) * centres[pairs[:, 1]]
    odd += 0.3 * rng.normal(size=odd.shape)
    return np.concatenate([usual, odd]), np.arange(2060) >= 2000


def _few_of_many(rng: np.random.Generator) -> Made:
    """Sixty columns, of which four say it."""
    usual, odd = rng.normal(size=(1500, 60)), rng.normal(size=(60, 60))
    odd[:, :4] += rng.choice([-1, 1], size=(60, 4)) * 3.0
    return np.concatenate([usual, odd]), np.arange(1560) >= 1500


def _heavy_tails(rng: np.random.Generator) -> Made:
    """Columns with far values of their own; unusual rows are somewhat far in all of them."""
    mix = np.eye(8) + 0.4 * rng.normal(size=(8, 8))
    usual = rng.standard_t(3, size=(2000, 8)) @ mix
    odd = 3.0 * rng.standard_t(3, size=(80, 8)) @ mix
    return np.concatenate([usual, odd]), np.arange(2080) >= 2000


def _skewed(rng: np.random.Generator) -> Made:
    """Six skewed columns, most values small: unusual rows are brighter and larger, two of 100."""
    size = rng.gamma(0.8, 1.0, size=(4000, 1))
    usual = np.exp(0.7 * rng.normal(size=(4000, 6))) * size ** rng.uniform(0, 1, 6)
    usual[:, 4] = np.where(rng.random(4000) < 0.6, 0.0, usual[:, 4])
    odd = np.exp(0.8 * rng.normal(size=(80, 6)) + rng.uniform(0.3, 1.2, 6))
    odd *= rng.gamma(2.0, 1.0, size=(80, 1)) ** rng.uniform(0, 1, 6)
    return np.concatenate([usual, odd]), np.arange(4080) >= 4000


def _curve(rng: np.random.Generator) -> Made:
    """A closed curve in eight columns; unusual rows are beside it."""
    angle = rng.uniform(0, 2 * np.pi, 1560)
    waves = np.column_stack([np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(3 * angle)])
    rows = waves @ rng.normal(size=(4, 8)) + 0.1 * rng.normal(size=(1560, 8))
    rows[1500:] += 0.8 * rng.normal(size=(60, 8))
    return rows, np.arange(1560) >= 1500


_TABLES: dict[str, Callable[[np.random.Generator], Made | None]] = {
    "digits": _digits,
    "tumours": _tumours,
    "leaves": _shared("leaf_id_flavia", "species", lambda it: it == "chinese_redbud", 0.05),
    "jobs": _shared("hpc_data", "class", lambda it: it == "L", 0.06),
    "strength": _shared("concrete", "compressive_strength", lambda it: it > 65, 0.05),
    "computers": _shared("Computers", "price", lambda it: it > 3500, 0.03),
    "bodies": _shared("bdims", "wgt", lambda it: it > 95, 0.06),
    "correlated": _correlated,
    "clusters": _clusters,
    "few_of_many": _few_of_many,
    "heavy_tails": _heavy_tails,
    "skewed": _skewed,
    "curve": _curve,
}
_ALSO_MIXED = ("digits", "clusters", "skewed")
_ONLY_MIXED = ("tumours",)
