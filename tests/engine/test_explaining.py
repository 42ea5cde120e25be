"""The contract of explanations: every architecture and task, every way that fits."""

import keras
import numpy as np
import pytest
from explaining_cases import background, explainer_for, network_of, raw_example
from tiny_signatures import dear_unless, few_of_all, fitting_pairs

from engine.errors import DatasetError, UnknownNameError
from engine.inference.explaining import METHODS, explainer
from engine.spec.signature import Kind, Output, Signature, Task

PAIRS = fitting_pairs()
SHAPES = {
    Kind.TABLE: lambda shape: shape,
    Kind.TEXT: lambda shape: (4,),
    Kind.SERIES: lambda shape: shape,
    Kind.IMAGE: lambda shape: shape[:-1],
    Kind.AUDIO: lambda shape: shape[:-1],
    Kind.VIDEO: lambda shape: shape[:-1],
}


# Each has its kind of layers covered by another, and takes long to trace.
DEAR = {
    "applications", "custom", "gru", "gru_translator", "resnet", "rnn", "series_rnn",
    "series_transformer", "sound_rnn", "transformer", "video_rnn",
}  # fmt: skip
CHOSEN = [pair for pair in few_of_all(PAIRS) if pair[0].name not in DEAR]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """What a machine can do in a given time must not decide whether a test passes."""
    monkeypatch.setattr(explainer, "SECONDS", 60.0)


@pytest.mark.parametrize("pair", dear_unless(CHOSEN, PAIRS))
def test_every_model_is_explained_in_every_way_that_fits(pair):
    _, signature = pair
    network = network_of(pair)
    why = explainer_for(network, signature)
    assert why.methods, "nothing explains it"
    x, others = raw_example(signature), background(signature)
    before = [weight.numpy() for weight in network.weights]
    for method in why.methods:
        found = why.explain(x, others, method=method.name)
        assert found.values.shape == SHAPES[signature.kind](signature.input_shape)
        assert np.isfinite(found.values).all()
        assert found.sanity.n_layers > 0
        if found.is_sum:
            assert found.missed == pytest.approx(0, abs=found.tolerance)
        values = found.to_dict()
        assert values["method"] == method.name
        assert values["target"] in found.targets
    for old, weight in zip(before, network.weights, strict=True):
        np.testing.assert_array_equal(old, weight.numpy())


@pytest.mark.parametrize("signature", [
    Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 2),
    Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3),
    Signature(Kind.TABLE, Task.MULTILABEL, (4,), 3),
], ids=lambda it: f"{it.task}-{it.n_classes}")  # fmt: skip
def test_each_class_is_explained_by_its_own_probability(signature):
    inputs = keras.Input((4,))
    activation = "softmax" if signature.n_classes == 3 else "sigmoid"
    if signature.output is Output.LABELS:
        activation = "sigmoid"
    layer = keras.layers.Dense(signature.n_outputs, activation=activation)
    network = keras.Model(inputs, layer(inputs))
    why = explainer_for(network, signature)
    x, others = raw_example(signature), background(signature)

    def probabilities(rows):
        outputs = network(rows.astype(np.float32)).numpy()
        is_binary = signature.is_binary
        return np.concatenate([1 - outputs, outputs], axis=1) if is_binary else outputs

    for place in range(signature.n_classes):
        found = why.explain(x, others, target=f"class {place}")
        assert found.prediction == pytest.approx(probabilities(x)[0, place], abs=1e-6)
        assert found.baseline == pytest.approx(probabilities(others)[:, place].mean(), abs=1e-6)
        assert found.is_complete
    best = why.explain(x, others)
    assert best.target == f"class {probabilities(x)[0].argmax()}" == best.targets[0]


def test_numbers_are_explained_in_the_target_s_own_unit():
    signature = Signature(Kind.SERIES, Task.FORECASTING, (12, 2), n_values=3)
    inputs = keras.Input((12, 2))
    network = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs)))
    why = explainer_for(network, signature)
    x = raw_example(signature)
    outputs = network(x.astype(np.float32)).numpy()[0]
    in_unit = outputs * np.array([2, 3, 4]) + np.array([5, 6, 7])
    whole = why.explain(x)
    assert whole.targets == ("mean of all", "target 1", "target 2", "target 3")
    assert whole.prediction == pytest.approx(in_unit.mean(), abs=1e-5)
    last = why.explain(x, target="target 3")
    assert last.prediction == pytest.approx(in_unit[2], abs=1e-5)
    # A linear network: each step adds its weight times its distance from the mean.
    kernel = network.layers[-1].kernel.numpy()[:, 2].reshape(12, 2)
    expected = 4 * kernel * (x[0] - x[0].mean(axis=0))
    np.testing.assert_allclose(last.values, expected, atol=1e-4)


def test_what_does_not_exist_is_refused_with_what_does():
    signature = Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3)
    inputs = keras.Input((4,))
    network = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(inputs))
    why = explainer_for(network, signature)
    x, others = raw_example(signature), background(signature)
    with pytest.raises(UnknownNameError, match="class 9"):
        why.explain(x, others, target="class 9")
    with pytest.raises(UnknownNameError) as caught:
        why.explain(x, others, method="grad_cam")
    assert "shap" in caught.value.hint
    with pytest.raises(DatasetError, match="rows of the training part"):
        why.explain(x)
    with pytest.raises(DatasetError, match="shape"):
        why.explain(np.zeros((1, 5)), others)


def test_every_method_says_what_its_marks_mean():
    assert len({method.title for method in METHODS}) == len(METHODS)
    assert all(method.summary.endswith(".") for method in METHODS)
