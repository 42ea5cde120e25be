"""On what a run was trained: kept, added to where it goes on elsewhere, never in its way."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import engine.runs.environment as environment
from engine import __version__
from engine.runs.environment import (
    FILE_NAME,
    Environment,
    environment_now,
    environments_of,
    note_environment,
)
from engine.runs.store import RunStore
from engine.service.running import resume, train
from engine.training.control import TrainingControl

OLD = Environment({"descent": "0.0.1"}, {"system": "Another"})


@pytest.fixture
def elsewhere(monkeypatch):
    """Notes made while it is called are of another machine."""

    def note(folder, epochs_done):
        with monkeypatch.context() as there:
            there.setattr(environment, "environment_now", lambda: OLD)
            note_environment(folder, epochs_done)

    return note


class TestNow:
    def test_it_names_what_a_result_depends_on(self):
        now = environment_now()
        assert now.versions["descent"] == __version__
        assert {"python", "tensorflow", "keras", "numpy"} <= now.versions.keys()
        assert {"system", "processor", "cores", "memory"} <= now.machine.keys()
        assert all(now.machine.values())

    def test_it_names_no_computer(self):
        import platform

        assert platform.node() not in json.dumps(dict(environment_now().machine)) or (
            platform.node() in platform.release()
        )


class TestKept:
    def test_of_a_new_run(self, tmp_path):
        note_environment(tmp_path)
        assert environments_of(tmp_path) == (environment_now(),)

    def test_the_same_again_says_nothing_new(self, tmp_path):
        note_environment(tmp_path)
        note_environment(tmp_path, 4)
        assert len(environments_of(tmp_path)) == 1

    def test_a_run_that_goes_on_elsewhere_has_both(self, tmp_path, elsewhere):
        elsewhere(tmp_path, 0)
        note_environment(tmp_path, 3)
        assert environments_of(tmp_path) == (OLD, replace(environment_now(), epochs_done=3))

    def test_what_is_trained_anew_is_forgotten(self, tmp_path, elsewhere):
        note_environment(tmp_path)
        elsewhere(tmp_path, 5)
        note_environment(tmp_path, 2)  # from a checkpoint before the other machine
        assert environments_of(tmp_path) == (environment_now(),)
        elsewhere(tmp_path, 0)  # from its beginning
        assert environments_of(tmp_path) == (OLD,)

    def test_it_stays_small(self, tmp_path, elsewhere):
        for epoch in range(0, 300, 2):
            elsewhere(tmp_path, epoch)
            note_environment(tmp_path, epoch + 1)
        assert len(environments_of(tmp_path)) == 100
        assert environments_of(tmp_path)[-1].epochs_done == 299

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "{",
            "7",
            '{"versions": {}}',
            "[7]",
            '[{"versions": {}, "machine": {}}]',
            '[{"versions": {"a": 1}, "machine": {}, "epochs_done": 0}]',
            '[{"versions": {}, "machine": [], "epochs_done": 0}]',
            '[{"versions": {}, "machine": {}, "epochs_done": -1}]',
            '[{"versions": {}, "machine": {}, "epochs_done": true}]',
        ],
    )
    def test_what_is_damaged_is_not_known(self, tmp_path, content):
        (tmp_path / FILE_NAME).write_text(content)
        assert environments_of(tmp_path) == ()
        note_environment(tmp_path, 3)
        assert environments_of(tmp_path) == (replace(environment_now(), epochs_done=3),)


def test_a_run_that_is_trained_keeps_it_and_one_that_goes_on_adds(tmp_path, elsewhere):
    values = {"data": {"source": "iris"}, "training": {"epochs": 1}, "model": {"name": "mlp"}}
    with RunStore(tmp_path) as store:
        ended = train(values, store, lambda event: None, TrainingControl())
        folder = store.folder(ended.run)
        assert environments_of(folder) == (environment_now(),)
        (folder / FILE_NAME).unlink()
        elsewhere(folder, 0)
        resume(ended.run, {"training.epochs": 2}, store, lambda event: None, TrainingControl())
    assert environments_of(folder) == (OLD, replace(environment_now(), epochs_done=1))
