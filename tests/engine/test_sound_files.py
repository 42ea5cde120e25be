"""Sound files: what is written is read back, and files that lie are refused with the reason."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.datasets.sounds.sound_files import (
    MAX_SECONDS,
    read_clip,
    read_header,
    resample,
    to_int16,
)
from engine.errors import DatasetError

RATE = 8_000


def tone(seconds: float = 1.0, hertz: float = 440.0, rate: int = RATE) -> np.ndarray:
    times = np.arange(round(seconds * rate)) / rate
    return 0.5 * np.sin(2 * np.pi * hertz * times)


def write(path: Path, values: np.ndarray, rate: int = RATE, subtype: str | None = None) -> Path:
    soundfile.write(path, values, rate, subtype)
    return path


def patched(path: Path, offset: int, content: bytes) -> Path:
    data = bytearray(path.read_bytes())
    data[offset : offset + len(content)] = content
    path.write_bytes(data)
    return path


def strongest(wave: np.ndarray, rate: int) -> float:
    """Hertz of the strongest frequency."""
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(spectrum.argmax() * rate / len(wave))


# ---- what is written is read back


def test_sixteen_bits_are_read_exactly(tmp_path):
    values = np.random.default_rng(0).integers(-32_768, 32_768, 500).astype(np.int16)
    path = write(tmp_path / "noise.wav", values)
    wave = read_clip(path, RATE, 500)
    assert wave.dtype == np.int16
    np.testing.assert_array_equal(wave, values)


@pytest.mark.parametrize(
    ("name", "subtype", "error"),
    [
        ("a.wav", "PCM_U8", 2**-7),
        ("a.wav", "PCM_16", 2**-14),
        ("a.wav", "PCM_24", 2**-14),
        ("a.wav", "PCM_32", 2**-14),
        ("a.wav", "FLOAT", 2**-14),
        ("a.wav", "DOUBLE", 2**-14),
        ("a.wav", "ULAW", 2**-5),
        ("a.flac", "PCM_16", 2**-14),
        ("a.flac", "PCM_24", 2**-14),
        ("a.aiff", "PCM_16", 2**-14),
        ("a.ogg", "VORBIS", 0.1),
        ("a.mp3", None, 0.1),
    ],
)
def test_every_encoding_gives_the_same_tone(tmp_path, name, subtype, error):
    path = write(tmp_path / name, tone(), subtype=subtype)
    wave = read_clip(path, RATE, RATE)
    header = read_header(path)
    assert (header.rate, header.channels, header.seconds) == (RATE, 1, 1.0)
    inner = slice(1_000, 7_000)  # compressed files smear the edges
    difference = wave[inner] / 32_768 - tone()[inner]
    assert np.abs(difference).max() < error


def test_stereo_is_mixed(tmp_path):
    left, right = np.full(100, 0.5), np.full(100, -0.25)
    path = write(tmp_path / "stereo.wav", np.stack([left, right], axis=1))
    assert read_header(path).channels == 2
    assert set(read_clip(path, RATE, 100).tolist()) == {round(0.125 * 32_768)}


def test_shorter_sounds_are_padded_with_silence_and_longer_ones_cut(tmp_path):
    path = write(tmp_path / "a.wav", np.full(100, 0.5))
    assert read_clip(path, RATE, 150).tolist() == [16_384] * 100 + [0] * 50
    assert read_clip(path, RATE, 40).tolist() == [16_384] * 40


def test_longer_sounds_are_refused_where_they_may_not_be_cut(tmp_path):
    path = write(tmp_path / "a.wav", tone(2.0))
    with pytest.raises(DatasetError, match=r"lasts 2 s, longer than the 1 s"):
        read_clip(path, RATE, RATE, cut=False)
    assert len(read_clip(path, RATE, 2 * RATE, cut=False)) == 2 * RATE


@pytest.mark.parametrize("rate", [4_000, 11_025, 16_000, 44_100, 48_000])
def test_resampling_keeps_pitch_level_and_length(tmp_path, rate):
    path = write(tmp_path / "a.wav", tone(rate=rate), rate)
    wave = read_clip(path, RATE, RATE)
    assert strongest(wave, RATE) == pytest.approx(440, abs=2)
    inner = slice(500, 7_500)
    assert np.abs(wave[inner] / 32_768 - tone()[inner]).max() < 0.01


def test_the_beginning_of_a_long_file_is_what_the_whole_gives(tmp_path):
    values = np.random.default_rng(1).normal(0, 0.1, 44_100 * 3)
    path = write(tmp_path / "a.wav", values, 44_100, "FLOAT")
    whole = to_int16(resample(values.astype(np.float32), 44_100, RATE))
    difference = read_clip(path, RATE, RATE).astype(int) - whole[:RATE]
    assert np.abs(difference).max() <= 1


def test_frequencies_above_the_new_limit_do_not_fold_back(tmp_path):
    path = write(tmp_path / "a.wav", tone(hertz=7_000, rate=48_000), 48_000)
    assert np.abs(read_clip(path, RATE, RATE)[200:-200]).max() < 0.01 * 32_768


def test_what_is_louder_than_full_scale_is_clipped(tmp_path):
    path = write(tmp_path / "a.wav", np.array([2.0, -2.0, 0.25] * 50), subtype="FLOAT")
    assert read_clip(path, RATE, 3).tolist() == [32_767, -32_768, 8_192]


@pytest.mark.parametrize("name", ["Gruß 你好 (1).wav", "  spaced  name .wav", "x" * 251 + ".wav"])
def test_names_of_any_kind(tmp_path, name):
    path = write(tmp_path / name, tone(0.1))
    assert strongest(read_clip(path, RATE, 800), RATE) == pytest.approx(440, abs=10)


# ---- files that lie


def refused(path: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        read_clip(path, RATE, RATE)
    return caught.value.message


def test_a_lying_chunk_size_is_refused_with_both_numbers(tmp_path):
    path = patched(write(tmp_path / "a.wav", tone()), 40, struct.pack("<I", 1_000_000))
    assert refused(path) == (
        "is cut off: its header promises 1,000,000 bytes of sound, 16,000 are there"
    )
    with pytest.raises(DatasetError, match="is cut off"):
        read_header(path)


def test_a_file_cut_off_while_copying_is_refused(tmp_path):
    path = write(tmp_path / "a.wav", tone())
    path.write_bytes(path.read_bytes()[:9_000])
    assert "is cut off" in refused(path)


@pytest.mark.parametrize("size", [0x7FFF_FFFF, 0xFFFF_FFFF])
def test_a_size_that_was_not_known_when_it_was_written_is_accepted(tmp_path, size):
    path = patched(write(tmp_path / "a.wav", tone()), 40, struct.pack("<I", size))
    assert np.abs(read_clip(path, RATE, RATE) / 32_768 - tone()).max() < 2**-14


def test_two_hours_cost_no_more_than_the_clip(tmp_path):
    path = write(tmp_path / "long.wav", np.zeros(10))
    n_bytes = 2 * 60 * 60 * RATE * 2
    patched(path, 40, struct.pack("<I", n_bytes))
    with path.open("rb+") as file:
        file.truncate(44 + n_bytes)  # a sparse file: no disk is used
    assert read_header(path).seconds == 7_200
    n_samples = round(MAX_SECONDS * RATE)
    assert read_clip(path, RATE, n_samples).shape == (n_samples,)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"hello, I am text", "is not a sound file"),
        (b"RIFF", "is not a sound file"),
        (b"RIFF\xff\xff\xff\xffWAVE", "is not a sound file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is not a sound file"),
        (b"ID3" + bytes(100), "is not a sound file"),
    ],
)
def test_what_is_no_sound_is_told(tmp_path, content, reason):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    assert reason in refused(path)


def test_a_header_without_sound_is_told(tmp_path):
    assert refused(write(tmp_path / "a.wav", np.zeros(0))) == "holds no sound"


@pytest.mark.parametrize("rate", [0, 1, 2**31 - 1])
def test_a_lying_rate_is_refused(tmp_path, rate):
    path = patched(write(tmp_path / "a.wav", tone(0.1)), 24, struct.pack("<I", rate))
    assert "samples a second" in refused(path) or "is not a sound file" in refused(path)


@pytest.mark.parametrize("channels", [0, 65_535])
def test_a_lying_number_of_channels_is_refused(tmp_path, channels):
    path = patched(write(tmp_path / "a.wav", tone(0.1)), 22, struct.pack("<H", channels))
    assert "is not a sound file" in refused(path)


@pytest.mark.parametrize("suffix", ["flac", "ogg"])
def test_half_a_compressed_file_is_refused(tmp_path, suffix):
    path = write(tmp_path / f"a.{suffix}", np.random.default_rng(0).normal(0, 0.1, 3 * RATE))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 4])
    assert any(word in refused(path) for word in ("damaged", "cut off", "no sound", "not a sound"))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(tmp_path, value):
    path = write(tmp_path / "a.wav", np.array([0.0, value, 0.0]), subtype="FLOAT")
    assert "infinite or not numbers" in refused(path)


def test_a_file_that_is_not_there_is_the_system_s_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_clip(tmp_path / "none.wav", RATE, RATE)


@pytest.mark.parametrize("length", range(0, 60, 7))
def test_random_damage_never_ends_in_anything_but_a_reason(tmp_path, length):
    rng = np.random.default_rng(length)
    path = write(tmp_path / "a.wav", tone(0.05))
    for _ in range(20):
        offset, content = int(rng.integers(0, 44)), rng.bytes(int(rng.integers(1, 5)))
        patched(path, offset, content)
        with suppress(DatasetError):
            assert read_clip(path, RATE, 100).shape == (100,)
