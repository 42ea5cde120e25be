"""Damaged workspaces open, harm no other run, and show no wrong number: some here, of each kind.

Seven thousand are tried by ``tests/benchmarks/mutants.py --workspaces 5000 --folders 2000``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3

import pytest

from tests.workspace_mutants import FOLDER, make_sample, try_mutant, write_mutant

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return make_sample(tmp_path_factory.mktemp("sample"))


def test_one_damaged_file_of_a_workspace(sample):
    assert {kind.rpartition("/")[2] for kind in sample.kinds} >= {
        *("model.keras", "contract.json", "data.json", "spec.json", "evaluation.json"),
        *("variables.npz", "progress.json", "manifest.json", "runs.sqlite", "Mine.json"),
    }
    outcomes = [try_mutant(sample, kind, number) for kind in sample.kinds for number in range(2)]
    faults = [outcome for outcome in outcomes if outcome.is_fault]
    assert not faults, faults
    assert {outcome.what for outcome in outcomes} == {"read", "refused"}


def test_a_folder_of_a_run_that_is_damaged_in_several_places(sample):
    faults = [
        found for number in range(20) if (found := try_mutant(sample, FOLDER, number)).is_fault
    ]
    assert not faults, faults


def test_a_mutant_can_be_made_again(sample):
    kind = "run/contract.json"
    path = sample.path(kind, sample.workspace)
    write_mutant(sample, kind, 7)
    content = path.read_bytes() if path.exists() else None
    write_mutant(sample, kind, 8)
    assert write_mutant(sample, kind, 7) == [kind]
    assert (path.read_bytes() if path.exists() else None) == content


@pytest.mark.parametrize("looks", [True, False])
def test_a_wrong_number_is_told_and_the_judge_would_find_it(sample, monkeypatch, looks):
    def change(sample, kind, number):
        shutil.rmtree(sample.workspace)
        shutil.copytree(sample.whole, sample.workspace)
        with contextlib.closing(sqlite3.connect(sample.workspace / "runs.sqlite")) as database:
            (text,) = database.execute("SELECT metrics FROM runs").fetchone()
            wrong = json.loads(text) | {"test_accuracy": 0.123}
            database.execute(
                "UPDATE runs SET metrics = ?, metrics_crc = NULL", (json.dumps(wrong),)
            )
            database.commit()
        return [kind]

    monkeypatch.setattr("tests.workspace_mutants.write_mutant", change)
    if not looks:
        monkeypatch.setattr("engine.training.agreement._same", lambda first, second: True)
    found = try_mutant(sample, "runs.sqlite", 0)
    assert found.what == ("refused" if looks else "shown wrong")
