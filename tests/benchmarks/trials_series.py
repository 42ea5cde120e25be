"""Series: what a forecast has to reach are autoregression and exponential smoothing.

Four are public: airline passengers (Box and Jenkins 1970), trapped lynxes (Elton and Nicholson
1942), yearly sunspots, and the economy of the United States by quarter (its Federal Reserve). The
others are made: what is known to be linear, where no network can win, and what is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from default_trials import ROOT, Baselines, Trial, Values

FloatArray = npt.NDArray[np.float64]
Columns = Mapping[str, FloatArray]

PUBLIC = ROOT / "tests" / "benchmarks" / "series"
SEASONS = {
    "airline": 12,
    "hours": 24,
    "short_season": 12,
    "long": 24,
    "sales_ahead": 7,
    "seasons": 7,
}
"""Steps after which a series repeats, which exponential smoothing is told; the network is not."""
_FLOOR = 1e-9


def trials(folder: Path) -> list[Trial]:
    """Public series, made ones, and those in the box; names ending in ahead forecast 7 steps."""
    read = ("--format", "series")
    public = [
        trial(str(PUBLIC / f"{name}.csv"), (*read, "--target", target))
        for name, target in (
            ("airline", "passengers"),
            ("lynx", "trapped"),
            ("sunspots", "sunspots"),
            ("economy", "unemployment"),
        )
    ]
    ahead = ("--set", "data.horizon=7")
    own = [
        trial(
            str(path),
            (*read, "--target", "value", *(ahead if path.stem.endswith("ahead") else ())),
        )
        for path in written(folder, made(np.random.default_rng(17)))
    ]
    return [*public, *own, trial("seasons"), trial("mackey_glass")]


def trial(data: str, options: tuple[str, ...] = ()) -> Trial:
    return Trial(data, _error, _FLOOR, baselines, options)


def _error(metrics: Values) -> float:
    return float(metrics["test_mean_absolute_error"])


def made(rng: np.random.Generator) -> dict[str, Columns]:
    """Series by name, as columns by name; the one to forecast is called value."""
    from engine.datasets.box.waves import mackey_glass

    hours, long = np.arange(1_500), np.arange(5_000)
    day = rng.normal(size=24).cumsum()
    day = (day - np.linspace(0, day[-1], 24)) / day.std()
    weekend = np.where(hours // 24 % 7 >= 5, 0.5, 1.0)
    shifts = np.repeat(rng.normal(0, 3, 14), 50)
    months, days = np.arange(72), np.arange(900)
    week = rng.uniform(0.5, 1.5, 7)
    return {
        "trend": {"value": 50 + 0.2 * np.arange(400) + rng.normal(0, 2, 400)},
        "walk": {"value": rng.normal(size=600).cumsum()},
        "cycles": {"value": recurrence(rng, 500, lambda a, b: 1.5 * a - 0.75 * b)},
        "hours": {"value": 20 + 5 * weekend * day[hours % 24] + rng.normal(0, 0.7, 1_500)},
        "shifts": {"value": shifts + rng.normal(0, 0.5, 700)},
        "short_trend": {"value": 5 + 0.3 * np.arange(60) + rng.normal(0, 1, 60)},
        "short_season": {
            "value": (10 + 0.1 * months) * (1 + 0.3 * np.sin(months * np.pi / 6))
            + rng.normal(0, 0.5, 72)
        },
        "thresholds": {"value": recurrence(rng, 1_500, _threshold)},
        "long": {
            "value": recurrence(rng, 5_000, lambda a, b: 0.7 * a)
            + 3 * np.sin(2 * np.pi * long / 24) * (1 + 0.5 * np.sin(2 * np.pi * long / 336))
        },
        "columns": driven(rng, 1_000),
        "sales_ahead": {
            "value": rng.poisson(week[days % 7] * (30 + 0.03 * days)).astype(float),
        },
        "chaos_ahead": {"value": mackey_glass(2_000, 23, 1.1) + rng.normal(0, 0.01, 2_000)},
    }


def recurrence(
    rng: np.random.Generator, length: int, following: Callable[[float, float], float]
) -> FloatArray:
    """Values that follow from the two before, with noise of deviation 1."""
    values = [0.0, 0.0]
    for noise in rng.normal(size=length + 98):
        values.append(following(values[-1], values[-2]) + noise)
    return np.array(values[100:])


def _threshold(last: float, before: float) -> float:
    """Another law above 0 than below (Tong 1978)."""
    return 0.9 * last - 2.0 if last > 0 else -0.6 * last + 0.4 * before + 1.0


def driven(rng: np.random.Generator, length: int) -> Columns:
    """What was two steps ago in one column, and bent in another, moves a third."""
    heat, demand = (recurrence(rng, length, lambda a, b: 0.85 * a) for _ in range(2))
    value = np.zeros(length)
    for t in range(2, length):
        value[t] = 0.5 * value[t - 1] + heat[t - 2] + 0.4 * abs(demand[t - 1])
    return {"value": value + rng.normal(0, 0.5, length), "heat": heat, "demand": demand}


def written(folder: Path, series: Mapping[str, Columns]) -> list[Path]:
    """Writes each as a CSV file of its own."""
    paths = []
    for name, columns in series.items():
        rows = np.column_stack(list(columns.values()))
        path = folder / f"{name}.csv"
        header = ",".join(columns)
        np.savetxt(path, rows, "%.6f", ",", header=header, comments="", encoding="utf-8")
        paths.append(path)
    return paths


def baselines(spec: Values) -> Baselines:
    """Mean absolute errors over the test part, of whatever knows training and validation part."""
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from engine.spec.run_spec import RunSpec
    from engine.training.prepared_data import prepare

    prepared = prepare(RunSpec.from_dict(spec))
    examples, parts = prepared.examples, prepared.parts
    learnt, test = np.concatenate([parts.train, parts.validation]), parts.test
    windows: Any = examples.x
    channel = examples.feature_names.index(examples.target_name)
    truth = examples.y[test].reshape(len(test), -1)
    flat = windows[:].reshape(len(examples.y), -1)
    ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-8, 3, 23)))
    ridge.fit(flat[learnt], examples.y[learnt].reshape(len(learnt), -1))
    firsts = windows.starts + windows.shape[1]
    name = Path(spec["data"]["source"]).stem
    smoothed = smoothing(
        windows.values[:, channel], truth.shape[1], int(firsts[test].min()), SEASONS.get(name, 0)
    )
    forecasts = {
        "last": windows[test][:, -1, [channel]],
        "ridge": ridge.predict(flat[test]).reshape(truth.shape),
        "smoothing": smoothed[firsts[test]],
    }
    return {name: float(np.abs(found - truth).mean()) for name, found in forecasts.items()}


def smoothing(values: FloatArray, horizon: int, n_known: int, season: int = 0) -> FloatArray:
    """Forecasts of exponential smoothing (Holt 1957, Winters 1960), at each step from those before.

    Level, with or without a trend (whole or damped) and a season (added or multiplied); of a grid
    of rates the one is taken whose forecasts of one step erred least until `n_known`.

    Args:
        values: The series, (steps,).
        horizon: Steps ahead.
        n_known: Steps from which the rates are chosen.
        season: Steps of a season; 0: none.

    Returns:
        (steps, horizon): what was said before each step of it and those that follow.
    """
    kinds = [(0.0, False)] + ([(gamma, False) for gamma in (0.02, 0.1, 0.3, 0.6)] if season else [])
    if season and values.min() > 0:
        kinds += [(gamma, True) for gamma in (0.02, 0.1, 0.3, 0.6)]
    trends = [(0.0, 0.0), *((beta, damp) for beta in (0.01, 0.05, 0.2, 0.5) for damp in (0.9, 1.0))]
    levels = (0.01, 0.03, 0.07, 0.15, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0)
    best: tuple[float, FloatArray] = (np.inf, np.zeros((0, 0)))
    start = max(2 * season, 5)
    for gamma, multiplies in kinds:
        rates = np.array([(alpha, *trend) for alpha in levels for trend in trends])
        said = _smoothed(values, horizon, rates, gamma, season if gamma else 0, multiplies)
        errors = np.abs(said[start:n_known, 0] - values[start:n_known, np.newaxis]).mean(axis=0)
        errors[~np.isfinite(errors)] = np.inf
        if errors.min() < best[0]:
            best = float(errors.min()), said[:, :, errors.argmin()]
    return best[1]


def _smoothed(
    values: FloatArray,
    horizon: int,
    rates: FloatArray,
    gamma: float,
    season: int,
    multiplies: bool,
) -> FloatArray:
    """Forecasts with each of some rates (level, trend, damping), (steps, horizon, rates)."""
    alpha, beta, damp = rates.T
    n_first = season or 1
    level = np.full(len(rates), values[:n_first].mean())
    slope = np.zeros(len(rates))
    if season:
        slope += (values[season : 2 * season].mean() - level[0]) / season
    slope = np.where(damp > 0, slope, 0.0)
    first = values[:n_first] / level[0] if multiplies else values[:n_first] - level[0]
    of_season = np.repeat(first[:, np.newaxis], len(rates), axis=1)
    if not season:
        of_season[:] = 0.0
    damped = np.cumsum(damp ** np.arange(1, horizon + 1)[:, np.newaxis], axis=0)
    said = np.zeros((len(values), horizon, len(rates)))
    for t, value in enumerate(values):
        ahead = level + damped * slope
        then = of_season[(t + np.arange(horizon)) % n_first]
        said[t] = ahead * then if multiplies else ahead + then
        now = of_season[t % n_first].copy()
        before, expected = level, level + damp * slope
        without = value / np.where(now == 0, 1.0, now) if multiplies else value - now
        level = alpha * without + (1 - alpha) * expected
        slope = beta * (level - before) + (1 - beta) * damp * slope
        left = value / expected if multiplies else value - expected
        if season:
            of_season[t % n_first] = gamma * left + (1 - gamma) * now
    return said
