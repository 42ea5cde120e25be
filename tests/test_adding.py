"""The worked examples of `.github/ADDING.md`, put into a copy of the program and used there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / ".github" / "ADDING.md"
BLOCK = re.compile(
    r"^```(python|markdown|diff)\n(?:# |<!-- )(\S+)(?: -->)?\n(.*?)^```$", re.M | re.S
)
LONGEST = 50


def blocks() -> list[tuple[str, str, str]]:
    """The kind of each block, the file it is about, and its text."""
    return BLOCK.findall(GUIDE.read_text(encoding="utf-8"))


def hunks(change: str) -> Iterator[tuple[str, str]]:
    """What stands in a file before and after each part of a change."""
    for hunk in change.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        assert all(line[0] in " +-\n" for line in lines), hunk
        before = "".join(line[1:] or "\n" for line in lines if line[0] != "+")
        after = "".join(line[1:] or "\n" for line in lines if line[0] != "-")
        yield before, after


def changed(text: str, change: str, path: str) -> str:
    for before, after in hunks(change):
        assert text.count(before) == 1, f"{path} has {text.count(before)} times:\n{before}"
        text = text.replace(before, after)
    return text


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program with every example in it."""
    folder = tmp_path_factory.mktemp("adding") / "descent"
    for room in ("engine", "gui", "resources"):
        unwanted = shutil.ignore_patterns("__pycache__", "screenshots")
        shutil.copytree(ROOT / room, folder / room, ignore=unwanted)
    for name in ("main.py", "pyproject.toml", ".importlinter"):
        shutil.copy(ROOT / name, folder)
    for kind, path, text in blocks():
        place = folder / path
        if kind == "diff":
            text = changed(place.read_text(encoding="utf-8"), text, path)
        else:
            assert not place.exists(), path
            place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return folder


def run(copy: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_block_names_its_file_and_is_short() -> None:
    fences = len(re.findall(r"^```\w+$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE))
    assert fences == len(blocks()) > 20
    assert [path for _, path, text in blocks() if len(text.splitlines()) > LONGEST] == []


def test_the_examples_work(copy: Path) -> None:
    told = run(copy, str(ROOT / "tests" / "adding_checks.py"), str(copy.parent / "work"))
    assert told.splitlines()[-1] == "12 kinds of things were added."


def test_the_examples_keep_the_house_rules(copy: Path) -> None:
    run(copy, "-m", "ruff", "check", ".")
    run(copy, "-m", "ruff", "format", "--check", ".")
