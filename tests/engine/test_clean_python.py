"""Python in a process of its own: by the interpreter, or by a package that holds one."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli.main import main
from engine.devices import clean_python
from engine.devices.clean_python import (
    commands_program,
    input_command,
    module_command,
    script_command,
    source_of,
)
from engine.devices.machine import look_at_machine

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "resources" / "packaging"
# As the program of a package begins, with the interpreter in its place.
BEGIN = "import launcher, sys; sys.exit(launcher.launch(is_for_commands=True))"


@pytest.fixture
def packaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/descent/descent")


def begun(command: list[str], given: str = "", **variables: str) -> subprocess.CompletedProcess:
    """What comes of the words that a package is given, in a process that is not one."""
    return subprocess.run(
        [sys.executable, "-c", BEGIN, *command[1:]],
        input=given,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (PACKAGING, ROOT))), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


class TestInstalled:
    def test_the_interpreter_is_started(self):
        assert script_command(Path("a b.py"), "--json") == [
            sys.executable,
            "-P",
            "a b.py",
            "--json",
        ]
        assert module_command("gui.printing") == [sys.executable, "-P", "-m", "gui.printing"]
        assert input_command() == [sys.executable, "-I", "-"]
        assert commands_program() == "main.py"

    def test_where_a_script_lies_nothing_is_imported_from(self, tmp_path):
        (tmp_path / "json.py").write_text("raise SystemExit('the wrong one')")
        script = tmp_path / "script.py"
        script.write_text("import json, sys; print(json.dumps(sys.argv[1:]))")
        done = subprocess.run(script_command(script, "x"), capture_output=True, text=True)
        assert (done.stdout, done.stderr) == ('["x"]\n', "")


@pytest.mark.usefixtures("packaged")
class TestInAPackage:
    def test_it_starts_itself_with_words_that_its_launcher_knows(self):
        sys.path.insert(0, str(PACKAGING))
        try:
            import launcher
        finally:
            sys.path.remove(str(PACKAGING))
        for name in ("RUN_SCRIPT", "RUN_MODULE", "RUN_INPUT"):
            assert getattr(launcher, name) == getattr(clean_python, name)
        assert script_command(Path("a b.py"), "x") == [
            "/opt/descent/descent", launcher.RUN_SCRIPT, "a b.py", "x"
        ]  # fmt: skip
        assert module_command("gui.printing")[1:] == [launcher.RUN_MODULE, "gui.printing"]
        assert input_command()[1:] == [launcher.RUN_INPUT]

    def test_the_source_lies_where_the_compiled_module_would(self):
        assert source_of("/opt/engine/cutting.pyc") == Path("/opt/engine/cutting.py")
        assert source_of(clean_python.__file__) == Path(clean_python.__file__)

    def test_nothing_is_advised_that_needs_an_interpreter(self, capsys):
        assert look_at_machine().is_packaged
        assert main(["plugins"]) == 0
        assert "installed with Python" in capsys.readouterr().out

    def test_the_commands_have_the_name_of_their_program(self):
        assert commands_program() == "descent-cli"


class TestTheLauncher:
    """It obeys before anything of Descent is imported."""

    SCRIPT = (
        "import sys\n"
        "loaded = [name for name in ('engine', 'gui', 'main') if name in sys.modules]\n"
        "print(__name__, sys.argv[1:], loaded)\n"
        "sys.exit(3)\n"
    )

    def test_a_script(self, tmp_path):
        script = tmp_path / "script.py"
        script.write_text(self.SCRIPT)
        done = begun(["", clean_python.RUN_SCRIPT, str(script), "--json", "x"])
        assert done.stdout == "__main__ ['--json', 'x'] []\n", done.stderr
        assert done.returncode == 3

    def test_what_stands_on_standard_input(self):
        code = "import __main__\ngreat = 'größer'\nprint(__main__.great, globals()['great'])\n"
        done = begun(["", clean_python.RUN_INPUT], code + self.SCRIPT, PYTHONUTF8="1")
        assert done.stdout == "größer größer\n__main__ [] []\n", done.stderr
        assert done.returncode == 3

    def test_a_module(self, tmp_path):
        (tmp_path / "tool").mkdir()
        (tmp_path / "tool" / "__init__.py").touch()
        (tmp_path / "tool" / "__main__.py").write_text(self.SCRIPT)
        paths = os.pathsep.join(map(str, (PACKAGING, tmp_path)))
        done = begun(["", clean_python.RUN_MODULE, "tool", "x"], PYTHONPATH=paths)
        assert done.stdout == "__main__ ['x'] []\n", done.stderr

    def test_everything_else_is_for_the_program(self):
        done = begun(["", "--version"])
        assert done.stdout.startswith("Descent "), done.stderr

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PyInstaller does so on Linux")
    def test_what_it_starts_finds_the_systems_libraries(self, tmp_path):
        script = tmp_path / "script.py"
        script.write_text("import os; print(os.environ.get('LD_LIBRARY_PATH'))")
        words = ["", clean_python.RUN_SCRIPT, str(script)]
        own = {"LD_LIBRARY_PATH": "/opt/descent/_internal"}
        assert begun(words, **own).stdout == "None\n"
        assert begun(words, **own, LD_LIBRARY_PATH_ORIG="/usr/my").stdout == "/usr/my\n"


def test_both_programs_of_a_package_begin_with_the_launcher(monkeypatch):
    for name, is_for_commands in (("start_window", False), ("start_commands", True)):
        asked: list[bool] = []
        fake = type(sys)("launcher")
        fake.launch = lambda is_for_commands, asked=asked: asked.append(is_for_commands) or 7
        monkeypatch.setitem(sys.modules, "launcher", fake)
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(PACKAGING / f"{name}.py"), run_name="__main__")
        assert (ended.value.code, asked) == (7, [is_for_commands])
