"""The policy network: no preference at first, and the pole stays up."""

import numpy as np
import pytest

from engine.datasets.box.cartpole import controller, play
from engine.events.run_events import RunFinished
from engine.inference.contract import Contract
from engine.inference.serving import ServedModel
from engine.runs.store import RunStore
from engine.service.running import train
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.control import TrainingControl
from engine.training.defaults import resolve
from engine.training.model.building import build

N_EPISODES = 20
MAX_STEPS = 500


@pytest.mark.parametrize(
    "signature",
    [
        Signature(Kind.TABLE, Task.CONTROL, (4,), 3),
        Signature(Kind.SERIES, Task.CONTROL, (6, 4), 3),
        Signature(Kind.TABLE, Task.CONTROL, (4,), n_values=2),
    ],
)
def test_no_action_is_preferred_at_first(signature):
    spec = resolve(
        RunSpec.from_dict({"data": {"source": "any"}, "model": {"name": "policy"}}), signature
    )
    network = build(spec, signature)
    seen = np.random.default_rng(0).normal(size=(16, *signature.input_shape))
    outputs = network(seen.astype(np.float32)).numpy()
    even = 1 / 3 if signature.n_classes else 0.0
    np.testing.assert_allclose(outputs, even, atol=0.05)


def test_an_episode_is_the_same_for_the_same_seed_and_ends_where_the_pole_falls():
    gains = controller()
    first, again = (play(lambda seen: int(gains @ seen > 0), 3, 50) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (51, 4)
    fallen = play(lambda seen: 1, 3)
    assert len(fallen) < 30
    assert abs(fallen[-1, 2]) > 0.2 or abs(fallen[-1, 0]) > 2.4


def test_the_pole_stays_up_in_every_episode(tmp_path):
    """Twenty of twenty episodes of 500 steps, as learnt from 60 demonstrations of 200."""
    spec = {"data": {"source": "cartpole"}, "model": {"name": "policy"}}
    spec["execution"] = {"xla": "off"}  # whether it is used else depends on what was measured
    with RunStore(tmp_path) as store:
        ended = train(spec, store, lambda event: None, TrainingControl())
        assert isinstance(ended, RunFinished), ended
        folder = store.folder(ended.run)
        preprocessing = Contract.load(folder).preprocessing
        push = _in_numpy(ServedModel.load(folder)._network.get_weights())
    lengths = [
        len(play(lambda seen: push(preprocessing.transform_x(seen[None])), seed, MAX_STEPS)) - 1
        for seed in range(1_000, 1_000 + N_EPISODES)
    ]
    assert lengths == [MAX_STEPS] * N_EPISODES


def _in_numpy(weights):
    """The network by hand: ten thousand single predictions of Keras would take minutes."""
    *hidden, kernel, bias = weights

    def push(values):
        for place in range(0, len(hidden), 2):
            values = np.tanh(values @ hidden[place] + hidden[place + 1])
        return int((values @ kernel + bias)[0, 0] > 0)

    return push
