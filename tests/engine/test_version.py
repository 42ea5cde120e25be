"""The version: written in one place, and told by the command line, the package and the machine."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import engine
from engine.cli import main as cli
from engine.devices import versions

ROOT = Path(__file__).parents[2]


def test_it_is_written_in_one_place():
    assert re.fullmatch(r"\d+\.\d+\.\d+", engine.__version__)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "engine.__version__"}


def test_the_command_line_tells_it(capsys):
    assert cli.main(["--version"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"Descent {engine.__version__}"
    for name in ("Python 3.", "TensorFlow 2.", "Keras 3.", "PySide6 6."):
        assert name in second


def test_programs_read_it_as_json(capsys):
    assert cli.main(["--version", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["descent", "python", "tensorflow", "keras", "pyside6"]
    assert told["descent"] == engine.__version__


def test_it_stands_in_the_place_of_a_command(capsys):
    assert cli.main(["--version", "train"]) == 2
    assert "Unrecognized arguments: train." in capsys.readouterr().err


def test_a_clone_that_is_not_installed_knows_it_and_imports_nothing_heavy(tmp_path):
    clone = tmp_path / "clone"
    shutil.copytree(ROOT / "engine", clone / "engine", ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "main.py", clone)
    code = (
        "import sys, main; sys.argv = ['main.py', '--version']; main.main();"
        "assert not {'tensorflow', 'keras', 'PySide6'} & set(sys.modules)"
    )
    # Without the packages' own data of this project, as in a clone.
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=clone,
        env={**os.environ, "PYTHONPATH": str(clone)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.startswith(f"Descent {engine.__version__}\n")


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        ({"tensorflow-macos": "2.20.1"}, "2.20.1"),
        ({"tensorflow": "2.21.0", "tensorflow-cpu": "2.20.0"}, "2.21.0"),
        ({}, versions.NOT_INSTALLED),
    ],
)
def test_tensorflow_has_several_packages(monkeypatch, installed, expected):
    def version(name):
        if name not in installed:
            raise versions.metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(versions.metadata, "version", version)
    assert versions.versions()["TensorFlow"] == expected
