"""The contract every architecture keeps, and what each is known for."""

import keras
import numpy as np
import pytest
from bad_values import bad_value_id, bad_values, field_refused

from engine.architectures import ARCHITECTURES
from engine.defaults import parse, resolve, training_defaults
from engine.errors import SpecError
from engine.parameters import describe, validate
from engine.problem import Kind, Signature, Task
from engine.spec import RunSpec
from engine.training.building import build, compile_model
from engine.training.plan import Plan

SIGNATURES = [
    Signature(Kind.TABLE, Task.REGRESSION, (4,)),
    Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 2),
    Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3),
    Signature(Kind.IMAGE, Task.REGRESSION, (28, 28, 1)),
    Signature(Kind.IMAGE, Task.CLASSIFICATION, (28, 28, 1), 2),
    Signature(Kind.IMAGE, Task.CLASSIFICATION, (28, 28, 1), 10),
]
FITTING = [
    (architecture, signature)
    for architecture in ARCHITECTURES
    for signature in SIGNATURES
    if not architecture.misfit(signature.kind, signature.task)
]
IDS = [f"{a.name}-{s.kind}-{s.task}-{s.n_classes}" for a, s in FITTING]


def _spec(name: str, **model_parameters: object) -> RunSpec:
    return RunSpec.from_dict(
        {"data": {"source": "any"}, "model": {"name": name, "parameters": model_parameters}}
    )


def _eight(signature: Signature) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(8, *signature.input_shape)).astype(np.float32)
    if signature.task is Task.REGRESSION:
        # On a plane through eight points, so that a linear model can learn it by heart, too.
        return x, x.reshape(8, -1)[:, :2].sum(axis=1)
    if signature.kind is Kind.TABLE:
        return x, np.digitize(x[:, 0], np.linspace(-0.5, 0.5, signature.n_classes - 1))
    return x, np.arange(8) % signature.n_classes


@pytest.mark.parametrize(("architecture", "signature"), FITTING, ids=IDS)
def test_builds_from_defaults_and_gives_one_output_per_class(architecture, signature):
    network = build(resolve(_spec(architecture.name), signature), signature)
    assert network.input_shape == (None, *signature.input_shape)
    assert network.output_shape == (None, signature.n_outputs)
    outputs = network(_eight(signature)[0]).numpy()
    if signature.n_classes > 2:
        np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)
    elif signature.is_binary:
        assert ((outputs > 0) & (outputs < 1)).all()


@pytest.mark.parametrize(("architecture", "signature"), FITTING, ids=IDS)
def test_learns_eight_rows_and_saves_and_loads_equal(architecture, signature, tmp_path):
    spec = resolve(_spec(architecture.name), signature)
    network = build(spec, signature)
    compile_model(network, spec, signature, Plan())
    if architecture.is_linear:
        network.optimizer.learning_rate = 0.1
    x, y = _eight(signature)
    before = network.evaluate(x, y, verbose=0)[0]
    network.fit(x, y, epochs=100, batch_size=8, verbose=0)
    assert network.evaluate(x, y, verbose=0)[0] < 0.5 * before
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), network.predict(x, verbose=0))


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
    signature = SIGNATURES[2]
    spec = resolve(_spec("mlp"), signature)
    for one, other in zip(
        build(spec, signature).get_weights(), build(spec, signature).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_the_mission_s_settings_are_the_defaults():
    linear = training_defaults(ARCHITECTURES["linear_regression"], SIGNATURES[0])
    assert (linear.optimizer, linear.loss, linear.epochs, linear.batch_size) == (
        "sgd", "mean_squared_error", 100, 1
    )  # fmt: skip
    logistic = training_defaults(ARCHITECTURES["logistic_regression"], SIGNATURES[1])
    assert (logistic.optimizer, logistic.loss) == ("sgd", "binary_crossentropy")
    signature = SIGNATURES[5]
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
        resolve(_spec("cnn"), SIGNATURES[0])
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
        resolve(_spec("cnn", **parameters), SIGNATURES[5])
    assert [problem.field for problem in caught.value.problems] == [f"model.parameters.{field}"]


def test_a_loss_that_does_not_fit_is_refused():
    spec = _spec("mlp")
    spec = spec.model_copy(
        update={"training": spec.training.model_copy(update={"loss": "binary_crossentropy"})}
    )
    with pytest.raises(SpecError) as caught:
        resolve(spec, SIGNATURES[2])
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
    assert resolve(spec, SIGNATURES[0]).training.learning_rate == 0.001
