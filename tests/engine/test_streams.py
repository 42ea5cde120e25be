"""Output is not the work: streams that break harm nothing, and what was lost is told."""

import errno
import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli import main as cli
from engine.cli.commands import training
from engine.cli.commands.output import Output
from engine.devices.console.streams import SafeStream
from engine.events.run_events import EpochEnded, RunFinished
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(os.name == "nt", reason="descriptors are closed by a shell of POSIX")


class Breaking(io.StringIO):
    """A stream on which writing, or flushing, fails."""

    def __init__(self, error, at_flush=False):
        super().__init__()
        self._error = error
        self._at_flush = at_flush
        self.n_tries = 0

    def write(self, text):
        if not self._at_flush:
            self.n_tries += 1
            raise self._error
        return super().write(text)

    def flush(self):
        if self._at_flush:
            self.n_tries += 1
            raise self._error


FAILURES = [
    (OSError(errno.ENOSPC, "No space left on device"), "its disk is full"),
    (OSError(errno.EDQUOT, "Disk quota exceeded"), "its disk is full"),
    (OSError(errno.EFBIG, "File too large"), "its disk is full"),
    (BrokenPipeError(errno.EPIPE, "Broken pipe"), "whoever read it has gone"),
    (OSError(errno.EIO, "Input/output error"), "its terminal or disk is gone"),
    (OSError(errno.EBADF, "Bad file descriptor"), "it is closed"),
    (ValueError("I/O operation on closed file"), "it is closed"),
    (OSError(errno.ENETDOWN, "Network is down"), "received: Network is down"),
]


class TestSafeStream:
    @pytest.mark.parametrize("at_flush", [False, True])
    @pytest.mark.parametrize(("error", "words"), FAILURES)
    def test_it_breaks_once_and_in_silence(self, error, words, at_flush):
        broken = Breaking(error, at_flush)
        stream = SafeStream(broken, "standard output")
        for _ in range(3):
            stream.write("said\n")
            stream.flush()
        assert broken.n_tries == 1
        assert stream.problem == (
            f"Not everything was printed: standard output could not be written, {words}."
        )
        assert stream.is_left == (getattr(error, "errno", 0) == errno.EPIPE)
        assert not stream.isatty()

    def test_one_that_was_never_there(self):
        stream = SafeStream(None, "standard error")
        assert stream.problem == ""
        assert not stream.isatty()
        stream.flush()
        stream.write("said")
        assert "it is closed" in stream.problem

    def test_one_that_is_whole(self):
        inner = io.StringIO()
        stream = SafeStream(inner, "standard output")
        stream.writelines(["a\n", "b\n"])
        stream.flush()
        assert (inner.getvalue(), stream.problem) == ("a\nb\n", "")

    def test_a_log_on_a_full_disk(self):
        stream = SafeStream(Breaking(FAILURES[0][0]), "the log")
        handler = logging.StreamHandler(stream)
        handler.handle(logging.LogRecord("of", logging.ERROR, "", 1, "Said", (), None))
        assert "its disk is full" in stream.problem


def finishing(listener):
    """A training that shows an epoch and finishes."""
    listener(EpochEnded(listener.run, 1, 10, {"loss": 0.5}, 1.0, 1.0, 10.0, True))
    assert not listener.control.is_stopping
    return RunFinished(listener.run, reason="All epochs are done.", metrics={"loss": 0.5})


@pytest.fixture
def store(tmp_path):
    with RunStore(tmp_path / "workspace") as store:
        yield store


@pytest.fixture
def run(store):
    spec = RunSpec.from_dict({"data": {"source": "iris"}, "model": {"name": "mlp"}})
    return store.create(spec, "mine", "Iris", "MLP").id


def follow(store, run, output):
    def start(listener):
        listener.run = run
        ended = finishing(listener)
        store.record([ended])
        return ended

    return training._follow(start, store, output)


class TestTraining:
    @pytest.mark.parametrize("as_json", [False, True])
    @pytest.mark.parametrize(("error", "words"), FAILURES)
    def test_it_finishes_and_its_record_says_why_nothing_was_printed(
        self, store, run, as_json, error, words, caplog
    ):
        assert follow(store, run, Output(as_json, Breaking(error))) == 0
        record = store.get(run)
        assert record.state == "finished"
        assert record.reason.startswith("All epochs are done. Not everything was printed: ")
        assert words in record.reason
        assert words in caplog.text

    def test_a_whole_output_adds_nothing(self, store, run):
        assert follow(store, run, Output(True, io.StringIO())) == 0
        assert store.get(run).reason == "All epochs are done."

    def test_what_cannot_be_shown_does_not_end_it(self, store, run, monkeypatch, caplog):
        def failing(*_):
            raise ZeroDivisionError("zero")

        monkeypatch.setattr(training._Listener, "_write", failing)
        assert follow(store, run, Output(True, io.StringIO())) == 0
        record = store.get(run)
        assert record.state == "finished"
        assert "Not everything was printed. Received: ZeroDivisionError: zero" in record.reason


def shell(command, workspace, **named):
    """Runs a line of a shell in which PROGRAM is the command line."""
    program = f"'{sys.executable}' main.py"
    return subprocess.run(
        ["sh", "-c", command.replace("PROGRAM", program)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "DESCENT_WORKSPACE": str(workspace)},
        **named,
    )


full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to hand")


@posix
class TestCommands:
    """The purpose of these is their output."""

    @full
    def test_a_full_disk(self, tmp_path):
        for words in ("data list", "data list --json", "--help"):
            ended = shell(f"PROGRAM {words} > /dev/full", tmp_path)
            assert (ended.returncode, ended.stderr) == (
                1,
                "Error: Not everything was printed: standard output could not be written, its "
                "disk is full.\n",
            )

    def test_closed_from_the_start(self, tmp_path):
        ended = shell("PROGRAM runs list >&-", tmp_path)
        assert ended.returncode == 1
        assert ended.stderr.count("\n") == 1
        assert "it is closed" in ended.stderr
        with RunStore(tmp_path) as store:  # nothing was written into the database
            assert store.runs() == []

    def test_a_reader_that_has_enough_is_no_error(self, tmp_path):
        ended = shell("(PROGRAM data list; echo code $? >&2) | head -1", tmp_path)
        assert ended.stdout.count("\n") == 1
        assert ended.stderr == "code 0\n"

    @full
    def test_nowhere_to_say_anything(self, tmp_path):
        assert shell("PROGRAM train --data nothing 2> /dev/full", tmp_path).returncode == 2
        assert shell("PROGRAM train --data nothing <&- >&- 2>&-", tmp_path).returncode == 2

    def test_what_acts_has_acted(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setenv("DESCENT_WORKSPACE", str(tmp_path))
        with RunStore(tmp_path) as store:
            spec = RunSpec.from_dict({"data": {"source": "iris"}, "model": {"name": "mlp"}})
            run = store.create(spec, "mine", "Iris", "MLP").id
            store.delete(run)
        monkeypatch.setattr("sys.stdout", SafeStream(Breaking(FAILURES[0][0]), "standard output"))
        assert cli.main(["runs", "restore", run]) == 0
        assert capsys.readouterr().err.startswith("Not everything was printed: ")
        with RunStore(tmp_path) as store:
            assert [record.id for record in store.runs()] == [run]


@posix
@full
def test_a_training_on_the_command_line(tmp_path):
    """Neither a full disk, a full disk for errors nor a reader that has gone ends it."""
    words = "train --data iris --model logistic_regression --epochs 2 --name"
    ended = shell(
        f"PROGRAM {words} full > /dev/full; echo code $? >&2; "
        f"(PROGRAM {words} left --json 2> /dev/full; echo code $? >&2) | head -1",
        tmp_path,
    )
    assert ended.stderr.count("code 0") == 2
    assert "its disk is full" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert json.loads(ended.stdout)["event"] == "run_started"
    with RunStore(tmp_path) as store:
        for name, words in (("full", "its disk is full"), ("left", "has gone")):
            record = store.get(name)
            assert (record.state, record.epochs_done) == ("finished", 2)
            assert words in record.reason
