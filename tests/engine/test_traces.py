"""Trainings in one process leave no graphs behind."""

import gc

from tensorflow.python.framework.func_graph import FuncGraph

from engine.events.run_events import RunFinished
from engine.runs.store import RunStore
from engine.service import running
from engine.spec.run_spec import RunSpec
from engine.training.control import TrainingControl
from engine.training.prepared_data import prepare
from engine.training.trials.rate_finder import find_rate

SPEC = {
    "data": {"source": "noisy_line"},
    "model": {"name": "linear_regression"},
    "training": {"epochs": 1, "optimizer": "adam"},
    "execution": {"xla": "off"},
}


def graphs() -> int:
    gc.collect()
    return sum(isinstance(thing, FuncGraph) for thing in gc.get_objects())


def test_runs_and_trials_leave_none_of_their_graphs(tmp_path):
    before = graphs()
    with RunStore(tmp_path) as store:
        for _ in range(2):
            ended = running.train(SPEC, store, lambda event: None, TrainingControl())
            assert isinstance(ended, RunFinished)
    find_rate(prepare(RunSpec.from_dict(SPEC)), lambda rate: None, lambda: False)
    assert graphs() <= before
