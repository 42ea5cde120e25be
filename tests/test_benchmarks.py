"""Each benchmark still runs, on next to nothing. What it measures is for people to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.warm_workers import WarmProgram

FOLDER = Path(__file__).parent / "benchmarks"
HELPERS = {
    "default_trials",
    "endurance_player",
    "fault_counts",
    "smoke",
    "startup_player",
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
DEAR = {"endurance", "faults", "leaks", "responsiveness", "scripts", "startup"}
"""They open the window, or start process after process; what they use, other tests use as well."""
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


# As if Python was started with the script, in another folder.
_START = """
import multiprocessing, os, runpy, sys
multiprocessing.set_start_method(None, force=True)  # that of the process is no default
folder, script, *sys.argv[1:] = sys.argv[1:]
os.chdir(folder)
sys.argv[0] = script
sys.path.insert(0, os.path.dirname(script))
runpy.run_path(script, run_name="__main__")
"""


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_runs_and_prints_its_figures(name: str, tmp_path: Path) -> None:
    environment = {"QT_QPA_PLATFORM": "offscreen", "DESCENT_WORKSPACE": str(tmp_path)}
    script = str(FOLDER / f"{name}.py")
    program = WarmProgram("-c", _START, str(tmp_path), script, "--smoke", environment=environment)
    output, errors = program.communicate()
    assert program.returncode == 0, errors
    assert any(character.isdigit() for character in output), output
    assert SAYS.get(name, "") in output, output
    assert "FAILED" not in output, output
