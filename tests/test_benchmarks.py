"""Each benchmark still runs, on next to nothing. What it measures is for people to look at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "benchmarks"
HELPERS = {
    "default_trials",
    "endurance_player",
    "fault_counts",
    "smoke",
    "training_cases",
    "training_peer",
    "training_torch",
    "trials_anomalies",
    "trials_images",
    "trials_series",
    "trials_tables",
    "trials_texts",
    "verdict_cases",
    "window_player",
}
"""Used by the others; a new file is a benchmark, unless it is named here."""
DEAR = {"endurance", "faults", "leaks", "responsiveness"}
"""They open the window, or start worker after worker; what they use, other tests use as well."""
SAYS = {
    "endurance": " 0 faults",
    "faults": " 0 lost",
    "leaks": "finished 1",
    "memory": "  finished\n",
}

SCRIPTS = [
    pytest.param(name, marks=[pytest.mark.everything] if name in DEAR else [])
    for name in sorted({path.stem for path in FOLDER.glob("*.py")} - HELPERS)
]


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_runs_and_prints_its_figures(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), "--smoke"],
        cwd=tmp_path,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "DESCENT_WORKSPACE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert any(character.isdigit() for character in done.stdout), done.stdout
    assert SAYS.get(name, "") in done.stdout, done.stdout
    assert "FAILED" not in done.stdout, done.stdout
