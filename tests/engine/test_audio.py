"""Recordings by folder and by table: recognised, listed without reading, honest about damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.datasets import load_examples, recognise
from engine.datasets.base import Examples
from engine.datasets.packing import packed
from engine.datasets.sounds import sound_files
from engine.errors import Cancelled, DatasetError
from engine.events.findings import Trouble
from engine.spec.run_spec import DataSpec, RunSpec
from engine.spec.signature import Kind, Task
from engine.training.prepared_data import look

RATE = 8_000
DIGITS = Path(__file__).parents[3] / "shared" / "data" / "spoken_digits"


def write(path: Path, seconds: float = 0.5, rate: int = RATE, seed: int = 0) -> Path:
    """A file of noise, of its own for each seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate))
    soundfile.write(path, values, rate)
    return path


def load(path: Path, **data: object) -> Examples:
    return load_examples(DataSpec.model_validate({"source": str(path), **data}))[1]


def two_classes(folder: Path, n_each: int = 6, seconds: float = 0.5) -> Path:
    for seed in range(2 * n_each):
        write(folder / "cat dog"[4 * (seed % 2) :][:3] / f"{seed}.wav", seconds, seed=seed)
    return folder


def texts(examples: Examples, trouble: Trouble) -> list[str]:
    return [item.text for item in examples.findings if item.trouble is trouble]


# ---- folders


def test_a_folder_per_class(tmp_path):
    examples = load(two_classes(tmp_path))
    assert recognise(tmp_path).name == "sound"
    assert (examples.kind, examples.task) == (Kind.AUDIO, Task.CLASSIFICATION)
    assert examples.class_names == ("cat", "dog")
    assert (examples.x.shape, examples.x.dtype, examples.rate) == ((12, 4_000), np.int16, RATE)
    assert examples.names[:2] == ("cat/0.wav", "cat/10.wav")
    assert dict(examples.facts)["Sample rate"] == "8 kHz"
    assert dict(examples.facts)["Clip length"] == "0.5 s"
    assert examples.findings == ()


def test_listing_reads_headers_and_a_few_clips_alone(tmp_path, monkeypatch):
    two_classes(tmp_path, 300, 0.1)
    opened = []
    plain = Path.open

    def counted(self: Path, *args: object, **more: object) -> object:
        opened.append(self)
        return plain(self, *args, **more)

    monkeypatch.setattr(Path, "open", counted)
    monkeypatch.setattr("engine.datasets.sounds.audio.copies_among", lambda *_: ())
    assert load(tmp_path).n_samples == 600
    assert len(opened) <= 400 + 64


def test_train_and_test_folders_are_kept(tmp_path):
    for part in ("train", "test"):
        for seed in range(8):
            write(tmp_path / part / f"class {seed % 2}" / f"{seed}.wav", seed=seed + len(part))
    examples = load(tmp_path)
    assert examples.class_names == ("class 0", "class 1")
    assert examples.given is not None
    assert np.bincount(examples.given).tolist() == [8, 0, 8]


def test_the_most_frequent_rate_and_95_of_100_lengths_are_taken(tmp_path):
    two_classes(tmp_path, 20)
    write(tmp_path / "cat" / "long.wav", 3.0, 44_100, seed=99)
    examples = load(tmp_path)
    assert (examples.rate, examples.x.shape[1]) == (RATE, 4_000)
    assert dict(examples.facts)["Sample rate"] == "8 kHz; resampled: 44.1 kHz"
    assert "2 % cut" in dict(examples.facts)["Clip length"]
    (distribution,) = examples.distributions
    assert distribution.counts.sum() == 41


def test_rate_and_length_can_be_set(tmp_path):
    examples = load(two_classes(tmp_path), parameters={"rate": 4_000, "seconds": 0.25})
    assert (examples.rate, examples.x.shape[1]) == (4_000, 1_000)
    assert packed(examples).x.shape == (12, 1_000)


def test_high_rates_are_brought_down_to_16_kilohertz(tmp_path):
    for seed in range(4):
        write(tmp_path / f"{seed % 2}" / f"{seed}.flac", rate=48_000, seed=seed)
    assert load(tmp_path).rate == 16_000


def test_what_cannot_be_read_is_skipped_and_named(tmp_path):
    two_classes(tmp_path)
    (tmp_path / "cat" / "no sound.wav").write_text("hello")
    (tmp_path / "dog" / "empty.mp3").touch()
    examples = load(tmp_path)
    assert examples.n_samples == 12
    (finding,) = [item for item in examples.findings if item.trouble is Trouble.UNREADABLE]
    assert finding.names[0].startswith("cat/no sound.wav: is not a sound file")
    assert finding.names[1] == "dog/empty.mp3: is empty"


def test_a_file_that_disappears_before_training_is_skipped(tmp_path):
    examples = load(two_classes(tmp_path))
    (tmp_path / "cat" / "0.wav").unlink()
    ready = packed(examples)
    assert ready.n_samples == 11
    assert ready.findings[-1].names == ("cat/0.wav: no such file or directory",)


def test_nothing_readable_is_refused_with_the_first_reason(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.wav").write_text("hello")
    with pytest.raises(DatasetError, match=r"None of the .*: 'cat/a.wav': is not"):
        load(tmp_path)


def test_silent_overdriven_and_equal_recordings_are_found(tmp_path):
    two_classes(tmp_path)
    soundfile.write(tmp_path / "cat" / "silent.wav", np.zeros(3_000), RATE)
    soundfile.write(tmp_path / "dog" / "loud.wav", np.sign(np.sin(np.arange(3_500) / 9)), RATE)
    (tmp_path / "cat" / "copy.wav").write_bytes((tmp_path / "cat" / "0.wav").read_bytes())
    examples = load(tmp_path)
    assert texts(examples, Trouble.CONSTANT) == ["1 of 15 recordings listened to are silent."]
    assert "overdriven" in texts(examples, Trouble.UNDERSTOOD)[0]
    assert texts(examples, Trouble.DUPLICATE) == ["1 files are copies of others."]
    (silence,) = [item for item in examples.findings if item.trouble is Trouble.CONSTANT]
    remedied = load(tmp_path, exclude=silence.remedies[0].changes["data.exclude"])
    assert not texts(remedied, Trouble.CONSTANT)


def test_one_rare_class_is_told_with_a_remedy(tmp_path):
    for seed in range(22):
        write(tmp_path / ("rare" if seed < 2 else "usual") / f"{seed}.wav", 0.1, seed=seed)
    assert "'rare' only 2" in texts(load(tmp_path), Trouble.IMBALANCE)[0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: write(p / "one" / "a.wav"), "only one class, 'one'"),
        (lambda p: write(p / "a.wav"), "are in no folders"),
    ],
)
def test_fewer_than_two_classes_are_refused(tmp_path, make, words):
    make(tmp_path)
    with pytest.raises(DatasetError, match=words):
        load(tmp_path)


def test_listing_can_be_cancelled(tmp_path):
    def stop(what: str, done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        load_examples(DataSpec(source=str(two_classes(tmp_path))), stop)


def test_inspection_shows_samples_and_the_network_s_shape(tmp_path):
    two_classes(tmp_path, 10)
    profile = look(RunSpec(data=DataSpec(source=str(tmp_path)))).profile(str(tmp_path))
    assert profile.signature.input_shape == (51, 40, 1)
    assert (profile.sample_x.shape, profile.rate) == ((20, 4_000), RATE)


# ---- tables


def recordings_with(folder: Path, table: str, name: str = "labels.csv", below: str = "") -> Path:
    for seed in range(6):
        write(folder / below / f"clip {seed}.wav", 0.3 + 0.1 * seed, seed=seed)
    (folder / name).write_text(table, "utf-8")
    return folder


def rows(*values: object, suffix: str = ".wav", header: str = "file,target") -> str:
    lines = [f"clip {place}{suffix},{value}" for place, value in enumerate(values)]
    return "\n".join([header, *lines]) + "\n"


@pytest.mark.parametrize("opened", ["", "labels.csv"])
@pytest.mark.parametrize(("below", "suffix"), [("", ".wav"), ("audio", ".wav"), ("wavs", "")])
def test_a_table_of_labels(tmp_path, opened, below, suffix):
    table = rows(*"abbaab", suffix=suffix)
    folder = recordings_with(tmp_path, table, below=below)
    examples = load(folder / opened, **({"format": "sound"} if opened and not suffix else {}))
    assert (examples.task, examples.class_names) == (Task.CLASSIFICATION, ("a", "b"))
    assert examples.y.tolist() == [0, 1, 1, 0, 0, 1]
    assert examples.column is not None
    assert examples.column("target").tolist() == list("abbaab")


def test_a_table_of_numbers(tmp_path):
    examples = load(recordings_with(tmp_path, rows(0.5, 1.25, -3, 2, 1e3, 7)))
    assert examples.task is Task.REGRESSION
    assert examples.y.tolist() == [0.5, 1.25, -3, 2, 1e3, 7]


def test_a_recording_without_a_label_is_left_out_by_name(tmp_path):
    folder = recordings_with(tmp_path, rows(*"abba", "", "b"))
    examples = load(folder)
    assert examples.class_names == ("a", "b")
    assert texts(examples, Trouble.MISSING) == [
        "1 file has no 'target' in the table and is left out."
    ]
    folder = recordings_with(tmp_path, rows(0.5, 1.25, "NA", 2, 1e3, 7))
    assert load(folder).y.tolist() == [0.5, 1.25, 2, 1e3, 7]


SAID = ("one two", "Grüße  an alle", "你好 世界", "four", "five six", "seven")


@pytest.mark.parametrize("header", ["file,sentence", "path,words spoken"])
def test_a_table_of_sentences_is_transcription(tmp_path, header):
    examples = load(recordings_with(tmp_path, rows(*SAID, header=header)))
    assert examples.task is Task.TRANSCRIPTION
    assert examples.y.tolist()[:3] == ["one two", "Grüße an alle", "你好 世界"]
    # Long enough for all of them, for no text may lose its end.
    assert examples.x.shape[1] == round(0.8 * RATE)
    assert examples.reading["cut"] is False


def test_common_voice_s_layout(tmp_path):
    lines = ["path\tsentence\tage", *(f"clip {i}.wav\t{SAID[i]}\tforties" for i in range(6))]
    recordings_with(tmp_path, "\n".join(lines), "validated.tsv", "clips")
    for path in (tmp_path, tmp_path / "validated.tsv"):
        examples = load(path)
        assert (examples.task, examples.target_name) == (Task.TRANSCRIPTION, "sentence")
        assert "age" in examples.source_columns


def test_ljspeech_s_layout(tmp_path):
    lines = [f'clip {i}|he said "{i}|he said {i}' for i in range(6)]
    recordings_with(tmp_path, "\n".join(lines), "metadata.csv", "wavs")
    for path in (tmp_path, tmp_path / "metadata.csv"):
        examples = load(path)
        assert (examples.task, examples.target_name) == (Task.TRANSCRIPTION, "normalized_text")
        assert examples.y.tolist() == [f"he said {i}" for i in range(6)]


def test_longer_recordings_are_skipped_where_words_would_be_lost(tmp_path):
    folder = recordings_with(tmp_path, rows(*SAID, header="file,sentence"))
    ready = packed(load(folder, parameters={"seconds": 0.5}))
    assert ready.n_samples == 3
    assert "longer than the 0.5 s of a clip" in ready.findings[-1].names[0]


def test_recordings_without_words_and_rows_without_files_are_told(tmp_path):
    table = rows("one", "", "three", "four", "five", "six", "seven", header="file,sentence")
    examples = load(recordings_with(tmp_path, table))
    assert examples.n_samples == 5
    assert texts(examples, Trouble.MISSING) == [
        "1 of 7 rows of 'labels.csv' name no file that is there.",
        "1 recordings have no text and are left out.",
    ]


def test_labels_can_be_transcribed_when_asked(tmp_path):
    folder = recordings_with(tmp_path, rows(*"121212"))
    examples = load(folder, task="transcription")
    assert examples.y.tolist() == list("121212")


def test_a_table_that_names_nothing_is_refused(tmp_path):
    (tmp_path / "labels.csv").write_text(rows(*"ab"))
    with pytest.raises(DatasetError, match="names no recording that is there"):
        load(tmp_path / "labels.csv", format="sound")


def test_tables_of_other_things_are_left_to_others(tmp_path):
    (tmp_path / "plain.csv").write_text("x,y\n1,2\n3,4\n")
    assert recognise(tmp_path / "plain.csv").name == "table"


# ---- prediction


class _Contract:
    """As much of a contract as reading takes."""

    def __init__(self, examples: Examples) -> None:
        self.reading = examples.reading
        self.preprocessing = self
        self.inputs = self
        self.raw_shape = examples.x.shape[1:]


def test_new_recordings_are_read_as_those_trained_on(tmp_path):
    examples = load(two_classes(tmp_path))
    new = write(tmp_path / "new one.flac", 2.0, 44_100)
    read = sound_files.read_inputs(new, _Contract(examples))
    assert (read.shape, read.dtype) == ((1, 4_000), np.int16)
    np.testing.assert_array_equal(
        sound_files.read_inputs(tmp_path / "cat" / "0.wav", _Contract(examples))[0],
        examples.x[0][0],
    )
    with pytest.raises(DatasetError, match="cannot be opened: no such file"):
        sound_files.read_inputs(tmp_path / "gone.wav", _Contract(examples))


@pytest.mark.skipif(not DIGITS.is_dir(), reason="needs ../shared/data")
def test_spoken_digits():
    examples = load(DIGITS)
    assert (examples.n_samples, examples.rate) == (400, 8_000)
    assert examples.class_names == tuple("0123456789")
    assert packed(examples).x.shape == (400, 5_600)
