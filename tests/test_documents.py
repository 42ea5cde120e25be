"""What README and the pages in `.github` say of the code is so: files, names, links, commands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / ".github").glob("*.md"))]
NAMED_FILE = re.compile(r"`((?:engine|gui|tests|resources|\.github|\.ci)/[\w./-]*)`")
NAMED_THING = re.compile(r"`(\w+)` in `((?:engine|gui|tests)/[\w./-]+\.py)`")
LINK = re.compile(r"\]\(([^)#:]+)\)")
GONE = ("engine.session", "engine.worker", "engine/material", "training/inside", "RunShelf", "Desk")
"""Names of before, which only the history knows."""
UNMERGED = re.compile(r"^(<{7}|={7}|>{7})", re.MULTILINE)


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.name)
def document(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_files_that_are_named_exist(document: Path) -> None:
    named = NAMED_FILE.findall(text_of(document))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_what_is_named_with_its_file_is_there(document: Path) -> None:
    missing = []
    for name, path in NAMED_THING.findall(text_of(document)):
        defined = re.compile(rf"^(class |def |){name}\b", re.MULTILINE)
        if not defined.search((ROOT / path).read_text(encoding="utf-8")):
            missing.append(f"{name} in {path}")
    assert missing == []


def test_links_lead_somewhere(document: Path) -> None:
    links = LINK.findall(text_of(document))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_no_name_of_before_and_no_conflict_is_left(document: Path) -> None:
    text = text_of(document)
    assert [name for name in GONE if name in text] == []
    assert UNMERGED.search(text) is None


def test_the_readme_tests_as_ci_does() -> None:
    (command,) = re.findall(r"^python -m pytest .*$", text_of(ROOT / ".ci" / "run"), re.MULTILINE)
    for path in ("README.md", ".github/CONTRIBUTING.md"):
        assert command in text_of(ROOT / path), path


def test_the_drawing_has_every_room() -> None:
    drawing = text_of(ROOT / ".github" / "CONTRIBUTING.md").partition("```\n gui")[2]
    drawn = set(re.findall(r"[a-z_]+", drawing.partition("\n```")[0]))
    for house in ("engine", "gui"):
        rooms = {path.stem for path in (ROOT / house).iterdir() if not path.name.startswith("_")}
        assert rooms <= drawn, house


def test_checks_before_a_commit_download_nothing() -> None:
    text = text_of(ROOT / ".pre-commit-config.yaml")
    assert set(re.findall(r"repo: (\S+)", text)) == {"local"}
    assert set(re.findall(r"language: (\S+)", text)) == {"system"}
