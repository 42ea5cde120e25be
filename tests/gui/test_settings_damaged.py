"""Settings that are damaged, or no file, cost a preference, never a launch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.state.settings import MAX_BYTES, Settings
from tests.gui.frame_fixtures import window_stage
from tests.gui.spoken import SpokenMessages


@pytest.fixture
def file(private_folders: Path) -> Path:
    """The user's own settings."""
    path = private_folders / "settings" / "Descent" / "Descent.ini"
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize(
    "value",
    [
        "[" * 200_000,
        '{\\"a\\":' * 200_000,
        "1e999",
        "NaN",
        '\\"dark',
        "@Variant(\\0\\0)",
        "1" * 5000,
    ],
    ids=["brackets", "braces", "huge", "nan", "open", "variant", "digits"],
)
def test_a_value_that_cannot_be_read_is_absent(file: Path, value: str) -> None:
    file.write_text(
        f'[General]\nschema_version=1\ndraft="{value}"\nsplitter="{value}"\n[theme]\nmode="\\"dark\\""\n'
    )
    settings = Settings()
    assert settings.damaged is None
    assert settings.get("draft", dict[str, object]()) == {}
    assert settings.get("splitter", 0.5) == 0.5
    assert settings.get("theme/mode", "system") == "dark"


def test_the_window_opens_on_200_000_brackets(file: Path, qtbot: QtBot, tmp_path: Path) -> None:
    names = ("draft", "window/page", "window/geometry", "train/smoothing", "data/recent")
    lines = [f'{name.replace("/", chr(92))}="{"[" * 200_000}"' for name in names]
    file.write_text("\n".join(["[General]", "schema_version=1", *lines]))
    with window_stage(qtbot, tmp_path) as on:
        assert on.window.isVisible()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_is_left_alone_and_told(
    file: Path, qtbot: QtBot, tmp_path: Path, spoken: SpokenMessages
) -> None:
    os.mkfifo(file)
    with window_stage(qtbot, tmp_path) as on:
        said = spoken.take("warning")
        assert str(file) in said.text
        assert "it is a pipe, not a file" in said.text
        on.window.settings.set("theme/mode", "dark")
        on.window.settings.save()
    assert file.is_fifo()
    assert Settings().get("theme/mode", "system") == "dark"  # kept beside it


def test_a_file_without_end_is_left_as_it_is_and_told(
    file: Path, qtbot: QtBot, tmp_path: Path, spoken: SpokenMessages
) -> None:
    with file.open("wb") as long:
        long.truncate(MAX_BYTES + 1)
    with window_stage(qtbot, tmp_path):
        assert "longer than 16,777,216 bytes" in spoken.take("warning").text
    assert file.stat().st_size == MAX_BYTES + 1
