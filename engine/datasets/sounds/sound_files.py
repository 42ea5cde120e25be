"""Reads sound files: the header first, then no more than is needed, as 16-bit mono at one rate.

Reasons why a file cannot be used continue its name: ``is not a sound file``.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from engine.errors import DatasetError

if TYPE_CHECKING:
    from soundfile import SoundFile

    from engine.datasets.base import InputSpec

Waveform = npt.NDArray[np.int16]

SOUND_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif")
MAX_SECONDS = 60.0
"""No clip is longer, whatever its file holds."""
MIN_RATE, MAX_RATE = 1_000, 768_000
"""Sample rates of files that are believed; others are taken for damage."""

_FULL_SCALE = 32_768.0
_BLOCK = 1 << 16
_FRACTIONS = ("FLOAT", "DOUBLE")
# Compressed files state their length only roughly; less than this share of it was cut off.
_COMPLETE_SHARE = 0.9
# Written by programs that send a WAV file down a pipe and cannot know its length.
_UNKNOWN_SIZES = (0x7FFF_FFFF, 0xFFFF_FFFF)


@dataclass(frozen=True)
class SoundHeader:
    """What a file says of itself.

    Attributes:
        rate: Samples per second.
        channels: 1 for mono, 2 for stereo.
        n_frames: Samples in each channel.
        encoding: Such as ``WAV, 16 bit PCM``.
        is_fractions: Samples are stored as fractions, usually of -1 to 1.
    """

    rate: int
    channels: int
    n_frames: int
    encoding: str
    is_fractions: bool = False

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.n_frames / self.rate


def read_header(path: Path) -> SoundHeader:
    """Reads a file's header alone, however long the sound.

    Raises:
        DatasetError: It is no sound file, is empty, or its header lies.
        OSError: It cannot be opened.
    """
    with path.open("rb") as file, _opened(file) as sound:
        return _header(sound)


def read_peak(path: Path, seconds: float) -> float:
    """The loudest sample of a file's beginning, mixed to mono.

    Raises:
        DatasetError: It is no sound file, is empty or damaged.
        OSError: It cannot be opened.
    """
    with path.open("rb") as file, _opened(file) as sound:
        header = _header(sound)
        values = _read(sound, min(header.n_frames, math.ceil(seconds * header.rate)))
    return float(np.abs(values).max(initial=0.0))


def read_clip(
    path: Path, rate: int, n_samples: int, cut: bool = True, full_scale: float = 1.0
) -> Waveform:
    """Reads the beginning of a file, mixed to mono and resampled.

    A file at the same rate with one channel of 16 bits gives its own numbers.

    Args:
        path: The file.
        rate: Wanted samples per second.
        n_samples: Wanted length; shorter sounds are padded with silence at the end.
        cut: Take the beginning of longer sounds; otherwise they are refused.
        full_scale: The loudest sample that files of fractions can hold.

    Returns:
        The waveform, (n_samples,), -32,768 to 32,767.

    Raises:
        DatasetError: It is no sound file, is empty, damaged, or longer than it may be.
        OSError: It cannot be opened.
    """
    with path.open("rb") as file, _opened(file) as sound:
        header = _header(sound)
        # A sample of slack, for lengths that are no whole number of samples after resampling.
        if not cut and header.seconds > (n_samples + 1) / rate:
            raise DatasetError(
                f"lasts {header.seconds:.3g} s, longer than the {n_samples / rate:.3g} s of a clip"
            )
        # Resampling looks ahead by ten samples of the slower rate (SciPy's filter).
        ahead = 1 + math.ceil((n_samples + 20) * header.rate / rate) + 20
        values = _read(sound, min(ahead, header.n_frames))
        if full_scale != 1.0 and sound.subtype in _FRACTIONS:
            values /= np.float32(full_scale)
    if header.rate != rate:
        values = resample(values, header.rate, rate)
    return to_int16(values[:n_samples], n_samples)


def resample(values: npt.NDArray[np.float32], rate: int, wanted: int) -> npt.NDArray[np.float32]:
    """Changes the sample rate of a waveform, (n,), with SciPy's polyphase filter."""
    from scipy.signal import resample_poly

    common = math.gcd(rate, wanted)
    return np.asarray(resample_poly(values, wanted // common, rate // common), np.float32)


def to_int16(values: npt.NDArray[Any], n_samples: int | None = None) -> Waveform:
    """Returns a waveform of -1 to 1 as 16-bit numbers, padded with silence to `n_samples`.

    What is louder is clipped.
    """
    wave = np.zeros(len(values) if n_samples is None else n_samples, np.int16)
    scaled = np.rint(values * _FULL_SCALE)
    wave[: len(values)] = np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1)
    return wave


def _opened(file: BinaryIO) -> SoundFile:
    import soundfile

    if not file.read(1):
        raise DatasetError("is empty")
    _refuse_cut_off_wav(file)
    file.seek(0)
    try:
        return soundfile.SoundFile(file)
    except (soundfile.LibsndfileError, ValueError, RuntimeError) as error:
        raise DatasetError(f"is not a sound file that can be read ({_reason(error)})") from None


def _header(sound: SoundFile) -> SoundHeader:
    if not MIN_RATE <= sound.samplerate <= MAX_RATE:
        raise DatasetError(f"claims {sound.samplerate:,} samples a second")
    if sound.frames <= 0:
        raise DatasetError("holds no sound")
    words = sound.subtype.replace("PCM_", "").replace("_", " ")
    encoding = f"{sound.format}, {words + ' bit' if words.isdigit() else words.lower()}"
    is_fractions = sound.subtype in _FRACTIONS
    return SoundHeader(sound.samplerate, sound.channels, sound.frames, encoding, is_fractions)


def _read(sound: SoundFile, n_frames: int) -> npt.NDArray[np.float32]:
    """The first frames, mixed to mono, (n_frames,)."""
    import soundfile

    values, done = np.zeros(n_frames, np.float32), 0
    try:
        while done < n_frames:
            # By blocks: a header that lies about its channels must not cost memory.
            block = sound.read(min(_BLOCK, n_frames - done), dtype="float32", always_2d=True)
            if not len(block):
                break
            values[done : done + len(block)] = block.mean(axis=1)
            done += len(block)
    except (soundfile.LibsndfileError, ValueError, RuntimeError) as error:
        raise DatasetError(f"is damaged ({_reason(error)})") from None
    if done < _COMPLETE_SHARE * n_frames:
        raise DatasetError(f"is cut off: {done:,} of {n_frames:,} samples can be read")
    if not np.isfinite(values).all():
        raise DatasetError("holds values that are infinite or not numbers")
    return values[:done]


def _reason(error: Exception) -> str:
    """libsndfile's own words, without the file's name that soundfile puts before them."""
    text = str(getattr(error, "error_string", "") or error).strip()
    return text.rstrip(".").lower() or type(error).__name__


def _refuse_cut_off_wav(file: BinaryIO) -> None:
    """Compares the size a WAV file promises with the one it has, which libsndfile does not tell.

    Raises:
        DatasetError: It promises more than there is.
    """
    size = file.seek(0, 2)
    file.seek(0)
    if file.read(4) != b"RIFF":
        return
    position = 12
    while position + 8 <= size:
        file.seek(position)
        name, length = struct.unpack("<4sI", file.read(8))
        position += 8
        if name == b"data":
            if length not in _UNKNOWN_SIZES and length > size - position:
                raise DatasetError(
                    f"is cut off: its header promises {length:,} bytes of sound, "
                    f"{size - position:,} are there"
                )
            return
        position += length + length % 2  # chunks start at even positions


def read_inputs(path: Path, asked: InputSpec) -> Waveform:
    """Reads a recording for prediction, at the rate and length the model was trained on.

    Returns:
        The waveform, (1, n_samples).

    Raises:
        DatasetError: It cannot be read.
    """
    (n_samples,) = asked.raw_shape
    rate, cut = int(asked.reading["rate"]), bool(asked.reading.get("cut", True))
    full_scale = float(asked.reading.get("full_scale", 1.0))
    try:
        return read_clip(path, rate, n_samples, cut, full_scale)[np.newaxis]
    except DatasetError as error:
        raise DatasetError(f"'{path}' {error.message}.", "Choose another file.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(f"'{path}' cannot be opened: {reason}.", "Check the file.") from None
