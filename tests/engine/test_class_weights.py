"""Weights of classes and of examples: the same training as Keras's own `fit` with them."""

import keras
import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from engine.datasets.base import Examples
from engine.datasets.box.classic import Iris
from engine.events.run_events import RunFinished
from engine.runs.store import RunStore
from engine.service import running
from engine.spec.signature import Kind, Task
from engine.training.control import TrainingControl
from engine.training.defaults import parse
from engine.training.model.building import build, compile_model
from engine.training.order import shuffled
from engine.training.plan import Plan
from engine.training.prepared_data import balanced_weights, prepare

EPOCHS, BATCH = 3, 16


def imbalanced(shares: tuple[float, ...], weighted: bool = False, n: int = 250) -> Examples:
    rng = np.random.default_rng(1)
    y = rng.choice(len(shares), n, p=shares)
    return Examples(
        x=rng.normal(size=(n, 4)) + y[:, np.newaxis],
        y=y.astype(np.int64),
        kind=Kind.TABLE,
        task=Task.CLASSIFICATION,
        feature_names=("a", "b", "c", "d"),
        class_names=tuple(f"class {index}" for index in range(len(shares))),
        weights=rng.uniform(0.1, 3, n).astype(np.float32) if weighted else None,
    )


@pytest.fixture
def use(monkeypatch):
    def use(examples: Examples) -> None:
        monkeypatch.setattr(
            "engine.training.prepared_data.load_examples", lambda *_: (Iris(), examples)
        )

    return use


def spec(class_weights: str) -> dict:
    return {
        "data": {"source": "iris"},
        "model": {"name": "mlp"},
        "training": {
            "epochs": EPOCHS,
            "batch_size": BATCH,
            "class_weights": class_weights,
            "keep": "last",
        },
        # Keras's own arithmetic: fused layers round otherwise, as XLA does.
        "execution": {"xla": "off", "layers": "keras"},
        "seed": 4,
    }


def trained(values: dict, folder) -> tuple[list[np.ndarray], dict[str, float]]:
    """Weights of the network that a run saved, and its metrics."""
    with RunStore(folder) as store:
        ended = running.train(values, store, lambda event: None, TrainingControl())
        assert isinstance(ended, RunFinished), ended
        saved = keras.saving.load_model(store.folder(ended.run) / "model.keras", compile=False)
    network = next(layer for layer in saved.layers if isinstance(layer, keras.Model))
    return network.get_weights(), ended.metrics


def fitted(values: dict, **weighting) -> tuple[list[np.ndarray], float]:
    """Weights and last loss of Keras's `fit`, given the same examples in the same order.

    Args:
        values: Of a spec.
        **weighting: What `fit` takes; sample weights in the order of the training part.
    """
    prepared = prepare(parse(values))
    network = build(prepared.spec, prepared.signature)
    compile_model(network, prepared.spec, prepared.signature, Plan())
    train = prepared.parts.train
    x = prepared.preprocessing.transform_x(prepared.examples.x[train])
    y = prepared.preprocessing.transform_y(prepared.examples.y[train])
    sample_weight = weighting.pop("sample_weight", None)
    for epoch in range(1, EPOCHS + 1):
        order = shuffled(len(train), values["seed"], epoch)
        ordered = {} if sample_weight is None else {"sample_weight": sample_weight[order]}
        history = network.fit(
            x[order], y[order], BATCH, shuffle=False, verbose=0, **ordered, **weighting
        )
    return network.get_weights(), history.history["loss"][-1]


@pytest.mark.parametrize("shares", [(0.9, 0.1), (0.7, 0.2, 0.1)])
def test_class_weights_train_bit_for_bit_as_those_of_fit(use, tmp_path, shares):
    examples = imbalanced(shares)
    use(examples)
    values = spec("balanced")
    train = prepare(parse(values)).parts.train
    classes = np.arange(len(shares))
    by_class = compute_class_weight("balanced", classes=classes, y=examples.y[train])
    theirs, loss = fitted(values, class_weight=dict(enumerate(by_class)))
    ours, metrics = trained(values, tmp_path)
    for mine, his in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, his)
    assert metrics["loss"] == loss
    plain, _ = trained(spec("none"), tmp_path)
    assert not all(np.array_equal(a, b) for a, b in zip(ours, plain, strict=True))


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_weights_of_examples_train_as_those_of_fit(use, tmp_path, class_weights):
    examples = imbalanced((0.8, 0.2), weighted=True)
    use(examples)
    values = spec(class_weights)
    train = prepare(parse(values)).parts.train
    weights = examples.weights[train].astype(np.float64)
    if class_weights == "balanced":
        weights = weights * compute_sample_weight("balanced", examples.y[train])
    theirs, loss = fitted(values, sample_weight=weights.astype(np.float32))
    ours, metrics = trained(values, tmp_path)
    for mine, his in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, his)
    assert metrics["loss"] == loss


def test_balanced_weights_are_those_of_scikit_learn():
    y = np.random.default_rng(0).choice(4, 300, p=(0.5, 0.3, 0.15, 0.05))
    expected = compute_class_weight("balanced", classes=np.arange(4), y=y)
    np.testing.assert_array_equal(balanced_weights(y, 4), expected)
    assert balanced_weights(y[y < 3], 4)[3] == 0
