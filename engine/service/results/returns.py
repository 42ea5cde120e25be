"""Lets a policy act for itself where its environment is there: the return of a hundred episodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, Progress
from engine.datasets.box.cartpole import CartPole, controller, play_many
from engine.inference.evaluation.analysis import Analysis
from engine.inference.evaluation.evaluation import predicted_classes
from engine.inference.evaluation.intervals import Resampling
from engine.inference.evaluation.measured import Measured, mean_of
from engine.service.results.opened_run import OpenedRun
from engine.spec.signature import Task

N_EPISODES = 100
FIRST_SEED = 10_000


def has_environment(run: OpenedRun) -> bool:
    """Whether the policy of a run can be let act: of CartPole, the one in the box."""
    data = run.record.spec.data
    is_policy = run.contract.input_spec.signature.task is Task.CONTROL
    return is_policy and data.source == CartPole.name


def with_returns(run: OpenedRun, analysis: Analysis, progress: Progress) -> Analysis:
    """An analysis with the return of a hundred episodes, beside chance and the demonstrator.

    The return is the steps for which the pole stays up, as in gymnasium's CartPole-v1, 500 at
    most. All begin alike for each policy.

    Raises:
        WorkspaceError: The model cannot be read.
        Cancelled: Someone asked to stop.
    """
    rng, gains = np.random.default_rng(0), controller()
    seeds = range(FIRST_SEED, FIRST_SEED + N_EPISODES)

    def own(seen: AnyArray) -> AnyArray:
        return predicted_classes(run.model.answer(seen))

    def watch(step: int, n_steps: int) -> None:
        progress("Balancing", step, n_steps)

    returns = play_many(own, seeds, watch)
    by_chance = play_many(lambda seen: rng.integers(0, 2, len(seen)), seeds, watch)
    demonstrated = play_many(lambda seen: (seen @ gains > 0).astype(np.int64), seeds, watch)
    measured = Measured(Resampling(N_EPISODES))
    sums = measured.resampling.sums(np.stack([returns, np.ones(N_EPISODES)], axis=1))
    measured.add(["mean_return"], measured.resampling.resampled(sums, mean_of))
    found: dict[str, Any] = {
        "episodes": N_EPISODES,
        "mean": float(returns.mean()),
        "interval": list(measured.intervals["mean_return"]),
        "each": returns.tolist(),
        "by_chance": float(by_chance.mean()),
        "demonstrator": float(demonstrated.mean()),
    }
    return replace(
        analysis,
        metrics={**analysis.metrics, **measured.metrics},
        intervals={**analysis.intervals, **measured.intervals},
        methods={**analysis.methods, **measured.methods},
        extra={**analysis.extra, "returns": found},
    )
