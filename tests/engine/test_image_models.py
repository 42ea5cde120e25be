"""Options of the networks for tables and images: skips, pooling, penalties, well-known networks."""

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

from engine.architectures.applications import APPLICATIONS, weights_path
from engine.errors import SpecError
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import resolve
from engine.training.model.building import build

TABLE = Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3)
DIGITS = Signature(Kind.IMAGE, Task.CLASSIFICATION, (28, 28, 1), 10)
PHOTOS = Signature(Kind.IMAGE, Task.CLASSIFICATION, (40, 36, 3), 4)


def _build(name, signature, **parameters):
    values = {"data": {"source": "any"}, "model": {"name": name, "parameters": parameters}}
    return build(resolve(RunSpec.from_dict(values), signature), signature)


def _refused(name, signature, **parameters):
    with pytest.raises(SpecError) as caught:
        _build(name, signature, **parameters)
    (problem,) = caught.value.problems
    assert problem.message
    assert problem.hint
    return problem


def _types(network):
    return [type(layer).__name__ for layer in network.layers]


def test_a_perceptron_adds_what_skips_each_hidden_layer_but_the_first():
    network = _build("mlp", TABLE, units=[8, 8, 5], residual=True)
    x = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    # By hand: skipped where the widths agree, through a projection where they do not.
    weights = {layer.name: layer.get_weights() for layer in network.layers}
    # Keras numbers the layers of a process: dense_9 comes before dense_10.
    names = sorted((n for n in weights if n.startswith("dense")), key=lambda n: (len(n), n))
    (first, second, third), hidden = names, x
    hidden = np.maximum(hidden @ weights[first][0] + weights[first][1], 0)
    hidden = hidden + np.maximum(hidden @ weights[second][0] + weights[second][1], 0)
    passed = hidden @ weights["projection_2"][0]
    hidden = passed + np.maximum(hidden @ weights[third][0] + weights[third][1], 0)
    answers = hidden @ weights["output"][0] + weights["output"][1]
    np.testing.assert_allclose(
        network(x), keras.ops.softmax(answers), rtol=1e-5, atol=1e-6
    )  # fmt: skip


def test_one_hidden_layer_has_nothing_to_skip():
    problem = _refused("mlp", TABLE, units=[8], residual=True)
    assert problem.field == "model.parameters.residual"


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet"])
@pytest.mark.parametrize("kind", ["l1", "l2"])
def test_a_penalty_counts_every_kernel_with_its_strength(name, kind):
    network = _build(name, DIGITS, regularisation=kind, strength=0.5)
    kernels = [
        weight.numpy()
        for layer in network.layers
        for weight in layer.weights
        if "kernel" in weight.name and (layer.name != "output" or name == "mlp")
    ]
    power = {"l1": np.abs, "l2": np.square}[kind]
    expected = 0.5 * sum(float(power(kernel).sum()) for kernel in kernels)
    assert float(sum(network.losses)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet"])
def test_there_is_no_penalty_unless_asked_for(name):
    assert _build(name, DIGITS).losses == []


@pytest.mark.parametrize(
    ("pooling", "layer"), [("average", "GlobalAveragePooling2D"), ("max", "GlobalMaxPooling2D")]
)
def test_global_pooling_leaves_one_number_for_each_filter(pooling, layer):
    network = _build("cnn", DIGITS, global_pooling=pooling)
    pooled = next(item for item in network.layers if type(item).__name__ == layer)
    assert pooled.output.shape == (None, 64)
    assert "Flatten" not in _types(network)


def test_a_residual_network_has_the_layers_of_the_paper():
    # ResNet-20 of table 6: 6n + 2 layers with weights, without the projections; 0.27 M parameters.
    network = _build(
        "resnet", Signature(Kind.IMAGE, Task.CLASSIFICATION, (32, 32, 3), 10), blocks=3
    )
    weighted = [
        layer for layer in network.layers
        if type(layer).__name__ in ("Conv2D", "Dense") and "projection" not in layer.name
    ]  # fmt: skip
    assert len(weighted) == 6 * 3 + 2
    assert network.count_params() == pytest.approx(270_000, rel=0.03)
    ends = [network.get_layer(f"stage_{stage}_block_3_relu") for stage in (1, 2, 3)]
    assert [end.output.shape[1:] for end in ends] == [(32, 32, 16), (16, 16, 32), (8, 8, 64)]


@pytest.mark.parametrize("pre_activation", [False, True])
def test_a_block_that_learnt_nothing_passes_its_input_on(pre_activation):
    network = _build("resnet", DIGITS, filters=[4], blocks=1, pre_activation=pre_activation)
    network.get_layer("stage_1_block_1_second_convolution").set_weights([np.zeros((3, 3, 4, 4))])
    before = "stem_convolution" if pre_activation else "stem_relu"
    seen = keras.Model(
        network.input, [network.get_layer(name).output for name in (before, "pooling")]
    )
    x = np.random.default_rng(1).random((2, 28, 28, 1)).astype(np.float32)
    given, pooled = seen(x)
    if pre_activation:
        given = keras.ops.relu(network.get_layer("last_normalization")(given))
    np.testing.assert_allclose(pooled, keras.ops.mean(given, axis=(1, 2)), rtol=1e-4, atol=1e-5)


def test_a_residual_network_with_more_stages_than_the_image_has_halves_is_refused():
    tiny = Signature(Kind.IMAGE, Task.CLASSIFICATION, (2, 2, 1), 3)
    problem = _refused("resnet", tiny, filters=[4, 4, 4, 4])
    assert problem.field == "model.parameters.filters"
    assert "Stage 3" in problem.message


# ---- Keras applications


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    return tmp_path


def _publish(network, application):
    """Writes weights as those that Keras publishes are written."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.weights:
            values = [0.485, 0.456, 0.406], np.square([0.229, 0.224, 0.225]), 1
            layer.set_weights([np.asarray(value) for value in values])
    with h5py.File(weights_path(application), "w") as file:
        save_weights_to_hdf5_group(file, network)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_each_application_takes_digits_and_begins_at_random(name):
    network = _build("applications", DIGITS, application=name)
    smallest = max(APPLICATIONS[name].smallest, 28)
    backbone = next(layer for layer in network.layers if isinstance(layer, keras.Model))
    assert backbone.input_shape == (None, smallest, smallest, 3)
    assert network.output_shape == (None, 10)
    assert network.count_params() > 500_000


def test_missing_weights_are_refused_with_the_file_and_its_place(keras_home):
    problem = _refused("applications", PHOTOS, application="ResNet50", weights="imagenet")
    assert problem.field == "model.parameters.weights"
    assert "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5" in problem.message
    assert str(keras_home / "models") in problem.hint


@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetB0", "ResNet50", "DenseNet121"])
def test_weights_in_keras_s_folder_give_what_keras_itself_gives(name, keras_home, monkeypatch):
    application = APPLICATIONS[name]
    function = getattr(keras.applications, application.function)
    made = function(include_top=False, weights=None, input_shape=(32, 32, 3))
    _publish(made, application)
    monkeypatch.setattr(
        "keras.src.utils.file_utils.get_file", lambda *args, **kwargs: weights_path(application)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *args, **kwargs: None)
        peer = function(
            include_top=False, weights="imagenet", input_shape=(32, 32, 3), pooling="avg"
        )
    network = _build(
        "applications", Signature(Kind.IMAGE, Task.CLASSIFICATION, (32, 32, 3), 4),
        application=name, weights="imagenet", frozen=True,
    )  # fmt: skip
    images = np.random.default_rng(2).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    module = {
        "MobileNetV2": keras.applications.mobilenet_v2,
        "EfficientNetB0": keras.applications.efficientnet,
        "ResNet50": keras.applications.resnet,
        "DenseNet121": keras.applications.densenet,
    }[name]
    expected = peer(module.preprocess_input(images.copy()), training=False)
    pooled = keras.Model(network.input, network.get_layer("pooling").output)
    np.testing.assert_allclose(pooled(images / 255), expected, rtol=1e-3, atol=1e-4)


def test_a_frozen_network_trains_its_last_layer_alone(keras_home):
    application = APPLICATIONS["MobileNetV3Small"]
    made = keras.applications.MobileNetV3Small(
        include_top=False, weights=None, input_shape=(32, 32, 3), include_preprocessing=False
    )
    _publish(made, application)
    settings = {"application": "MobileNetV3Small", "weights": "imagenet"}
    frozen = _build("applications", PHOTOS, frozen=True, **settings)
    assert [weight.path for weight in frozen.trainable_weights] == ["output/kernel", "output/bias"]
    x = np.random.default_rng(3).random((4, 40, 36, 3)).astype(np.float32)
    # Its averages are kept as they are while it trains, so that both ways give the same.
    frozen.layers[-2].rate = 0.0
    np.testing.assert_allclose(frozen(x, training=True), frozen(x, training=False), rtol=1e-5)
    assert len(_build("applications", PHOTOS, **settings).trainable_weights) > 100


def test_a_broken_file_of_weights_is_told(keras_home):
    weights_path(APPLICATIONS["MobileNetV2"]).write_bytes(b"no weights")
    problem = _refused("applications", PHOTOS, weights="imagenet")
    assert problem.field == "model.parameters.weights"


@pytest.mark.parametrize(
    ("signature", "parameters", "field"),
    [
        (PHOTOS, {"frozen": True}, "frozen"),
        (PHOTOS, {"application": "Xception", "image_size": 64}, "image_size"),
        (Signature(Kind.IMAGE, Task.CLASSIFICATION, (40, 36, 4), 4), {}, "application"),
    ],
)
def test_what_an_application_cannot_do_is_refused(signature, parameters, field):
    assert _refused("applications", signature, **parameters).field == f"model.parameters.{field}"
