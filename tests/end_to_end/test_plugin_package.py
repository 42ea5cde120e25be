"""A package of someone else's: installed with pip, used from the window and the command line."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from plugin_packages import sample_wheel

from engine.files import CACHE_VARIABLE

ROOT = Path(__file__).parents[2]
PATIENCE_S = 600
NAMES = {"rings", "wide", "key_value", "jitter", "gap"}


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Python of a fresh virtual environment with the sample package, beside what tests run with."""
    folder = tmp_path / "environment"
    has_pip = importlib.util.find_spec("pip") is not None
    venv.create(folder, with_pip=not has_pip, symlinks=os.name != "nt")
    base = {"base": str(folder), "platbase": str(folder)}
    scripts, packages = (
        Path(sysconfig.get_path(name, "venv", vars=base)) for name in ("scripts", "purelib")
    )
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    (packages / "tests.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", python] if has_pip else [python, "-m", "pip"]
    wheel = sample_wheel(tmp_path)
    run([*pip, "install", "--quiet", "--no-index", "--no-deps", wheel])
    return python


def run(words: list[object], **variables: str) -> str:
    """Runs a program that must end well; what it printed."""
    done = subprocess.run(
        list(map(str, words)),
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.timeout(2 * PATIENCE_S)
def test_it_is_checked_beside_the_window_trained_there_and_listed(python, tmp_path, private_cache):
    variables = {
        CACHE_VARIABLE: str(private_cache),
        "DESCENT_WORKSPACE": str(tmp_path / "workspace"),
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
    }
    said = run([python, "-c", _USE, tmp_path / "workspace"], **variables)
    assert said.splitlines() == ["card", "trained Rings within rings · Wide", "drawn gap", "light"]

    listed = json.loads(run([python, "main.py", "plugins", "--json"], **variables))["plugins"]
    assert {item["name"]: item["state"] for item in listed} == dict.fromkeys(NAMES, "ready")

    words = ["train", "--data", "rings", "--set", "augmentation.plugins.jitter.amount=0.1"]
    lines = run([python, "main.py", *words, "--epochs", "2", "--json"], **variables).splitlines()
    events = [json.loads(line) for line in lines]
    assert events[0]["spec"]["model"]["name"] == "wide"
    assert events[-1]["event"] == "run_finished"


# Opens the real window and does what a person would: waits for the card, picks it, presses Start,
# looks at the result.
_USE = """
import sys
from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication
from gui.window.page_list import PAGES

class Person(QObject):
    def __init__(self):
        super().__init__()
        self.window = None
        self.step = self.find_card
        self.timer = QTimer(self, interval=20)
        self.timer.timeout.connect(self.look)
        self.timer.start()

    @Slot()
    def look(self):
        if self.window is None:
            windows = [w for w in QApplication.topLevelWidgets() if hasattr(w, "controller")]
            if not windows:
                return
            self.window = windows[0]
        if len(self.window.pages) == len(PAGES):
            self.step()

    def find_card(self):
        cards = self.window.pages["data"].cards
        models = {card.name for card in self.window.pages["model"].cards.cards}
        if {"rings"} <= set(cards.shown_names) and "wide" in models:
            print("card")
            cards.picked.emit("rings")
            training = {"epochs": 3}
            self.window.controller.drafts.set_draft(self.window.controller.drafts.draft.with_training(training))
            self.window.show_page("train")
            self.step = self.start

    def start(self):
        bar = self.window.pages["train"].bar
        if bar.start.isVisible() and bar.start.isEnabled():
            bar.start.click()
            self.step = self.wait

    def wait(self):
        training = self.window.controller.training
        if training.state is not None and not training.is_active:
            self.window.show_page("results")
            self.step = self.read

    def read(self):
        page = self.window.pages["results"]
        page.tabs.show_tab("plots")
        if page.head.title.text().startswith("Rings") and page.tabs.plugin_plots.folds:
            print("trained", page.head.title.text())
            page.tabs.plugin_plots.folds["gap"].fold.set_open(True)
            self.step = self.draw

    def draw(self):
        view = self.window.pages["results"].tabs.plugin_plots.folds["gap"].view
        if view is not None and view.labels:
            print("drawn", *view.labels)
            print("heavy" if {"tensorflow", "keras"} & set(sys.modules) else "light")
            self.timer.stop()
            self.window.close()

if __name__ == "__main__":
    from gui.window import app
    application = QApplication([])
    person = Person()
    sys.exit(app.main(["--workspace", sys.argv[1]]))
"""
