"""What is watched while a model learns, against predictions made the long way round."""

import keras
import numpy as np
import pytest

from engine.datasets import load_examples
from engine.datasets.box.cartpole import controller, play
from engine.events.insights import (
    AttentionUpdated,
    Bytes,
    CoefficientsUpdated,
    EpisodePlayed,
    FeatureMapsUpdated,
    FiltersUpdated,
    ForecastsMade,
    HiddenUnitsUpdated,
    SurfaceUpdated,
    TextsPredicted,
)
from engine.inference.decoding import is_autoregressive, predictor, taught
from engine.spec.run_spec import RunSpec
from engine.training.introspection import Scene, observers
from engine.training.introspection.units import HiddenUnits
from engine.training.model.building import build, compile_model
from engine.training.plan import Plan
from engine.training.prepared_data import prepare
from engine.training.steps.loop import DeviceData, StepLoop

SMALL = {
    "dates": {"n_samples": 300, "languages": "English, German"},
    "mackey_glass": {"length": 600},
    "cartpole": {"n_episodes": 6},
}
TINY = {
    "transformer_translator": {"layers": 1, "embedding": 16, "heads": 2, "key_size": 8},
    "self_attention": {"embedding": 16, "heads": 2, "key_size": 8},
}


class Stand:
    """A freshly built model, what observers see of it, and what they should agree with."""

    def __init__(self, source: str, model: str, **spec) -> None:
        data = {"source": source, "parameters": SMALL.get(source, {})}
        spec = {"data": data, "model": {"name": model, "parameters": TINY.get(model, {})}} | spec
        self.prepared = prepare(RunSpec.from_dict(spec))
        self.network = build(self.prepared.spec, self.prepared.signature)
        compile_model(self.network, self.prepared.spec, self.prepared.signature, Plan())
        preprocessing, examples = self.prepared.preprocessing, self.prepared.examples
        some = self.prepared.parts.train[:64]
        x = preprocessing.transform_x(examples.x[some])
        y = preprocessing.transform_y(examples.y[some])
        if is_autoregressive(self.network, self.prepared.signature):
            x = taught(x, y, self.prepared.signature)
        self.data = DeviceData.place(x, y)
        self.loop = StepLoop(self.network, self.data)
        self.events = []
        self.scene = Scene("run", self.network, self.loop, self.prepared, self.events.append)
        self.observers = observers(self.scene)

    def look(self, epoch: int = 0):
        """The newest event of each type."""
        for observer in self.observers:
            if epoch:
                observer.epoch_reached(epoch)
            observer.update(force=True)
        return {type(event): event for event in self.events}

    @property
    def inputs(self):
        """What the network receives for the samples."""
        return self.scene.inputs_of(self.scene.samples)


def _submodel(network: keras.Model, layer: str) -> keras.Model:
    return keras.Model(network.inputs[0], network.get_layer(layer).output)


def _behind(network: keras.Model, layer: str) -> str:
    """What a filter or a unit answers is told after its activation."""
    place = network.layers.index(network.get_layer(layer))
    found = (one for one in network.layers[place:] if isinstance(one, keras.layers.Activation))
    return next(found).name


def test_one_feature_gives_a_line_in_the_targets_unit():
    stand = Stand("noisy_line", "linear_regression")
    found = stand.look()
    assert set(found) == {SurfaceUpdated, CoefficientsUpdated}
    surface, coefficients = found[SurfaceUpdated], found[CoefficientsUpdated]
    assert coefficients.terms[0] == "intercept"
    (intercept,), (slope,) = coefficients.values
    np.testing.assert_allclose(
        surface.values[:, 0], intercept + slope * surface.axes[0], rtol=1e-4, atol=1e-4
    )
    preprocessing = stand.prepared.preprocessing
    inputs = preprocessing.transform_x(surface.axes[0][:, np.newaxis])
    expected = preprocessing.restore_y(stand.network.predict(inputs, verbose=0))
    np.testing.assert_allclose(surface.values, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("source", "n_classes"), [("moons", 2), ("blobs", 3)])
def test_two_features_give_probabilities_over_a_grid(source, n_classes):
    stand = Stand(source, "mlp")
    surface = stand.look()[SurfaceUpdated]
    across, up = surface.axes
    assert surface.values.shape == (len(up), len(across), n_classes)
    np.testing.assert_allclose(surface.values.sum(axis=-1), 1, atol=1e-5)
    x, y = 7, 40  # the value at a point is that of that point
    point = stand.prepared.preprocessing.transform_x(np.array([[across[x], up[y]]]))
    expected = stand.network.predict(point, verbose=0)[0]
    if n_classes == 2:
        expected = np.array([1 - expected[0], expected[0]])
    np.testing.assert_allclose(surface.values[y, x], expected, atol=1e-5)


def test_the_grid_covers_the_data():
    stand = Stand("moons", "mlp")
    for axis, column in zip(
        stand.look()[SurfaceUpdated].axes, stand.prepared.examples.x.T, strict=True
    ):
        assert axis[0] < column.min()
        assert axis[-1] > column.max()


def test_categories_have_nothing_between_them_to_draw(tmp_path):
    path = tmp_path / "table.csv"
    rows = [f"{'abc'[i % 3]},{'xy'[i % 2]}x,{i % 7}.5" for i in range(60)]
    path.write_text("\n".join(["one,two,y", *rows]))
    spec = {"preprocessing": {"categories": "embedding"}}
    assert SurfaceUpdated not in Stand(str(path), "mlp", **spec).look()


def test_hidden_units_answer_as_their_layers_do():
    stand = Stand("moons", "mlp")
    found = stand.look()[HiddenUnitsUpdated]
    dense = [layer for layer in stand.network.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.layer for layer in found.layers] == [layer.name for layer in dense[:-1]]
    grid = np.stack(np.meshgrid(*found.axes), axis=-1)
    inputs = stand.prepared.preprocessing.transform_x(grid.reshape(-1, 2))
    for layer in found.layers:
        expected = _submodel(stand.network, _behind(stand.network, layer.layer))
        expected = expected.predict(inputs, verbose=0).T.reshape(-1, *grid.shape[:2])[
            : len(layer.answers.levels)
        ]
        step = (layer.answers.high - layer.answers.low) / 255
        np.testing.assert_allclose(layer.answers.values, expected, atol=0.51 * step + 1e-6)
        assert layer.answers.low == -layer.answers.high


def test_units_that_hang_on_no_point_are_not_drawn():
    stand = Stand("moons", "mlp")
    features = stand.network.inputs[0]
    one = keras.ops.ones((1, 1))
    same = keras.layers.Dense(2, name="the_same_for_all")(one * keras.ops.mean(features))
    each = keras.layers.Dense(3, name="of_each_number")(keras.ops.reshape(features, (-1, 1)))
    usual = keras.layers.Dense(4, name="usual")(features)
    joined = usual + keras.ops.max(same) + keras.ops.max(each)
    network = keras.Model(features, keras.layers.Dense(1)(joined))
    events = []
    scene = Scene("run", network, stand.loop, stand.prepared, events.append)
    HiddenUnits(scene).update(force=True)
    (found,) = events
    assert [layer.layer for layer in found.layers] == ["usual"]


def test_many_features_are_not_drawn():
    stand = Stand("diabetes", "linear_regression")
    found = stand.look()
    assert set(found) == {CoefficientsUpdated}
    assert found[CoefficientsUpdated].values.shape == (11, 1)
    _, examples = load_examples(stand.prepared.spec.data)
    assert found[CoefficientsUpdated].terms[1:] == examples.feature_names


def test_filters_and_feature_maps_are_those_of_the_layers():
    stand = Stand("digits", "cnn")
    found = stand.look()
    assert set(found) == {FiltersUpdated, FeatureMapsUpdated}
    banks, maps = found[FiltersUpdated].banks, found[FeatureMapsUpdated]
    assert [bank.is_image for bank in banks] == [True] + [False] * (len(banks) - 1)
    for bank in banks:
        kernel = stand.network.get_layer(bank.layer).kernel.numpy()
        step = (bank.kernels.high - bank.kernels.low) / 255
        shown = np.moveaxis(kernel, -1, 0)[: len(bank.kernels.levels)]
        np.testing.assert_allclose(bank.kernels.values, shown, atol=0.51 * step + 1e-6)
    for layer in maps.layers:
        behind = _behind(stand.network, layer.layer)
        expected = _submodel(stand.network, behind).predict(stand.inputs, verbose=0)
        expected = np.moveaxis(expected, -1, 1)[:, : layer.answers.levels.shape[1]]
        step = (layer.answers.high - layer.answers.low) / 255
        np.testing.assert_allclose(layer.answers.values, expected, atol=0.51 * step + 1e-6)


def test_samples_are_of_the_validation_part_one_of_each_class():
    stand = Stand("digits", "cnn")
    samples = stand.scene.samples
    assert set(samples) <= set(stand.prepared.parts.validation)
    assert stand.scene.names(samples) == tuple("01234567")
    whole = Stand("digits", "cnn", split={"validation": 0.0})
    assert set(whole.scene.samples) <= set(whole.prepared.parts.train)


def test_attention_of_a_layer_is_what_it_computes_itself():
    stand = Stand("dates", "gru_translator")
    found = stand.look(epoch=3)
    texts = found[AttentionUpdated].texts
    outputs = stand.network.predict(stand.inputs, verbose=0)
    layer = stand.network.get_layer("attention")
    drafted, read, keys = _arguments(stand.network, layer, stand.inputs)
    mask = stand.inputs != 0
    _, weights = layer(
        [drafted, read, keys],
        mask=[None, keras.ops.convert_to_tensor(mask)],
        return_attention_scores=True,
    )
    for number, text in enumerate(texts):
        (seen,) = text.maps
        n_keys = int(mask[number].sum())
        assert len(seen.keys) == n_keys
        n_written = len(seen.queries)
        expected = weights.numpy()[number, :n_written, :n_keys]
        np.testing.assert_allclose(seen.weights.values[0], expected, atol=0.003)
        np.testing.assert_allclose(seen.weights.values[0].sum(axis=-1), 1, atol=0.05)
    notified = found[TextsPredicted]
    assert notified.epoch == 3
    restored = stand.prepared.preprocessing.restore_y(outputs)
    assert [sample.predicted for sample in notified.samples] == list(restored)
    examples = stand.prepared.examples
    assert notified.samples[0].expected == examples.y[stand.scene.samples[0]]
    assert notified.samples[0].source == examples.x[stand.scene.samples[0]]


def test_a_translator_that_writes_on_is_decoded_and_its_attention_is_that_of_training():
    stand = Stand("dates", "transformer_translator")
    found = stand.look(epoch=1)
    prepared = stand.prepared
    predict = predictor(stand.network, prepared.signature, prepared.preprocessing, None)
    written = predict(stand.inputs)
    assert [sample.predicted for sample in found[TextsPredicted].samples] == list(written)
    right = prepared.preprocessing.transform_y(prepared.examples.y[stand.scene.samples])
    inputs = taught(stand.inputs, right, prepared.signature)
    layer = stand.network.get_layer("decoder_1_attention_to_the_read")
    text, read, mask = keras.Model(stand.network.inputs[0], layer.input)(inputs, training=False)
    _, weights = layer(text, read, attention_mask=mask, return_attention_scores=True)
    for number, seen_text in enumerate(found[AttentionUpdated].texts):
        encoder, back, across = seen_text.maps
        assert across.layer == layer.name
        n_keys = int((stand.inputs[number] != 0).sum())
        assert len(encoder.queries) == len(encoder.keys) == len(across.keys) == n_keys
        assert back.keys[0] == "⊢"
        assert back.queries == across.queries
        expected = weights.numpy()[number, :, : len(across.queries), :n_keys]
        np.testing.assert_allclose(across.weights.values, expected, atol=0.003)
        # Nothing looks at what is written later.
        later = np.triu(np.ones(back.weights.levels.shape[1:]), 1).astype(bool)
        assert not back.weights.levels[:, later].any()


def _arguments(network: keras.Model, layer: keras.layers.Layer, inputs) -> list:
    *values, _mask = keras.Model(network.inputs[0], layer.input)(inputs, training=False)
    return values


def test_forecasts_are_in_the_datas_units():
    stand = Stand("mackey_glass", "series_cnn")
    found = stand.look(epoch=2)[ForecastsMade]
    assert found.epoch == 2
    rows = stand.scene.samples
    examples, preprocessing = stand.prepared.examples, stand.prepared.preprocessing
    expected = preprocessing.restore_y(stand.network.predict(stand.inputs, verbose=0))
    for place, window in enumerate(found.windows):
        np.testing.assert_allclose(window.forecast, np.atleast_1d(expected[place]), rtol=1e-4)
        np.testing.assert_allclose(window.truth, np.atleast_1d(examples.y[rows[place]]), rtol=1e-6)
        np.testing.assert_allclose(window.past, examples.x[rows][place, :, 0], rtol=1e-6)


def test_the_pole_is_balanced_by_the_policy_itself():
    stand = Stand("cartpole", "mlp", seed=5)
    found = stand.look(epoch=1)[EpisodePlayed]
    assert 1 <= found.n_steps <= found.max_steps
    states, inputs = found.states, stand.prepared.preprocessing.transform_x
    pushes = stand.network.predict(inputs(states[:-1].astype(np.float64)), verbose=0)[:, 0] > 0.5
    again = iter(pushes)
    np.testing.assert_allclose(play(lambda _: int(next(again)), 6, found.n_steps), states)


def test_a_good_policy_plays_to_the_end_and_a_bad_one_does_not():
    gains = controller()
    good = play(lambda seen: int(gains @ seen > 0), seed=1)
    assert good.shape == (501, 4)
    bad = play(lambda seen: 0, seed=1)
    assert len(bad) < 20
    assert abs(bad[-1, 2]) > np.deg2rad(12)
    assert len(play(lambda seen: 1, seed=1, max_steps=3)) == 4


@pytest.mark.parametrize(
    ("source", "model"), [("moons", "mlp"), ("digits", "cnn"), ("countries", "self_attention")]
)
def test_weights_are_the_same_bit_by_bit_whether_someone_looks_or_not(source, model):
    rows = np.arange(64, dtype=np.int32).reshape(4, 16)
    trained = []
    for is_watched in (True, False):
        stand = Stand(source, model)
        for step in range(2):
            stand.loop.train(stand.data, rows, 4 * step)
            if is_watched:
                stand.look(epoch=step + 1)
        trained.append(stand.network.get_weights())
    for watched, alone in zip(*trained, strict=True):
        np.testing.assert_array_equal(watched, alone)


def test_layers_are_left_as_they_were():
    stand = Stand("digits", "cnn")
    before = [vars(layer).keys() - {"_losses"} for layer in stand.network.layers]
    stand.look()
    assert [vars(layer).keys() - {"_losses"} for layer in stand.network.layers] == before


def test_bytes_hold_what_is_not_finite_and_what_never_changes():
    packed = Bytes.of(np.array([np.nan, 1.0, np.inf, 3.0]))
    np.testing.assert_allclose(packed.values, [1.0, 1.0, 3.0, 3.0])
    assert Bytes.of(np.full(3, 7.0)).values.tolist() == [7.0, 7.0, 7.0]
    nothing = Bytes.around_zero(np.zeros((2, 0)))
    assert nothing.values.shape == (2, 0)
    assert Bytes.around_zero(np.array([-2.0, 1.0])).high == 2.0
