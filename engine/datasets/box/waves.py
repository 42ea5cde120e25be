"""Series in the box: seasons with a trend, and the chaos of Mackey and Glass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.datasets.box.made import data_seed
from engine.datasets.sequences.series import plain_reading
from engine.datasets.sequences.windows import Steps, WindowParameters, examples_of
from engine.spec.parameters import parameter
from engine.spec.signature import Kind, Task

FloatArray = npt.NDArray[np.float64]

_LENGTH_HELP = "How many steps are made."
_NOISE_HELP = "Standard deviation of the noise added to each step. More noise, harder to forecast."


class SeasonsParameters(WindowParameters):
    """What the series is made of."""

    window: int = parameter(
        28,
        label="Window",
        help="How many past steps the network sees. At least one season.",
        unit="steps",
        ge=1,
        le=1_000,
    )
    length: int = parameter(
        2_000, label="Length", help=_LENGTH_HELP, unit="steps", ge=200, le=200_000
    )
    noise: float = parameter(0.5, label="Noise", help=_NOISE_HELP, ge=0.0, le=100.0)
    trend: float = parameter(
        0.01, label="Trend", help="By how much the series grows with each step.", ge=-10.0, le=10.0
    )
    season: int = parameter(
        7,
        label="Season",
        help="Steps after which the short season repeats.",
        unit="steps",
        ge=2,
        le=500,
    )
    seed: int = data_seed()


class Seasons(Dataset):
    """10 + trend·t + 3·week(t) + 2·sin(2πt/365) + ε: as daily sales may look.

    The short season is no sine: a pattern drawn from the seed, with mean 0 and deviation 1.
    """

    name = "seasons"
    title = "Seasons and a trend"
    description = (
        "A weekly pattern, a yearly wave, a trend and noise, as daily sales may look. "
        "What comes next?"
    )
    kind = Kind.SERIES
    task = Task.FORECASTING
    parameters = SeasonsParameters

    def load(self, parameters: SeasonsParameters, progress: Progress = silent) -> Examples:
        rng = np.random.default_rng(parameters.seed)
        pattern = rng.normal(size=parameters.season)
        pattern = (pattern - pattern.mean()) / pattern.std()
        t = np.arange(parameters.length)
        values = (
            10.0
            + parameters.trend * t
            + 3.0 * pattern[t % parameters.season]
            + 2.0 * np.sin(2.0 * np.pi * t / 365.0)
            + rng.normal(0.0, parameters.noise, parameters.length)
        )
        return _examples(
            values,
            parameters,
            f"No forecast can be better than the noise, which has deviation {parameters.noise:g}.",
        )


class MackeyGlassParameters(WindowParameters):
    """The delay and the noise."""

    length: int = parameter(
        3_000, label="Length", help=_LENGTH_HELP, unit="steps", ge=200, le=200_000
    )
    noise: float = parameter(0.0, label="Noise", help=_NOISE_HELP, ge=0.0, le=1.0)
    tau: int = parameter(
        17,
        label="Delay τ",
        help="How far back the series remembers. It repeats below 17 and is chaotic from there.",
        unit="time units",
        ge=1,
        le=100,
    )
    seed: int = data_seed()


class MackeyGlass(Dataset):
    """Chaos: dx/dt = 0.2·x(t-τ) / (1 + x(t-τ)¹⁰) - 0.1·x(t), one value per unit of time."""

    name = "mackey_glass"
    title = "Chaos (Mackey-Glass)"
    description = (
        "How the number of blood cells may swing when the body answers late: ruled by one simple "
        "equation, and yet chaotic. What comes next?"
    )
    kind = Kind.SERIES
    task = Task.FORECASTING
    parameters = MackeyGlassParameters

    def load(self, parameters: MackeyGlassParameters, progress: Progress = silent) -> Examples:
        rng = np.random.default_rng(parameters.seed)
        begin = 1.2 + 0.1 * rng.normal()
        values = mackey_glass(parameters.length, parameters.tau, max(0.1, begin))
        noisy = values + rng.normal(0.0, parameters.noise, parameters.length)
        return _examples(
            noisy,
            parameters,
            "One step ahead is easy, for the series is smooth; the farther the horizon, the more "
            "its chaos shows.",
        )


def mackey_glass(length: int, tau: int, begin: float = 1.2) -> FloatArray:
    """Integrates the equation of Mackey and Glass (1977), Science 197(4300):287-289.

    Parameters as in the usual benchmark (β = 0.2, γ = 0.1, n = 10); fourth-order Runge-Kutta with
    steps of 0.1, the delayed value between steps interpolated by a cubic; the past before 0 is
    constant, and the first 500 units of time are left out.

    Args:
        length: How many values, one per unit of time.
        tau: Delay in units of time.
        begin: The constant past.

    Returns:
        (length,).
    """
    per_unit, warm_up = 10, 500
    n_steps, delay = (length + warm_up) * per_unit, tau * per_unit
    size = 1.0 / per_unit
    history = [begin] * (delay + 1)

    def slope(x: float, delayed: float) -> float:
        return 0.2 * delayed / (1.0 + delayed**10) - 0.1 * x

    for now in range(delay, delay + n_steps):
        x, old, new = history[now], history[now - delay], history[now - delay + 1]
        before = history[max(0, now - delay - 1)]
        after = history[min(now, now - delay + 2)]
        middle = (9.0 * (old + new) - before - after) / 16.0
        first = slope(x, old)
        second = slope(x + 0.5 * size * first, middle)
        third = slope(x + 0.5 * size * second, middle)
        fourth = slope(x + size * third, new)
        history.append(x + size * (first + 2.0 * second + 2.0 * third + fourth) / 6.0)
    values = np.array(history[delay:])
    return values[warm_up * per_unit :: per_unit][:length]


def _examples(values: FloatArray, parameters: WindowParameters, note: str) -> Examples:
    channels = ("value",)
    reading = plain_reading(channels, "value", parameters.window)
    steps = Steps.plain(values[:, np.newaxis], channels)
    return replace(examples_of(steps, "value", parameters, reading), notes=(note,))
