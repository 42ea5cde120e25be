"""What is watched while a model learns, against predictions made the long way round."""

import keras
import numpy as np
import pytest

from engine.datasets import load_examples
from engine.events import CoefficientsUpdated, SurfaceUpdated
from engine.material import prepare
from engine.spec import RunSpec
from engine.training.building import build, compile_model
from engine.training.live import observers
from engine.training.loop import DeviceData, StepLoop
from engine.training.plan import Plan


def _looked_at(source: str, model: str):
    """The events of one look at a freshly built model, and what they should agree with."""
    spec = RunSpec.from_dict({"data": {"source": source}, "model": {"name": model}})
    material = prepare(spec)
    examples, preprocessing = material.examples, material.preprocessing
    network = build(material.spec, material.signature)
    compile_model(network, material.spec, material.signature, Plan())
    data = DeviceData.place(
        preprocessing.transform_x(examples.x), preprocessing.transform_y(examples.y)
    )
    loop = StepLoop(network, data)
    events = []
    is_linear = model.endswith("_regression")
    for observer in observers(
        "run", network, is_linear, loop, examples, preprocessing, events.append
    ):
        observer.update(force=True)
    return events, network, material


def test_one_feature_gives_a_line_in_the_targets_unit():
    events, network, material = _looked_at("noisy_line", "linear_regression")
    surface, coefficients = events
    assert isinstance(surface, SurfaceUpdated)
    assert isinstance(coefficients, CoefficientsUpdated)
    assert coefficients.terms[0] == "intercept"
    (intercept,), (slope,) = coefficients.values
    np.testing.assert_allclose(
        surface.values[:, 0], intercept + slope * surface.axes[0], rtol=1e-4, atol=1e-4
    )
    inputs = material.preprocessing.transform_x(surface.axes[0][:, np.newaxis])
    expected = material.preprocessing.restore_y(network.predict(inputs, verbose=0))
    np.testing.assert_allclose(surface.values, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("source", "n_classes"), [("moons", 2), ("blobs", 3)])
def test_two_features_give_probabilities_over_a_grid(source, n_classes):
    events, network, material = _looked_at(source, "mlp")
    (surface,) = events
    across, up = surface.axes
    assert surface.values.shape == (len(up), len(across), n_classes)
    np.testing.assert_allclose(surface.values.sum(axis=-1), 1, atol=1e-5)
    x, y = 7, 40  # the value at a point is that of that point
    point = material.preprocessing.transform_x(np.array([[across[x], up[y]]]))
    expected = network.predict(point, verbose=0)[0]
    if n_classes == 2:
        expected = np.array([1 - expected[0], expected[0]])
    np.testing.assert_allclose(surface.values[y, x], expected, atol=1e-5)


def test_the_grid_covers_the_data():
    events, _, material = _looked_at("moons", "mlp")
    for axis, column in zip(events[0].axes, material.examples.x.T, strict=True):
        assert axis[0] < column.min()
        assert axis[-1] > column.max()


def test_many_features_are_not_drawn():
    events, _, material = _looked_at("diabetes", "linear_regression")
    (coefficients,) = events
    assert coefficients.values.shape == (11, 1)
    _, examples = load_examples(material.spec.data)
    assert coefficients.terms[1:] == examples.feature_names


def test_images_have_nothing_to_draw():
    keras.backend.clear_session()
    events, _, _ = _looked_at("digits", "cnn")
    assert events == []
