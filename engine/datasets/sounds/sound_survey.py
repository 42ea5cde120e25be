"""Looks at some of many sound files: headers for rate and length, some clips for silence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import Progress
from engine.datasets.file_tables import FileTableParameters
from engine.datasets.sounds.sound_files import (
    MAX_SECONDS,
    SoundHeader,
    Waveform,
    read_clip,
    read_header,
    read_peak,
)
from engine.datasets.summaries import distribution
from engine.datasets.survey import evenly, read_heads
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.events.profile import Distribution
from engine.spec.formatting import percent_text
from engine.spec.parameters import parameter

_HEADERS, _CLIPS = 400, 64
_MAX_CHOSEN_RATE = 16_000
_LONGEST_CHOSEN_S = 30.0
# Ears hear nothing below this: 70 dB under full scale.
_SILENT_PEAK = 10
# This many samples at the very limit do not happen by chance.
_CLIPPED_SAMPLES = 8
_LIMIT = 32_767
# Fractions go a little over 1 where something was mixed, but not 18 dB.
_BEYOND_LOUD = 8.0
_FULL_SCALES = (1 << 15, 1 << 23, 1 << 31)


class SoundParameters(FileTableParameters):
    """How recordings are made alike."""

    rate: int | None = parameter(
        None,
        label="Sample rate",
        help="All recordings are resampled to it. Left open: the most frequent one, but no more "
        "than 16,000, which holds all of speech.",
        unit="Hz",
        ge=2_000,
        le=48_000,
    )
    seconds: float | None = parameter(
        None,
        label="Clip length",
        help="Longer recordings are cut (for transcription: skipped), shorter ones padded with "
        "silence. Left open: long enough for 95 of 100, for transcription for all; 30 at most.",
        unit="s",
        ge=0.1,
        le=MAX_SECONDS,
    )


@dataclass(frozen=True)
class ClipReader:
    """Reads one file as every other.

    Attributes:
        rate: Samples per second.
        n_samples: Samples in a clip.
        cut: Longer recordings are cut; otherwise they are refused.
        full_scale: The loudest sample that files of fractions can hold.
    """

    rate: int
    n_samples: int
    cut: bool = True
    full_scale: float = 1.0

    def __call__(self, path: Path) -> Waveform:
        return read_clip(path, self.rate, self.n_samples, self.cut, self.full_scale)

    @property
    def reading(self) -> dict[str, Any]:
        """What `read_inputs` needs to read other recordings alike, as JSON values."""
        scale = {} if self.full_scale == 1.0 else {"full_scale": self.full_scale}
        return {"rate": self.rate, "cut": self.cut, **scale}

    @property
    def seconds(self) -> float:
        """Length of a clip."""
        return self.n_samples / self.rate


@dataclass(frozen=True)
class Survey:
    """What was found in the files looked at.

    Attributes:
        headers: By index of the file.
        bad: Why a file cannot be used, by index.
        reader: Makes all files alike.
        findings: Silent and overdriven recordings.
    """

    headers: dict[int, SoundHeader]
    bad: dict[int, str]
    reader: ClipReader
    findings: tuple[DataFinding, ...]

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What was found, as label and value."""
        heads, reader = list(self.headers.values()), self.reader
        others = sorted({head.rate for head in heads} - {reader.rate})
        shown = ", ".join(_kilohertz(rate) for rate in others[:4]) + (", …" if others[4:] else "")
        mixed = any(head.channels > 1 for head in heads)
        encodings = Counter(head.encoding for head in heads).most_common(3)
        return (
            ("Sample rate", _kilohertz(reader.rate) + (f"; resampled: {shown}" if others else "")),
            ("Channels", "mixed to mono" if mixed else "mono"),
            ("Clip length", f"{reader.seconds:.3g} s{self._fit}"),
            ("Files", "; ".join(name for name, _ in encodings)),
        )

    @property
    def _fit(self) -> str:
        """How many recordings are longer or shorter than a clip, in words."""
        seconds = np.array([head.seconds for head in self.headers.values()])
        exact = 1.0 / self.reader.rate
        longer = float(np.mean(seconds > self.reader.seconds + exact))
        shorter = float(np.mean(seconds < self.reader.seconds - exact))
        words = []
        if longer:
            words.append(f"{percent_text(longer)} {'cut' if self.reader.cut else 'too long'}")
        if shorter:
            words.append(f"{percent_text(shorter)} padded with silence")
        return f" ({', '.join(words)})" if words else ""

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        """Lengths of the recordings looked at."""
        seconds = [head.seconds for head in self.headers.values()]
        return (distribution("Length of recordings", seconds, "s"),)


def survey(
    paths: Sequence[Path],
    names: Sequence[str],
    parameters: SoundParameters,
    cut: bool,
    exclude: Sequence[str],
    progress: Progress,
) -> Survey:
    """Looks at files drawn evenly and chooses what is left open.

    Args:
        paths: The files, at least one.
        names: What they are called.
        parameters: What is wanted.
        cut: Recordings may be cut; otherwise longer ones are skipped.
        exclude: What is left out already; remedies keep it.
        progress: Told how far it is.

    Raises:
        DatasetError: None of those looked at can be read.
        Cancelled: Someone asked to stop.
    """
    headers, bad = read_heads(paths, names, _HEADERS, read_header, "recordings", progress)
    reader = choose_reader(list(headers.values()), parameters, cut)
    fractions = [index for index, head in headers.items() if head.is_fractions]
    reader, findings = _scaled(paths, fractions, reader, progress)
    findings += _listen(paths, names, list(headers), reader, exclude, progress)
    return Survey(headers, bad, reader, findings)


def _scaled(
    paths: Sequence[Path], fractions: Sequence[int], reader: ClipReader, progress: Progress
) -> tuple[ClipReader, tuple[DataFinding, ...]]:
    """Fractions lie between -1 and 1, unless whole numbers were saved as such."""
    peaks: list[float] = []
    chosen = [fractions[place] for place in evenly(len(fractions), _CLIPS)]
    for done, index in enumerate(chosen):
        progress("Listening to recordings", done, len(chosen))
        try:
            peaks.append(read_peak(paths[index], reader.seconds))
        except (DatasetError, OSError):
            continue  # told where all files are read
    if not peaks or np.median(peaks) < _BEYOND_LOUD:
        return reader, ()
    loudest = max(peaks)
    scale = next((scale for scale in _FULL_SCALES if scale >= loudest), loudest)
    text = (
        f"Recordings saved as fractions reach {loudest:,.0f}, not 1; {scale:,.0f} was taken as the "
        "loudest there can be."
    )
    finding = DataFinding(Trouble.UNDERSTOOD, "", text)
    return replace(reader, full_scale=float(scale)), (finding,)


def choose_reader(
    headers: Sequence[SoundHeader], parameters: SoundParameters, cut: bool
) -> ClipReader:
    """Closes the open choices of rate and length for recordings with these headers."""
    rates = Counter(header.rate for header in headers)
    # Of equally frequent rates the higher, from which nothing is lost.
    most = max(rates, key=lambda rate: (rates[rate], rate))
    rate = parameters.rate or max(2_000, min(most, _MAX_CHOSEN_RATE))
    seconds = parameters.seconds
    if seconds is None:
        lengths = [header.seconds for header in headers]
        wanted = float(np.quantile(lengths, 0.95) if cut else np.max(lengths))
        # Up to the next tenth of a second.
        seconds = min(_LONGEST_CHOSEN_S, max(1, math.ceil(wanted * 10.0 - 1e-6)) / 10.0)
    return ClipReader(rate, round(seconds * rate), cut)


def _listen(
    paths: Sequence[Path],
    names: Sequence[str],
    readable: Sequence[int],
    reader: ClipReader,
    exclude: Sequence[str],
    progress: Progress,
) -> tuple[DataFinding, ...]:
    """Finds silent and overdriven recordings among a few; others than those cannot be read."""
    silent, clipped = [], []
    chosen = [readable[place] for place in evenly(len(readable), _CLIPS)]
    for done, index in enumerate(chosen):
        progress("Listening to recordings", done, len(chosen))
        try:
            wave = np.abs(reader(paths[index]).astype(np.int32))
        except (DatasetError, OSError):
            continue  # told where all files are read
        if wave.max() <= _SILENT_PEAK:
            silent.append(names[index])
        elif np.count_nonzero(wave >= _LIMIT) >= _CLIPPED_SAMPLES:
            clipped.append(names[index])
    found = []
    if silent:
        text = f"{len(silent)} of {len(chosen)} recordings listened to are silent."
        remedy = Remedy("Leave them out", {"data.exclude": (*exclude, *silent)})
        shown = tuple(silent[:MAX_NAMES])
        found.append(DataFinding(Trouble.CONSTANT, "", text, shown, len(silent), (remedy,)))
    if clipped:
        text = (
            f"{len(clipped)} of {len(chosen)} recordings listened to are overdriven: their peaks "
            "are cut off."
        )
        shown = tuple(clipped[:MAX_NAMES])
        found.append(DataFinding(Trouble.UNDERSTOOD, "", text, shown, len(clipped)))
    return tuple(found)


def _kilohertz(rate: int) -> str:
    return f"{rate / 1000:g} kHz"
