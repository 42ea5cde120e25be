"""The first moment, signals and limits: whatever ends the program, it ends in words."""

import ast
import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest

import main
from engine.cli import ending
from engine.cli.commands import training
from engine.cli.commands.output import Output
from engine.devices import tensorflow as loading
from engine.devices.console import startup
from engine.devices.console.startup import Ended, ending_code, raising_signals, start
from engine.errors import DescentError
from engine.graph import memory

ROOT = Path(__file__).parents[2]
HANGUP = getattr(signal, "SIGHUP", None)
posix = pytest.mark.skipif(HANGUP is None, reason="Windows has no terminals that hang up")


@pytest.fixture(autouse=True)
def signals_are_put_back(monkeypatch):
    """And the streams of the process, which `start` makes safe."""
    before = {number: signal.getsignal(number) for number in startup.ending_signals()}
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class TestTheFirstMoment:
    def test_nothing_is_imported_before_somebody_takes_care(self):
        module = ast.parse((ROOT / "main.py").read_text(encoding="utf-8"))
        imports = [node for node in module.body if isinstance(node, ast.Import | ast.ImportFrom)]
        assert [ast.unparse(node) for node in imports] == ["import sys"]

    def test_before_anybody_could_say_so(self, monkeypatch, capsys):
        def interrupted(program):
            raise KeyboardInterrupt

        early = types.SimpleNamespace(start=interrupted)
        monkeypatch.setitem(sys.modules, "engine.devices.console.startup", early)
        assert (main.window(), main.commands()) == (130, 130)
        assert capsys.readouterr().err == "Interrupted.\nInterrupted.\n"

    @posix
    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
    def test_a_signal_while_the_program_is_imported(self, name):
        code = (
            "import os, signal\nfrom engine.devices.console.startup import start\n"
            f"start(lambda: os.kill(os.getpid(), signal.{name}))"
        )
        ended = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
        )
        number = getattr(signal, name)
        assert (ended.returncode, ended.stdout) == (128 + number, "")
        assert ended.stderr == startup.ending_words(Ended(number)) + "\n"

    @pytest.mark.parametrize(
        ("error", "code", "words"),
        [
            (KeyboardInterrupt(), 130, "Interrupted."),
            (Ended(signal.SIGTERM), 143, "Ended on request (SIGTERM)."),
            (MemoryError("none"), 1, "cannot be started. Received: MemoryError: none."),
            (ImportError("failed to map segment"), 1, "ImportError: failed to map segment."),
        ],
    )
    def test_what_ends_it(self, error, code, words, capsys):
        def program():
            raise error

        assert start(program) == code
        said = capsys.readouterr().err
        assert words in said
        assert "Traceback" not in said

    def test_what_an_import_made_of_an_interruption(self, capsys):
        wrapped = ImportError("half of it")
        wrapped.__cause__ = RuntimeError()
        wrapped.__cause__.__context__ = Ended(signal.SIGTERM)
        assert ending.unexpected(wrapped) == 143
        assert capsys.readouterr().err == "Ended on request (SIGTERM).\n"


class TestLimits:
    @posix
    def test_too_little_memory_to_start(self):
        ended = subprocess.run(
            ["sh", "-c", f"ulimit -v 400000 && '{sys.executable}' main.py data list"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 2
        assert ended.stderr == (
            "Error: The memory of this process is limited to 390 MB, and Descent needs about "
            "768 MB to start.\n  Allow more, such as: ulimit -v unlimited\n"
        )

    def test_too_little_for_tensorflow(self, monkeypatch):
        monkeypatch.setattr(loading, "memory_limit", lambda: 1000 << 20)
        monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
        with pytest.raises(DescentError, match=r"limited to 1,000 MB, and TensorFlow needs"):
            loading.load_tensorflow()
        assert "tensorflow" not in sys.modules

    def test_models_are_held_against_it(self, monkeypatch):
        process = memory.psutil.Process()
        monkeypatch.setattr(memory, "_gpu_free", lambda: None)  # asking loads TensorFlow
        monkeypatch.setattr(memory, "memory_limit", lambda: process.memory_info().vms + (1 << 25))
        found = memory.available()
        assert found.where == "This process (see ulimit -v)"
        assert 0 < found.n_bytes <= 1 << 25

    @pytest.mark.parametrize(
        "error",
        [
            MemoryError("no room"),
            RuntimeError("can't start new thread"),
            ImportError("libx.so: failed to map segment from shared object"),
        ],
    )
    def test_a_limit_that_is_reached_later(self, error, capsys):
        assert ending.unexpected(error) == 1
        assert "Memory ran out" in capsys.readouterr().err

    def test_a_mistake_of_ours_is_called_one(self, capsys):
        assert ending.unexpected(ZeroDivisionError("by\x1b[31m zero")) == 1
        said = capsys.readouterr().err
        assert r"ZeroDivisionError: by\x1b[31m zero" in said
        assert "please report it" in said


@posix
class TestSignals:
    def test_commands_end_where_files_can_be_put_away(self):
        for number in (signal.SIGINT, signal.SIGTERM, HANGUP):
            with pytest.raises(Ended) as caught, raising_signals():
                os.kill(os.getpid(), number)
            assert ending_code(caught.value) == 128 + number

    def test_nohup_is_kept(self):
        before = signal.signal(HANGUP, signal.SIG_IGN)
        try:
            with raising_signals():
                os.kill(os.getpid(), HANGUP)
                assert signal.getsignal(HANGUP) is signal.SIG_IGN
        finally:
            signal.signal(HANGUP, before)

    @pytest.mark.parametrize("number", [HANGUP, signal.SIGTERM, signal.SIGINT])
    def test_a_training_stops_and_is_kept(self, number):
        listener = training._Listener(Output(as_json=True))
        listener.run = "some-run"
        with listener.signals():
            os.kill(os.getpid(), number)
            assert listener.is_interrupted
            assert listener.control.is_stopping
            if number != signal.SIGINT:
                os.kill(os.getpid(), number)  # a closed terminal may say so twice
        with pytest.raises(Ended), listener.signals():
            os.kill(os.getpid(), signal.SIGINT)  # the second one of a person
