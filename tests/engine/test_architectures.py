"""The contract every architecture keeps, and what each is known for."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from bad_values import bad_value_id, bad_values, field_refused
from tiny_signatures import (
    HEAVY,
    SIGNATURES,
    TINY,
    dear_unless,
    eight_rows,
    few_of_all,
    fitting_pairs,
    pair_id,
)

from engine.architectures import ARCHITECTURES
from engine.errors import SpecError
from engine.spec.parameters import describe, validate
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Output, Signature, Task
from engine.training.defaults import parse, recommended_model, resolve, training_defaults
from engine.training.model.building import build, compile_model
from engine.training.model.sampling import sampling_first
from engine.training.plan import Plan

TABLE_NUMBERS = Signature(Kind.TABLE, Task.REGRESSION, (4,))
TABLE_TWO_CLASSES = Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 2)
TABLE_CLASSES = Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3)
DIGITS = Signature(Kind.IMAGE, Task.CLASSIFICATION, (28, 28, 1), 10)

PAIRS = fitting_pairs()
FEW = few_of_all(PAIRS)


def _spec(name: str, **model_parameters: object) -> RunSpec:
    return RunSpec.from_dict(
        {"data": {"source": "any"}, "model": {"name": name, "parameters": model_parameters}}
    )


def _network(pair):
    architecture, signature = pair
    spec = resolve(_spec(architecture.name, **TINY.get(architecture.name, {})), signature)
    network = build(spec, signature)
    compile_model(network, spec, signature, Plan())
    return network


def _layer_modules(network):
    """Where each layer comes from: a file of ours would not load where Descent is not."""
    return {type(layer).__module__ for layer in network._flatten_layers()}


def _loss(network, x, y):
    return float(network.compute_loss(y=y, y_pred=network(x)))


@pytest.mark.parametrize("pair", PAIRS, ids=pair_id)
def test_builds_of_keras_s_layers_with_the_shapes_of_the_data(pair):
    architecture, signature = pair
    network = _network(pair)
    inputs, _ = eight_rows(architecture, signature)
    assert network.input_shape == (None, *inputs.shape[1:])
    assert [name for name in _layer_modules(network) if not name.startswith("keras.")] == []
    if signature.kind is Kind.IMAGE and architecture.name != "custom":  # which has what it is given
        has_filters = any(isinstance(it, keras.layers.Conv2D) for it in network._flatten_layers())
        assert has_filters == architecture.convolves_images
    outputs = network(inputs).numpy()
    if signature.task is Task.TRANSCRIPTION:
        # Logits of each moment, and moments enough to part equal characters.
        assert outputs.shape[1] >= 2 * signature.target_length - 1
        assert outputs.shape[2] == signature.n_classes
        return
    positions = (signature.target_length,) if signature.output is Output.TOKENS else ()
    assert outputs.shape == (8, *positions, signature.n_outputs)
    if signature.is_binary or signature.output is Output.LABELS:
        assert ((outputs > 0) & (outputs < 1)).all()
    elif signature.n_classes:
        np.testing.assert_allclose(outputs.sum(axis=-1), 1, rtol=1e-5)


@pytest.mark.parametrize("pair", dear_unless(FEW, PAIRS))
def test_learns_eight_rows_and_answers_equally_where_it_is_loaded(pair, tmp_path):
    network = _network(pair)
    if pair[0].is_linear:
        network.optimizer.learning_rate = 0.1
    x, y = eight_rows(*pair)
    before = _loss(network, x, y)
    n_steps = 100
    if pair[0].name in HEAVY:  # so many layers are traced in the time of forty steps without
        network.run_eagerly, n_steps = True, 6
        network.optimizer.learning_rate = 0.01
    # All steps in one epoch, as an epoch of one step costs much more than its step.
    rows = [np.tile(item, (n_steps,) + (1,) * (item.ndim - 1)) for item in (x, y)]
    with sampling_first():  # as every training does
        network.fit(*rows, batch_size=8, shuffle=False, verbose=0)
    assert _loss(network, x, y) < 0.5 * before
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    answers = network(x)
    np.testing.assert_array_equal(loaded(x), answers)
    network.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    np.testing.assert_allclose(exported.serve(x), answers, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda item: f"{item.kind}-{item.task}")
def test_data_that_a_model_is_not_for_is_refused_with_those_that_are(signature):
    fitting = [item.name for item, fits in PAIRS if fits is signature]
    for architecture in ARCHITECTURES:
        if architecture.name in fitting:
            continue
        with pytest.raises(SpecError) as caught:
            resolve(_spec(architecture.name), signature)
        (problem,) = caught.value.problems
        assert problem.field == "model.name"
        assert all(name in problem.hint for name in fitting)


@pytest.mark.parametrize(
    "key", sorted({(pair[1].kind, pair[1].task) for pair in PAIRS}), ids="-".join
)
def test_one_architecture_is_recommended_for_each_kind_and_task_with_its_reason(key):
    recommended = [item for item in ARCHITECTURES if key in item.recommended_for]
    assert [item.name for item in recommended] == [recommended_model(*key)]
    assert not recommended[0].misfit(*key)
    assert recommended[0].recommended_for[key].endswith(".")


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda item: item.name)
def test_nothing_is_recommended_that_does_not_fit(architecture):
    assert [key for key in architecture.recommended_for if architecture.misfit(*key)] == []


@pytest.mark.parametrize(
    ("architecture", "name", "value"),
    [(item, *bad) for item in ARCHITECTURES for bad in bad_values(item.parameters)],
    ids=bad_value_id,
)
def test_values_out_of_range_are_refused_by_name(architecture, name, value):
    with pytest.raises(SpecError) as caught:
        validate(architecture.parameters, {name: value}, "model.parameters")
    assert field_refused(caught.value, f"model.parameters.{name}")


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda item: item.name)
def test_every_parameter_is_explained(architecture):
    for item in describe(architecture.parameters):
        assert item.label
        assert item.help.endswith(".")


def test_the_same_seed_gives_the_same_first_weights():
    signature = TABLE_CLASSES
    spec = resolve(_spec("mlp"), signature)
    for one, other in zip(
        build(spec, signature).get_weights(), build(spec, signature).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_the_mission_s_settings_are_the_defaults():
    linear = training_defaults(ARCHITECTURES["linear_regression"], TABLE_NUMBERS)
    assert (linear.optimizer, linear.loss, linear.epochs, linear.batch_size) == (
        "sgd", "mean_squared_error", 100, 1
    )  # fmt: skip
    logistic = training_defaults(ARCHITECTURES["logistic_regression"], TABLE_TWO_CLASSES)
    assert (logistic.optimizer, logistic.loss) == ("sgd", "binary_crossentropy")
    signature = DIGITS
    cnn = resolve(_spec("cnn"), signature)
    assert (cnn.training.optimizer, cnn.training.epochs, cnn.training.batch_size) == (
        "adam", 10, 64
    )  # fmt: skip
    layers = [
        (type(layer).__name__, layer.output.shape[1:])
        for layer in build(cnn, signature).layers
        if layer.count_params() or "Pool" in type(layer).__name__
    ]
    assert layers == [
        ("Conv2D", (26, 26, 32)),
        ("MaxPooling2D", (13, 13, 32)),
        ("Conv2D", (11, 11, 64)),
        ("MaxPooling2D", (5, 5, 64)),
        ("Dense", (128,)),
        ("Dense", (10,)),
    ]


def test_a_model_that_does_not_fit_the_data_is_refused_with_those_that_do():
    with pytest.raises(SpecError) as caught:
        resolve(_spec("cnn"), TABLE_NUMBERS)
    (problem,) = caught.value.problems
    assert problem.field == "model.name"
    assert "linear_regression" in problem.hint


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"filters": [8, 8], "pool_size": 8}, "pool_size"),
        ({"filters": [8, 8], "kernel_size": 15}, "kernel_size"),
    ],
)
def test_a_network_that_shrinks_an_image_to_nothing_is_refused(parameters, field):
    with pytest.raises(SpecError) as caught:
        resolve(_spec("cnn", **parameters), DIGITS)
    assert [problem.field for problem in caught.value.problems] == [f"model.parameters.{field}"]


def test_a_loss_that_does_not_fit_is_refused():
    spec = _spec("mlp")
    spec = spec.model_copy(
        update={"training": spec.training.model_copy(update={"loss": "binary_crossentropy"})}
    )
    with pytest.raises(SpecError) as caught:
        resolve(spec, TABLE_CLASSES)
    (problem,) = caught.value.problems
    assert problem.field == "training.loss"
    assert "sparse_categorical_crossentropy" in problem.hint


def test_every_wrong_field_name_and_parameter_is_told_at_once():
    with pytest.raises(SpecError) as caught:
        parse(
            {
                "data": {"source": "moons", "parameters": {"noise": -1}},
                "model": {"name": "mlp", "parameters": {"dropout": 2, "unitz": 3}},
                "training": {"epochs": 0},
                "seed": "x",
            }
        )
    assert [problem.field for problem in caught.value.problems] == [
        "training.epochs",
        "seed",
        "data.parameters.noise",
        "model.parameters.dropout",
        "model.parameters.unitz",
    ]
    assert "units" in caught.value.problems[-1].hint


def test_wrong_types_are_told_in_plain_words():
    with pytest.raises(SpecError) as caught:
        parse(
            {
                "data": {"source": "moons"},
                "model": {"name": "mlp", "parameters": {"units": "8, x", "dropout": "abc"}},
                "training": {"batch_size": "abc"},
            }
        )
    assert [problem.message for problem in caught.value.problems] == [
        "Must be a whole number. Received: 'abc'.",
        "Must be a list of whole numbers, such as 32, 64. Received: '8, x'.",
        "Must be a number. Received: 'abc'.",
    ]


def test_an_unknown_model_is_told_with_the_nearest():
    with pytest.raises(SpecError) as caught:
        parse({"data": {"source": "moons"}, "model": {"name": "cnnn"}})
    (problem,) = caught.value.problems
    assert (problem.field, "'cnn'" in problem.hint) == ("model.name", True)


def test_another_optimizer_brings_its_own_learning_rate():
    spec = _spec("linear_regression")
    spec = spec.model_copy(
        update={"training": spec.training.model_copy(update={"optimizer": "adam"})}
    )
    assert resolve(spec, TABLE_NUMBERS).training.learning_rate == 0.001


def test_a_list_that_is_too_long_says_how_many_there_may_be():
    with pytest.raises(SpecError) as caught:
        validate(ARCHITECTURES["sound_transcriber"].parameters, {"filters": [4] * 7}, "m")
    (problem,) = caught.value.problems
    assert problem.field == "m.filters"
    assert problem.message == ("A list of at most 6 is needed. Received: [4, 4, 4, 4, 4, 4, 4].")
