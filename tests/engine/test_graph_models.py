"""Models as graphs and as code: every architecture there and back, with equal answers."""

import json

import keras
import numpy as np
import pytest
from graph_pairs import network_of, plain_layers, same_answers
from keras import layers, ops
from keras.src import backend
from tiny_signatures import eight_rows, fitting_pairs, pair_id

from engine.graph.building import GraphBuilder, build_graph
from engine.graph.checking import checked_graph
from engine.graph.code import code_of, lines_of
from engine.graph.reading import of_model
from engine.service.describe import describe_network, graph_of
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import resolve
from engine.training.rates import LearningRate

PAIRS = fitting_pairs()
# Of one architecture, other tasks differ in the last layer alone.
ONE_A_KIND = list({(item.name, fits.kind): (item, fits) for item, fits in PAIRS}.values())
ONE_EACH = list({item.name: (item, fits) for item, fits in PAIRS}.values())


def again(graph):
    return checked_graph(json.loads(json.dumps(graph.to_dict())))


def build_plain(graph):
    builder = GraphBuilder()
    output = builder.build(graph)
    return keras.Model(builder.input, output)


def run_code(code):
    names = {}
    exec(compile(code, "model.py", "exec"), names)
    return names["model"]


@pytest.mark.parametrize("pair", ONE_A_KIND, ids=pair_id)
def test_every_architecture_comes_back_from_json_and_from_code_with_equal_answers(pair):
    network = network_of(pair)
    graph = graph_of(network, pair[1])
    x, _ = eight_rows(*pair)
    assert again(graph) == graph
    same_answers(network, build_graph(again(graph), pair[1]), x)
    written = run_code(code_of(graph))
    same_answers(network, written, x)
    assert {(type(layer), layer.name, layer.output.shape) for layer in written.layers
            if layer.weights and not isinstance(layer.output, list | tuple)} == {
           (type(layer), layer.name, layer.output.shape) for layer in plain_layers(network)
            if layer.weights and not isinstance(layer.output, list | tuple)}  # fmt: skip


def functional(make, shape=(6,), dtype="float32"):
    x = keras.Input(shape, dtype=dtype, name="x")
    return keras.Model(x, make(x))


def numbers(network, rows=5):
    shape = (rows, *network.input_shape[1:])
    if network.inputs[0].dtype == "int32":
        return np.random.default_rng(3).integers(0, 7, shape).astype("int32")
    return np.random.default_rng(3).normal(size=shape).astype("float32")


def _shared(x):
    dense = layers.Dense(6, activation="tanh", name="dense")
    return layers.Add()([dense(dense(x)), x])


def _split(x):
    one, other = ops.split(x, 2, axis=-1)
    return layers.Dense(2)(ops.concatenate([other, ops.square(one)], axis=-1))


def _sliced(x):
    return layers.Concatenate()([x[:, 1:3], x[:, ::2], ops.expand_dims(x[:, -1], -1)])


def _states(x):
    read, *states = layers.LSTM(4, return_sequences=True, return_state=True)(x)
    return layers.LSTM(4)(read, initial_state=states)


def _masked(x):
    embedded = layers.Embedding(7, 4, mask_zero=True)(x)
    return layers.Bidirectional(layers.GRU(3), merge_mode="sum")(embedded)


def _attending(x):
    embedded = layers.Embedding(7, 4)(x)
    mask = ops.expand_dims(ops.not_equal(x, 0), 1)
    found = layers.MultiHeadAttention(2, 3)(
        embedded, embedded, attention_mask=mask, use_causal_mask=True
    )
    return layers.GlobalMaxPooling1D()(found)


def _within(x):
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(6, name="inner_dense")])
    return layers.Add()([inner(x), inner(inner(x))])


def _settings(x):
    return layers.Dense(
        3, kernel_initializer="he_normal", kernel_regularizer=keras.regularizers.L2(0.1),
        bias_constraint=keras.constraints.NonNeg(), activation="gelu",
    )(x)  # fmt: skip


def _unusual(x):
    image = layers.Reshape((4, 4, 2))(x)
    image = layers.Resizing(8, 8)(layers.ZeroPadding2D(((1, 0), (2, 3)))(image))
    image = layers.Cropping2D(1)(layers.DepthwiseConv2D(3, padding="same")(image))
    return layers.GlobalAveragePooling2D()(layers.UnitNormalization()(image))


@pytest.mark.parametrize(
    ("make", "shape", "dtype"),
    [
        (_shared, (6,), "float32"),
        (_split, (6,), "float32"),
        (_sliced, (6,), "float32"),
        (_states, (5, 2), "float32"),
        (_masked, (6,), "int32"),
        (_attending, (6,), "int32"),
        (_within, (6,), "float32"),
        (_settings, (6,), "float32"),
        (_unusual, (32,), "float32"),
    ],
)
def test_what_functional_models_can_do_comes_back(make, shape, dtype):
    network = functional(make, shape, dtype)
    graph = again(of_model(network))
    x = numbers(network)
    same_answers(network, build_plain(graph), x)
    same_answers(network, run_code(code_of(graph)), x)


def test_a_layer_used_twice_holds_its_weights_once():
    graph = of_model(functional(_shared))
    assert [node.type for node in graph.nodes].count("SharedLayer") == 1
    assert build_plain(graph).count_params() == 42


def test_settings_that_have_no_field_are_kept():
    node = next(node for node in of_model(functional(_settings)).nodes if node.type == "Dense")
    assert node.parameters["regularisation"] == "l2"
    assert node.parameters["strength"] == pytest.approx(0.1)
    assert set(node.parameters["keras"]) == {"kernel_initializer", "bias_constraint"}


def test_a_model_with_two_inputs_is_refused():
    one, other = keras.Input((2,)), keras.Input((2,))
    with pytest.raises(ValueError, match="2 inputs"):
        of_model(keras.Model([one, other], layers.Add()([one, other])))


def resolved(pair, sections=None, **training):
    values = {
        "data": {"source": "any"},
        "model": {"name": pair[0].name},
        "training": training,
        **(sections or {}),
    }
    return resolve(RunSpec.from_dict(values), pair[1])


@pytest.mark.parametrize("task", ["classification", "transcription", "translation", "regression"])
def test_the_code_trains_by_itself(task, capsys):
    pair = next(pair for pair in PAIRS if pair[0].name != "custom" and pair[1].task == task)
    spec = resolved(pair, epochs=1, class_weights="balanced")
    described = describe_network(spec, pair[1])
    model = run_code(described.code)
    assert model.optimizer.name == spec.training.optimizer
    assert model.loss == spec.training.loss
    assert "loss" in capsys.readouterr().out


LEARNING = {
    "cosine": (
        {"schedule": {"name": "cosine", "warmup": 1.0, "plateau_patience": 2}},
        {"clip_norm": 1.0, "weight_decay": 0.01, "accumulate": 2},
        ("CosineDecay", "warmup_steps", "global_clipnorm=1.0", "cannot combine"),
    ),
    "step": (
        {"schedule": {"name": "step", "every": 2, "warmup": 1.0}, "stopping": {"patience": 3}},
        {"label_smoothing": 0.1, "class_weights": "balanced"},
        ("staircase=True", "Without the warm-up", "patience=3", "to_categorical"),
    ),
    "exponential": (
        {"schedule": {"name": "exponential"}, "split": {"validation": 0.0}},
        {"optimizer": "sgd"},
        ("ExponentialDecay(", "int(len(x_train))"),
    ),
    "plateau": (
        {"schedule": {"plateau_patience": 2}, "stopping": {"patience": 9, "min_delta": 0.5}},
        {"keep": "last"},
        ("ReduceLROnPlateau", "min_delta=0.5", "callbacks=[stop, plateau]"),
    ),
    "warm-up": ({"schedule": {"warmup": 1.5}}, {}, ("PolynomialDecay(",)),
}


@pytest.mark.parametrize("name", LEARNING)
def test_the_code_learns_as_the_run_does(name):
    sections, training, words = LEARNING[name]
    signature = Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3)
    pair = (next(item for item, _ in PAIRS if item.name == "mlp"), signature)
    spec = resolved(pair, sections, epochs=3, batch_size=16, **training)
    code = describe_network(spec, signature).code
    assert [word for word in words if word not in code] == []
    assert max(len(line) for line in code.splitlines()) <= 100
    model = run_code(code)
    optimizer = model.optimizer
    assert optimizer.global_clipnorm == spec.training.clip_norm
    assert optimizer.gradient_accumulation_steps == (2 if spec.training.accumulate > 1 else None)
    if name != "plateau":
        steps = -(-int(64 * (1 - spec.split.validation / (1 - spec.split.test))) // 16)
        steps = max(1, steps // spec.training.accumulate)
        warm = spec.schedule.warmup if name not in ("step", "exponential") else 0.0
        schedule = spec.schedule.model_copy(update={"warmup": warm})
        planned = LearningRate(spec.training.learning_rate, schedule, steps, 3)
        for step in (0, 1, steps, 3 * steps - 1):
            theirs = float(optimizer._learning_rate(step))
            assert theirs == pytest.approx(planned.at(step), rel=1e-5), step


def test_code_is_what_people_would_write():
    signature = Signature(Kind.IMAGE, Task.CLASSIFICATION, (28, 28, 1), 10)
    pair = (next(item for item, _ in PAIRS if item.name == "cnn"), signature)
    code = describe_network(resolved(pair), signature).code
    assert "keras.Sequential(" in code
    assert 'layers.Conv2D(32, (3, 3), name="conv2d"),' in code
    assert 'layers.Dense(10, activation="softmax", name="output"),' in code
    assert "optimizer=keras.optimizers.Adam(learning_rate=0.003)" in code
    assert max(len(line) for line in code.splitlines()) <= 100


def test_each_layer_has_its_line():
    keras.backend.clear_session()  # names are counted from the first
    network = functional(lambda x: layers.Dense(2, name="dense")(ops.square(x)))
    lines = lines_of(of_model(network))
    assert lines["square"] == "square = ops.square(x)"
    assert lines["dense"] == 'dense = layers.Dense(2, name="dense")(square)'


@pytest.mark.parametrize("pair", ONE_EACH, ids=pair_id)
def test_a_description_names_every_layer_and_takes_no_memory(pair, monkeypatch):
    made = []
    monkeypatch.setattr(backend.Variable, "_initialize", lambda self, value: made.append(self.path))
    spec = resolved(pair)
    described = describe_network(spec, pair[1])
    assert made == []
    names = [layer.name for layer in described.layers]
    assert described.layers[0].type == "Input"
    assert len(set(names)) == len(names)
    assert all(name in names for layer in described.layers for name in layer.inputs)
    assert sum(layer.n_parameters for layer in described.layers) == described.n_parameters
    assert [layer.name for layer in described.layers] == [
        layer["name"] for layer in described.graph["layers"]
    ]
    assert all(layer.code for layer in described.layers)
    assert described.memory_bytes > 4 * described.n_parameters
