"""Telephone keypad tones (DTMF) in noise, made on the spot: single keys, and dialled numbers.

Each key is the sum of a low and a high tone (ITU-T Recommendation Q.23). What Q.24 lets a receiver
expect is drawn at random for each tone: frequencies a little off, one tone stronger than the other
("twist"), any phase, level, length and place.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.datasets.box.made import data_seed
from engine.datasets.sounds.sound_files import to_int16
from engine.datasets.summaries import distribution
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Task

FloatArray = npt.NDArray[np.float64]

LOW_HERTZ = (697.0, 770.0, 852.0, 941.0)
HIGH_HERTZ = (1209.0, 1336.0, 1477.0, 1633.0)
KEYPAD = ("123A", "456B", "789C", "*0#D")
"""Rows of the keypad have the low tones, columns the high ones."""

MAX_DETUNING = 0.015
"""Q.24: tones off by up to 1.5 % are accepted."""
MAX_TWIST_DB = 4.0
"""Q.24: the weaker tone may be this much softer (4 to 8 dB, by country)."""
MIN_TONE_S, MIN_GAP_S = 0.040, 0.040
"""Q.24: shorter tones and pauses need not be told apart."""

_LEVELS_DB = (-26.0, -6.0)
_RAMP_S = 0.003


class ToneParameters(Parameters):
    """What both data sets of tones have in common."""

    n_samples: int = parameter(
        1_000, label="Examples", help="How many recordings are made.", ge=50, le=100_000
    )
    noise: float = parameter(
        6.0,
        label="Noise",
        help="Level of the noise against that of the tones: 0 dB is as loud, -20 dB a tenth of "
        "the amplitude. Each recording draws from 20 dB less up to this.",
        unit="dB",
        ge=-60.0,
        le=20.0,
    )
    rate: int = parameter(
        8_000,
        label="Sample rate",
        help="Samples per second; telephones take 8,000.",
        unit="Hz",
        ge=4_000,
        le=48_000,
        advanced=True,
    )
    seed: int = data_seed()


class KeypadParameters(ToneParameters):
    """Which keys, and how long a recording is."""

    seconds: float = parameter(
        0.5, label="Length", help="Length of each recording.", unit="s", ge=0.2, le=10.0
    )
    letters: bool = parameter(
        False,
        label="Letters",
        help="Also the keys A to D, which few telephones have: 16 keys instead of 12.",
    )


class KeypadTones(Dataset):
    """One key in each recording, at a random moment, in noise of a random level and colour."""

    name = "keypad_tones"
    title = "Keypad tones"
    description = (
        "Which telephone key was pressed? Two tones at once (DTMF), of random length, level and "
        "balance, a little out of tune, somewhere in noise or a humming line."
    )
    kind = Kind.AUDIO
    task = Task.CLASSIFICATION
    parameters = KeypadParameters

    def load(self, parameters: KeypadParameters, progress: Progress = silent) -> Examples:
        """Returns x as int16 (n_samples, rate × seconds) and y as the index of the key."""
        rng = np.random.default_rng(parameters.seed)
        keys = "".join(row if parameters.letters else row[:3] for row in KEYPAD)
        length = round(parameters.seconds * parameters.rate)
        y = rng.permutation(np.arange(parameters.n_samples) % len(keys))
        x = np.empty((parameters.n_samples, length), np.int16)
        noise_db = np.empty(parameters.n_samples)
        for row, key in enumerate(y):
            if row % 100 == 0:
                progress("Making tones", row, parameters.n_samples)
            level = _draw_level(rng)
            longest = min(0.4, 0.9 * parameters.seconds)
            wave = np.zeros(length)
            _add(wave, _tone(rng, keys[key], rng.uniform(0.06, longest), parameters.rate), rng)
            noise_db[row] = _draw_noise(rng, parameters.noise)
            x[row] = to_int16(_on_a_line(rng, wave, level, noise_db[row], parameters.rate))
        return Examples(
            x=x,
            y=y.astype(np.int64),
            kind=self.kind,
            task=self.task,
            target_name="key",
            class_names=tuple(keys),
            facts=_facts(parameters.rate, parameters.seconds),
            distributions=(distribution("Noise against tones", noise_db, "dB"),),
            rate=parameters.rate,
            reading={"rate": parameters.rate},
        )


class DialledParameters(ToneParameters):
    """How long the numbers are."""

    n_samples: int = parameter(
        2_000, label="Examples", help="How many recordings are made.", ge=50, le=100_000
    )
    min_digits: int = parameter(
        3, label="Fewest digits", help="Digits of the shortest number.", ge=1, le=20
    )
    max_digits: int = parameter(
        8,
        label="Most digits",
        help="Digits of the longest number. Recordings are as long as it may take.",
        ge=1,
        le=20,
    )


class DialledNumbers(Dataset):
    """Numbers dialled by people of different haste; what is heard is written down."""

    name = "dialled_numbers"
    title = "Dialled numbers"
    description = (
        "Which number was dialled? Keypad tones one after another, fast or slow, in noise; the "
        "model writes the digits down, of any number, without being told where each is."
    )
    kind = Kind.AUDIO
    task = Task.TRANSCRIPTION
    parameters = DialledParameters

    def load(self, parameters: DialledParameters, progress: Progress = silent) -> Examples:
        """Returns x as int16 (n_samples, length) and y as the digits, (n_samples,) of str."""
        rng = np.random.default_rng(parameters.seed)
        fewest = min(parameters.min_digits, parameters.max_digits)
        most = max(parameters.min_digits, parameters.max_digits)
        seconds = 0.3 + most * (_SLOWEST_TONE_S + _SLOWEST_GAP_S)
        length = round(seconds * parameters.rate)
        x = np.empty((parameters.n_samples, length), np.int16)
        y = np.empty(parameters.n_samples, object)
        for row in range(parameters.n_samples):
            if row % 100 == 0:
                progress("Making tones", row, parameters.n_samples)
            y[row] = "".join(rng.choice(list("0123456789"), rng.integers(fewest, most + 1)))
            wave = np.zeros(length)
            _add(wave, _dialled(rng, y[row], parameters.rate), rng)
            noise = _draw_noise(rng, parameters.noise)
            line = _on_a_line(rng, wave, _draw_level(rng), noise, parameters.rate)
            x[row] = to_int16(line)
        return Examples(
            x=x,
            y=y,
            kind=self.kind,
            task=self.task,
            target_name="number",
            facts=_facts(parameters.rate, seconds),
            distributions=(distribution("Digits", [len(text) for text in y], "digits"),),
            rate=parameters.rate,
            reading={"rate": parameters.rate},
        )


_SLOWEST_TONE_S, _SLOWEST_GAP_S = 0.16, 0.16


def _dialled(rng: np.random.Generator, digits: str, rate: int) -> FloatArray:
    """The tones of a number with pauses between them; each caller has a haste of their own."""
    tone_s = rng.uniform(MIN_TONE_S + 0.02, _SLOWEST_TONE_S / 1.25)
    gap_s = rng.uniform(MIN_GAP_S + 0.01, _SLOWEST_GAP_S / 1.25)
    pieces: list[FloatArray] = []
    for digit in digits:
        pieces.append(_tone(rng, digit, tone_s * rng.uniform(0.8, 1.25), rate))
        pieces.append(np.zeros(round(gap_s * rng.uniform(0.8, 1.25) * rate)))
    return np.concatenate(pieces[:-1])


def _tone(rng: np.random.Generator, key: str, seconds: float, rate: int) -> FloatArray:
    """The tone of a key, its stronger half of amplitude 1, (samples,)."""
    row = next(index for index, keys in enumerate(KEYPAD) if key in keys)
    pair = np.array([LOW_HERTZ[row], HIGH_HERTZ[KEYPAD[row].index(key)]])
    pair *= 1.0 + rng.uniform(-MAX_DETUNING, MAX_DETUNING, 2)
    amplitudes = np.ones(2)
    amplitudes[rng.integers(2)] = 10.0 ** (-rng.uniform(0.0, MAX_TWIST_DB) / 20.0)
    times = np.arange(round(seconds * rate)) / rate
    phases = rng.uniform(0.0, 2.0 * np.pi, 2)
    waves = np.sin(2.0 * np.pi * pair[:, np.newaxis] * times + phases[:, np.newaxis])
    # Switched on and off within milliseconds, as without a click.
    ramp = np.minimum(1.0, np.minimum(times, times[::-1]) / _RAMP_S)
    return np.asarray(amplitudes @ waves * ramp, np.float64)


def _add(wave: FloatArray, piece: FloatArray, rng: np.random.Generator) -> None:
    """Puts a piece somewhere into a wave."""
    start = rng.integers(0, len(wave) - len(piece) + 1)
    wave[start : start + len(piece)] += piece


def _draw_level(rng: np.random.Generator) -> float:
    """Amplitude of the stronger tone; two of them stay within full scale."""
    return float(10.0 ** (rng.uniform(*_LEVELS_DB) / 20.0)) / 2.0


def _draw_noise(rng: np.random.Generator, loudest_db: float) -> float:
    return float(rng.uniform(loudest_db - 20.0, loudest_db))


def _on_a_line(
    rng: np.random.Generator, wave: FloatArray, level: float, noise_db: float, rate: int
) -> FloatArray:
    """Adds noise, white to pink, and on some lines the hum of the mains with overtones.

    Args:
        rng: Source of what is drawn.
        wave: Tones of amplitude 1, (samples,).
        level: Their amplitude on the line.
        noise_db: Power of the noise against that of one tone.
        rate: Samples per second.
    """
    spectrum = np.fft.rfft(rng.normal(size=len(wave)))
    steepness = rng.uniform(0.0, 0.5)
    spectrum *= np.maximum(np.arange(len(spectrum)), 1.0) ** -steepness
    noise = np.fft.irfft(spectrum, len(wave))
    noise /= noise.std()
    if rng.uniform() < 0.3:
        times = np.arange(len(wave)) / rate
        mains = rng.choice([50.0, 60.0])
        for overtone in (1, 2, 3, 5):
            phase = rng.uniform(0.0, 2.0 * np.pi)
            noise += np.sin(2.0 * np.pi * mains * overtone * times + phase) / overtone
    power = 0.5 * 10.0 ** (noise_db / 10.0)
    return np.asarray(level * (wave + np.sqrt(power) * noise / noise.std()), np.float64)


def _facts(rate: int, seconds: float) -> tuple[tuple[str, str], ...]:
    return (
        ("Sample rate", f"{rate / 1000:g} kHz"),
        ("Channels", "mono"),
        ("Clip length", f"{seconds:.3g} s"),
    )
