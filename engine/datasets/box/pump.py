"""A pump that fails now and then: a series in the box to find anomalies in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from engine.datasets.anomaly import as_anomalies
from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.datasets.box.made import data_seed
from engine.datasets.sequences.series import plain_reading
from engine.datasets.sequences.windows import Steps, WindowParameters, examples_of
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Task

FloatArray = npt.NDArray[np.float64]

CHANNELS = ("pressure", "current")
FAULTS = ("spike", "leak", "jam", "stuck sensor")
_STROKE = 16
"""Steps of one stroke of the pump."""
_MARGIN = 60
"""Steps between the faults, so that each is one."""


class PumpParameters(Parameters):
    """How long it is watched, and how often it fails."""

    window: int = parameter(
        32,
        label="Window",
        help="How many steps the network sees at once: at least one stroke, which takes 16.",
        unit="steps",
        ge=4,
        le=1_000,
    )
    stride: int = parameter(
        2,
        label="Stride",
        help="Steps from one window to the next. More makes fewer, less similar examples.",
        unit="steps",
        ge=1,
        le=1_000,
    )
    length: int = parameter(
        8_000, label="Length", help="How many steps are made.", unit="steps", ge=1_000, le=200_000
    )
    faults: float = parameter(
        3.0,
        label="Faults",
        help="How many faults there are in a thousand steps.",
        ge=0.5,
        le=8.0,
    )
    noise: float = parameter(
        0.1,
        label="Noise",
        help="Standard deviation of the noise of both sensors. More noise hides small faults.",
        ge=0.0,
        le=2.0,
    )
    seed: int = data_seed()


class Pump(Dataset):
    """Pressure and current of a pump, stroke after stroke, with faults of four kinds.

    Spike: one step far off. Leak: pressure falls while the current stays. Jam: strokes become slow
    and heavy. Stuck sensor: pressure stays what it was. All are within the usual range but the
    first, so that a limit on the values would miss them.
    """

    name = "pump"
    title = "Faults of a pump"
    description = (
        "Pressure and current of a pump, stroke after stroke. Now and then something is wrong: a "
        "spike, a leak, a jam, a stuck sensor. The network learns what is normal and finds the "
        "rest."
    )
    kind = Kind.SERIES
    task = Task.ANOMALY
    parameters = PumpParameters

    def load(self, parameters: PumpParameters, progress: Progress = silent) -> Examples:
        values, is_fault = pump(
            parameters.length, parameters.faults, parameters.noise, parameters.seed
        )
        channels = (*CHANNELS, "fault")
        steps = Steps.plain(np.column_stack([values, is_fault]), channels)
        windows = WindowParameters(window=parameters.window, stride=parameters.stride)
        reading = plain_reading(CHANNELS, CHANNELS[0], parameters.window)
        found = as_anomalies(examples_of(steps, CHANNELS[0], windows, reading), "fault")
        return replace(
            found,
            facts=(("Steps", f"{parameters.length:,}"), ("Window", f"{parameters.window:,} steps")),
            notes=(
                "A window is unusual where at least one of its steps belongs to a fault; what is "
                "known of the faults serves to measure alone.",
            ),
        )


def pump(
    length: int, faults: float, noise: float, seed: int
) -> tuple[FloatArray, npt.NDArray[np.float64]]:
    """Makes the series.

    Args:
        length: Steps.
        faults: Faults in a thousand steps.
        noise: Deviation of the sensors' noise.
        seed: Decides everything that is drawn.

    Returns:
        Pressure and current, (length, 2), and 1 where a fault is, else 0, (length,).
    """
    rng = np.random.default_rng(seed)
    speed = np.full(length, 1.0) + 0.02 * np.sin(2.0 * np.pi * np.arange(length) / 700.0)
    weight = np.ones(length)
    kinds, starts = _places(length, faults, rng)
    is_fault = np.zeros(length)
    spans = [
        (kind, start, start + _duration(kind, rng))
        for kind, start in zip(kinds, starts.tolist(), strict=True)
    ]
    for kind, start, end in spans:
        is_fault[start:end] = 1.0
        if kind == "jam":
            speed[start:end] *= 0.6
            weight[start:end] *= 1.3
    phase = 2.0 * np.pi * np.cumsum(speed) / _STROKE
    push = np.sin(phase) + 0.35 * np.sin(2.0 * phase + 0.6)
    pressure = 5.0 + 1.5 * push
    current = 2.0 + 0.6 * weight * np.cos(phase - 0.4)
    for kind, start, end in spans:
        if kind == "leak":
            pressure[start:end] = 5.0 + 0.5 * (pressure[start:end] - 5.0) - 0.6
    values = np.column_stack([pressure, current])
    values += rng.normal(0.0, noise, values.shape)
    for kind, start, end in spans:
        if kind == "spike":
            values[start, int(rng.integers(2))] += rng.choice([-1.0, 1.0]) * rng.uniform(1.5, 3.0)
        elif kind == "stuck sensor":
            values[start:end, 0] = values[start, 0]
    return values, is_fault


def _places(
    length: int, faults: float, rng: np.random.Generator
) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Kind and first step of each fault: all kinds equally often, apart from each other."""
    n_faults = max(len(FAULTS), round(length * faults / 1000.0))
    free = length - n_faults * 2 * _MARGIN
    gaps = np.sort(rng.integers(0, max(1, free), n_faults))
    starts = gaps + _MARGIN + 2 * _MARGIN * np.arange(n_faults)
    kinds = [FAULTS[number % len(FAULTS)] for number in range(n_faults)]
    rng.shuffle(kinds)
    return kinds, np.minimum(starts, length - _MARGIN).astype(np.int64)


def _duration(kind: str, rng: np.random.Generator) -> int:
    return 1 if kind == "spike" else int(rng.integers(_STROKE, 3 * _STROKE))
