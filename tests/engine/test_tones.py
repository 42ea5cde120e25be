"""Keypad tones: what is heard is what the label says, measured by Fourier transform."""

from __future__ import annotations

import numpy as np
import pytest
from bad_values import bad_value_id, bad_values, field_refused

from engine.datasets import DATASETS
from engine.datasets.box.tones import (
    HIGH_HERTZ,
    KEYPAD,
    LOW_HERTZ,
    MAX_DETUNING,
    DialledNumbers,
    DialledParameters,
    KeypadParameters,
    KeypadTones,
)
from engine.errors import SpecError
from engine.spec.parameters import validate
from engine.spec.signature import Kind, Task

QUIET = -60.0


def peaks(wave: np.ndarray, rate: int) -> tuple[float, float]:
    """Hertz of the strongest low and the strongest high frequency."""
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 8 * len(wave)))
    hertz = np.arange(len(spectrum)) * rate / (8 * len(wave))
    low = np.where((hertz > 600) & (hertz < 1_050), spectrum, 0).argmax()
    high = np.where((hertz > 1_050) & (hertz < 1_800), spectrum, 0).argmax()
    return float(hertz[low]), float(hertz[high])


def key_of(low: float, high: float) -> str:
    row = int(np.abs(np.array(LOW_HERTZ) - low).argmin())
    column = int(np.abs(np.array(HIGH_HERTZ) - high).argmin())
    return KEYPAD[row][column]


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_each_key_has_its_two_frequencies(rate):
    examples = KeypadTones().load(
        KeypadParameters(n_samples=64, letters=True, noise=QUIET, rate=rate)
    )
    assert examples.class_names == tuple("123A456B789C*0#D")
    for wave, label in zip(examples.x, examples.y, strict=True):
        low, high = peaks(wave, rate)
        key = examples.class_names[label]
        assert key_of(low, high) == key
        row = next(index for index, keys in enumerate(KEYPAD) if key in keys)
        # Half a bin of the shortest tone, 60 ms, beside the detuning.
        off = lambda hertz: hertz * MAX_DETUNING + 8  # noqa: E731
        assert low == pytest.approx(LOW_HERTZ[row], abs=off(LOW_HERTZ[row]))
        wanted = HIGH_HERTZ[KEYPAD[row].index(key)]
        assert high == pytest.approx(wanted, abs=off(wanted))


def test_shapes_types_and_balance():
    examples = KeypadTones().load(KeypadParameters(n_samples=120))
    assert (examples.kind, examples.task, examples.rate) == (
        Kind.AUDIO,
        Task.CLASSIFICATION,
        8_000,
    )
    assert (examples.x.shape, examples.x.dtype) == ((120, 4_000), np.int16)
    assert np.bincount(examples.y).tolist() == [10] * 12
    assert len(examples.class_names) == 12


def test_noise_is_as_loud_as_asked():
    loud = KeypadTones().load(KeypadParameters(n_samples=200, noise=20.0))
    quiet = KeypadTones().load(KeypadParameters(n_samples=200, noise=-40.0))
    (distribution,) = loud.distributions
    assert distribution.edges[0] >= 0
    assert distribution.edges[-1] <= 20
    assert np.median(loud.x.std(axis=1)) > 1.5 * np.median(quiet.x.std(axis=1))
    assert not (np.abs(quiet.x.astype(int)) >= 32_767).any()


def test_levels_lengths_and_moments_differ():
    x = KeypadTones().load(KeypadParameters(n_samples=100, noise=QUIET)).x.astype(float)
    loud = np.abs(x) > 0.2 * np.abs(x).max(axis=1, keepdims=True)
    starts, lengths = loud.argmax(axis=1) / 8_000, loud.sum(axis=1) / 8_000
    assert np.ptp(starts) > 0.2
    assert np.ptp(lengths) > 0.1
    levels = 20 * np.log10(np.abs(x).max(axis=1))
    assert np.ptp(levels) > 12


def runs_of(wave: np.ndarray, rate: int) -> list[slice]:
    """Stretches of sound between pauses of 20 ms or more."""
    width = round(0.010 * rate)
    power = np.convolve(np.square(wave.astype(float)), np.ones(width) / width, "same")
    loud = power > 0.05 * power.max()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]])))
    return [slice(*pair) for pair in edges.reshape(-1, 2) if pair[1] - pair[0] > width]


def test_dialled_numbers_are_heard_digit_by_digit():
    examples = DialledNumbers().load(DialledParameters(n_samples=50, noise=QUIET))
    assert (examples.task, examples.x.dtype) == (Task.TRANSCRIPTION, np.int16)
    for wave, number in zip(examples.x, examples.y, strict=True):
        assert 3 <= len(number) <= 8
        heard = [key_of(*peaks(wave[run], 8_000)) for run in runs_of(wave, 8_000)]
        assert "".join(heard) == number


def test_the_longest_numbers_fit():
    examples = DialledNumbers().load(DialledParameters(n_samples=50, min_digits=20, max_digits=20))
    assert {len(number) for number in examples.y} == {20}


def test_fewest_and_most_digits_may_be_given_in_either_order():
    examples = DialledNumbers().load(DialledParameters(n_samples=50, min_digits=6, max_digits=4))
    assert {len(number) for number in examples.y} <= {4, 5, 6}


@pytest.mark.parametrize("name", ["keypad_tones", "dialled_numbers"])
def test_the_same_seed_makes_the_same_data(name):
    dataset = DATASETS[name]
    one, other, different = (
        dataset.load(dataset.parameters(n_samples=50, seed=seed)) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one.x, other.x)
    np.testing.assert_array_equal(one.y, other.y)
    assert not np.array_equal(one.x, different.x)


@pytest.mark.parametrize(
    ("declared", "name", "value"),
    [
        (declared, *bad)
        for declared in (KeypadParameters, DialledParameters)
        for bad in bad_values(declared)
    ],
    ids=bad_value_id,
)
def test_values_out_of_range_are_refused_by_name(declared, name, value):
    with pytest.raises(SpecError) as caught:
        validate(declared, {name: value}, "data.parameters")
    assert field_refused(caught.value, f"data.parameters.{name}")
