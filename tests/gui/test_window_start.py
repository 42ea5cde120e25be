"""What is imported before the window is painted. How long that takes, is measured elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LATER = (
    # libraries
    "asyncio",
    "filelock",
    "importlib.metadata",
    "multiprocessing",
    "numpy",
    "psutil",
    "pydantic",
    "pyqtgraph",
    "tensorflow",
    # our own rooms
    "engine.api",
    "engine.architectures",
    "engine.datasets",
    "engine.inference",
    "engine.preprocessing",
    "engine.runs.store",
    "engine.service.session",
    "engine.spec.run_spec",
    "engine.training",
    "gui.pages.data",
    "gui.plots",
)
"""Each of them takes longer than building the window; pages and threads import them afterwards."""

# As `main.py` opens the window, up to the moment in which it has been painted.
_PAINT = """
import os, sys
import main

main.load_window()
from gui.window import app

class Painted(app.MainWindow):
    def open(self):
        print(*sorted(sys.modules), flush=True)
        os._exit(0)

app.MainWindow = Painted
app.main(["--workspace", sys.argv[1]])
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """What a window has imported that has just been painted."""
    folder = tmp_path_factory.mktemp("start")
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_CONFIG_HOME": str(folder / "settings"),
    }
    done = subprocess.run(
        [sys.executable, "-c", _PAINT, str(folder / "workspace")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return frozenset(done.stdout.split())


def test_the_window_itself_is_there(imported: frozenset[str]) -> None:
    assert {"PySide6.QtWidgets", "gui.window.main_window", "engine.events.messages"} <= imported


@pytest.mark.parametrize("name", LATER)
def test_it_is_painted_before_what_is_heavy_is_imported(
    imported: frozenset[str], name: str
) -> None:
    found = sorted(it for it in imported if it == name or it.startswith(f"{name}."))
    assert not found, f"Imported before the first paint; import it where it is used: {found[:5]}"
