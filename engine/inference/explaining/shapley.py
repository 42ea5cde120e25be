"""Shapley values: what each column of a row adds, fairly shared. Imported by workers only."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.explaining.base import Case, Contributions, Effort, Method
from engine.inference.explaining.readouts import Readout
from engine.inference.explaining.subject import Subject
from engine.preprocessing.scaling import FloatArray
from engine.spec.signature import Kind

MOST_EXACT = 8
"""Columns of which all combinations are tried; of more, orders are drawn."""
N_BACKGROUND = 64
"""Rows that a row is compared with."""
_ROWS_AT_ONCE = 4_096
_MOST_NUMBERS = 4_000_000
_MOST_ROUNDS = 20
_SEED = 20

Players = tuple[tuple[int, ...], ...]
Predict = Callable[[AnyArray], FloatArray]


class Shapley(Method):
    """Lundberg and Lee 2017, https://arxiv.org/abs/1705.07874: SHAP values.

    A column that is not known yet has the value of a row of the training part (interventional).
    Up to `MOST_EXACT` columns exactly; beyond, over orders drawn at random, each with its reverse
    (Mitchell et al. 2022, https://arxiv.org/abs/2104.12199), as many as time allows.
    """

    name = "shap"
    title = "SHAP values"
    reading = "Lundberg and Lee 2017, A Unified Approach to Interpreting Model Predictions"
    summary = (
        "How far each column moves the prediction away from the mean prediction; the columns sum "
        "to the whole."
    )

    def fits(self, subject: Subject) -> bool:
        return subject.signature.kind is Kind.TABLE

    def explain(
        self, subject: Subject, case: Case, readout: Readout, effort: Effort
    ) -> Contributions:
        assert case.background is not None

        def predict(rows: AnyArray) -> FloatArray:
            return subject.values(case.preprocessing.transform_x(rows), readout)

        background = case.background
        if len(case.columns) <= MOST_EXACT:
            values, baseline = exact(predict, case.x, background, case.columns)
            errors = np.zeros(0)
        else:
            if effort.is_rough:
                background = background[: max(1, len(background) // 4)]
            values, errors, baseline = sampled(predict, case.x, background, case.columns, effort)
        what = f"the mean prediction for {len(background):,} rows of the training part"
        tolerance = 1e-4 * max(1e-6, abs(baseline) + float(np.abs(values).sum()))
        return Contributions(values, baseline, what, tolerance, errors)


def exact(
    predict: Predict, x: AnyArray, background: AnyArray, players: Players
) -> tuple[FloatArray, float]:
    """Shapley's formula over all combinations.

    Args:
        predict: One number for each row.
        x: The row, (1, columns).
        background: What it is compared with, (rows, columns).
        players: Columns that are known or not known together.

    Returns:
        The value of each player, and the mean prediction for the background.
    """
    n = len(players)
    combinations = (np.arange(1 << n)[:, None] >> np.arange(n)) & 1
    known = _spread(combinations.astype(bool), players, x.shape[1])
    worth = np.empty(len(known))
    step = max(1, _ROWS_AT_ONCE // len(background))
    for start in range(0, len(known), step):
        some = known[start : start + step]
        rows = np.where(some[:, None, :], x[0], background)
        numbers = predict(rows.reshape(-1, x.shape[1]))
        worth[start : start + step] = numbers.reshape(len(some), -1).mean(axis=1)
    sizes = combinations.sum(axis=1)
    weights = [factorial(size) * factorial(n - size - 1) / factorial(n) for size in range(n)]
    values = np.zeros(n)
    for player in range(n):
        without = np.flatnonzero(combinations[:, player] == 0)
        gains = worth[without | (1 << player)] - worth[without]
        values[player] = float(gains @ np.array(weights)[sizes[without]])
    return values, float(worth[0])


def sampled(
    predict: Predict, x: AnyArray, background: AnyArray, players: Players, effort: Effort
) -> tuple[FloatArray, FloatArray, float]:
    """Means over orders in which the columns become known, each and its reverse.

    Every row of the background is used equally often, so that the values sum to the prediction
    less the mean prediction exactly; where time ends before the first round does, less that for
    the rows that were used.

    Args:
        predict, x, background, players: As of `exact`.
        effort: How long it may take.

    Returns:
        The value of each player, its standard error, and the mean prediction for the background.
    """
    n = len(players)
    rng = np.random.default_rng(_SEED)
    per_order = 2 * (n + 1)
    at_once = min(_ROWS_AT_ONCE, max(per_order, _MOST_NUMBERS // x.shape[1]))
    step = max(1, at_once // per_order)
    pairs: list[FloatArray] = []
    starts: list[float] = []
    for n_round in range(1 if effort.is_rough else _MOST_ROUNDS):
        for begin in range(0, len(background), step):
            some = background[begin : begin + step]
            gains, first = _one_pass(predict, x, some, players, rng)
            pairs.append(gains)
            starts += first.tolist()
            if effort.is_over and n_round == 0:
                break
        if effort.is_over:
            break
    found = np.concatenate(pairs)
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found)) if len(found) > 1 else np.zeros(n)
    return found.mean(axis=0), error, float(np.mean(starts))


def _one_pass(
    predict: Predict,
    x: AnyArray,
    background: AnyArray,
    players: Players,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """One order and its reverse for each row: gains, (rows, players), and what each row gives."""
    n = len(players)
    orders = np.stack([rng.permutation(n) for _ in background])
    orders = np.concatenate([orders, orders[:, ::-1]])
    ranks = np.argsort(orders, axis=1)
    # After k steps the players of a rank below k are known: (orders, steps, players).
    reached = ranks[:, None, :] < np.arange(n + 1)[None, :, None]
    known = _spread(reached.reshape(-1, n), players, x.shape[1])
    rows = np.where(known, x[0], np.repeat(np.tile(background, (2, 1)), n + 1, axis=0))
    worth = predict(rows).reshape(len(orders), n + 1)
    steps = np.diff(worth, axis=1)
    gains = np.take_along_axis(steps, ranks, axis=1)
    half = len(background)
    return (gains[:half] + gains[half:]) / 2, worth[:half, 0]


def _spread(known: AnyArray, players: Players, n_columns: int) -> AnyArray:
    """Which columns are known where players are, (n, n_columns) of (n, players)."""
    found = np.zeros((len(known), n_columns), bool)
    for place, columns in enumerate(players):
        found[:, list(columns)] = known[:, [place]]
    return found
