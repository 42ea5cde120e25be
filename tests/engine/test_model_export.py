"""Exported models answer as the run's model does: every architecture, every format, odd columns."""

import datetime
import json
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from export_cases import MODEL_FORMATS, answered, asked, expected_of, served, some_examples, written
from PIL import Image
from tiny_signatures import EVERYTHING, fitting_pairs, pair_id

from engine.datasets import load_examples
from engine.inference.contract import Contract
from engine.inference.export.litert_file import _pooled
from engine.inference.export.references import inputs_of, made_examples
from engine.inference.export.sound import mel_levels
from engine.inference.export.standalone import prepare_image, prepare_table, prepare_text
from engine.inference.serving import ServedModel
from engine.preprocessing import Preprocessing
from engine.preprocessing.audio import SpectrogramInputs
from engine.preprocessing.tokens import Tokenizer
from engine.spec.run_spec import DataSpec, PreprocessingSpec, RunSpec
from engine.training.defaults import resolve
from engine.training.model.building import build

EXACT = 1e-5
LOOSE = {"litert_float16": 0.02}
PAIRS = fitting_pairs()


def cases():
    """All pairs with all formats; in an ordinary run each architecture once, and each format."""
    seen = set()
    for place, pair in enumerate(PAIRS):
        formats = [name for name in MODEL_FORMATS if name != "litert_int8"]
        chosen = formats[len(seen) % len(formats)] if pair[0].name not in seen else None
        seen.add(pair[0].name)
        for name in formats:
            marks = () if name == chosen else EVERYTHING
            yield pytest.param(place, name, id=f"{pair_id(pair)}-{name}", marks=marks)


@pytest.mark.parametrize(("place", "name"), list(cases()))
def test_every_architecture_answers_alike(place, name, tmp_path):
    model = served(PAIRS[place])
    x = some_examples(model.contract)
    found, wanted = asked(model, name, tmp_path, x)
    if wanted.dtype == object:
        assert list(found) == list(wanted)
        return
    wanted = wanted.astype(float)
    limit = LOOSE.get(name, EXACT) * max(np.ptp(wanted), 0.1 * np.abs(wanted).max())
    np.testing.assert_allclose(found, wanted, rtol=0, atol=limit)


def test_a_saved_model_that_is_called_does_not_train(tmp_path):
    """Keras's Resizing says by itself that it trains, and so do averages of batches behind it."""
    model = served(next(pair for pair in PAIRS if pair[0].name == "applications"))
    x = some_examples(model.contract).astype(np.float32)
    full = model.with_preprocessing()
    full.save(tmp_path / "model.keras")
    for called in (full, keras.saving.load_model(tmp_path / "model.keras")):
        np.testing.assert_allclose(called(x), expected_of(model, x), rtol=1e-5, atol=1e-5)


# ---- tables

N = 90
WORDS = ["Good", "bad.", "it's", "Ärger", "day"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table with everything there is, under names that programs stumble over, and its model."""
    rng = np.random.default_rng(3)
    start = datetime.datetime(1999, 2, 27)
    frame = pd.DataFrame(
        {
            "class": np.where(rng.random(N) < 0.1, np.nan, rng.normal(50, 10, N).round(2)),
            "a/b": rng.choice([None, "x", "y", "é"], N),
            "日本": rng.choice(["yes", "no"], N),
            "seconds": 1_700_000_000 + rng.integers(0, 5_000, N),
            "when": [
                (start + datetime.timedelta(minutes=int(m))).strftime("%Y-%m-%d %H:%M")
                for m in rng.integers(0, 5_000_000, N)
            ],
            "re view": [" ".join(rng.choice(WORDS, 4)) for _ in range(N)],
            "stars": rng.choice(["good", "bad"], N),
        }
    )  # fmt: skip
    path = tmp_path_factory.mktemp("table") / "table.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module", params=["one_hot", "embedding"])
def table_model(request, table):
    _, examples = load_examples(DataSpec(source=str(table), target="stars"))
    preprocessing = Preprocessing.fit(
        examples, np.arange(N * 3 // 4), PreprocessingSpec(categories=request.param)
    )
    spec = RunSpec.from_dict({"data": {"source": "any"}, "model": {"name": "mlp"}})
    signature = preprocessing.signature(examples)
    network = build(resolve(spec, signature), signature)
    model = ServedModel(network, Contract.of(examples, preprocessing))
    rows = examples.x[-20:]
    return model, np.concatenate([rows, made_examples(model.contract, rows)])


@pytest.mark.parametrize("name", [name for name in MODEL_FORMATS if name != "litert_int8"])
def test_columns_of_every_kind_and_name_go_in_as_they_are(table_model, name, tmp_path):
    model, x = table_model
    card = written(model, name, tmp_path, x)
    assert [item["name"] for item in card["inputs"]] == [
        "class", "a/b", "日本", "seconds", "when", "re view",
    ]  # fmt: skip
    found = answered(tmp_path, inputs_of(model.contract, x))
    np.testing.assert_allclose(found, expected_of(model, x), rtol=0, atol=LOOSE.get(name, EXACT))


def test_made_rows_hold_gaps_what_was_never_seen_and_what_is_far(table_model):
    model, x = table_model
    columns = inputs_of(model.contract, x)
    assert "never seen before" in columns["a/b"]
    assert "" in columns["a/b"]
    assert None in columns["class"]
    assert None in columns["when"]
    assert max(value for value in columns["seconds"] if value) > 1_700_040_000


def test_rows_may_be_given_one_by_one_and_a_missing_column_is_named(table_model, tmp_path):
    model, x = table_model
    card = written(model, "litert", tmp_path, x)
    columns = inputs_of(model.contract, x[:3])
    rows = [{name: cells[row] for name, cells in columns.items()} for row in range(3)]
    np.testing.assert_array_equal(answered(tmp_path, rows), answered(tmp_path, columns))
    del columns["a/b"]
    with pytest.raises(ValueError, match="a/b"):
        prepare_table.prepare(columns, card)


def test_numbers_in_numpy_are_those_that_trained(table_model):
    model, x = table_model
    inputs = model.contract.preprocessing.inputs
    found = prepare_table._features(x, inputs.to_dict())
    np.testing.assert_allclose(found, inputs.transform(x), rtol=1e-6, atol=1e-6)


# ---- pictures, sounds, texts


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [2, 3, (1, 2, 2), (3, 1, 2)])
@pytest.mark.parametrize("shape", [(4, 6, 6), (5, 7, 3)])
def test_clips_are_pooled_by_planes_to_the_same_values(padding, size, shape):
    clips = np.random.default_rng(0).normal(size=(1, *shape, 2)).astype(np.float32)
    layer = keras.layers.MaxPooling3D(size, padding=padding)
    np.testing.assert_array_equal(_pooled(layer, keras.ops.convert_to_tensor(clips)), layer(clips))


def test_clips_whose_windows_overlap_are_refused_with_the_layer():
    layer = keras.layers.MaxPooling3D(3, strides=2, name="pool_1")
    with pytest.raises(ValueError, match="'pool_1'"):
        _pooled(layer, keras.ops.zeros((1, 4, 4, 4, 1)))


@pytest.mark.parametrize("how", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [(7, 9), (64, 31), (28, 28), (5, 200), (1, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_of_any_size_are_fitted_as_when_it_was_trained(how, size, channels, tmp_path):
    from engine.datasets.pictures.image_files import ImageReader

    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (*size, channels), np.uint8)
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(tmp_path / "p.png")
    wanted = ImageReader(28, 20, channels, how)(tmp_path / "p.png")
    found = prepare_image.fitted(pixels, 28, 20, channels, how)
    # Pillow's versions differ in which side they resize first, and round between.
    np.testing.assert_allclose(found.astype(int), wanted.astype(int), rtol=0, atol=1)


def test_pictures_of_other_channels_are_refused():
    with pytest.raises(ValueError, match="3 channels"):
        prepare_image.fitted(np.zeros((4, 4), np.uint8), 8, 8, 3, "stretch")


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_spectrograms_by_sums_and_products(rate):
    rng = np.random.default_rng(1)
    times = np.arange(rate) / rate
    waves = np.stack([
        np.sin(2 * np.pi * 440 * times) * 20_000, rng.normal(0, 3_000, rate), np.zeros(rate),
    ]).astype(np.int16)  # fmt: skip
    inputs = SpectrogramInputs.fit(waves, np.arange(3), rate, "standard")
    found = mel_levels(keras.ops.convert_to_tensor(waves.astype(np.float32)), inputs)
    np.testing.assert_allclose(found, inputs.transform(waves), atol=0.004 / inputs.scale, rtol=1e-4)


@pytest.mark.parametrize("unit", ["word", "character", "letter"])
@pytest.mark.parametrize("exact", [False, True])
def test_texts_are_cut_as_when_it_was_trained(unit, exact):
    texts = np.array(
        ["Good morning, 日本!", "é e\u0301 ÄRGER ß", "", "12 345.6 a_b", "नमस्ते दुनिया", "x " * 50],
        object,
    )
    tokenizer = Tokenizer.fit(texts[:4], unit, length=12, exact=exact and unit == "word")
    values = {**tokenizer.to_dict(), "vocabulary": tokenizer.storable}
    prepare_text.cut = _cut()
    np.testing.assert_array_equal(prepare_text.ids_of(texts, values), tokenizer.encode(texts))


def _cut():
    from engine.preprocessing.cutting import cut

    return cut


def test_a_beam_is_left_to_descent(tmp_path):
    (pair,) = [p for p in PAIRS if p[0].name == "transformer_translator"]
    model = served(pair)
    wide = ServedModel(model.network, replace(model.contract, beam_width=3))
    x = some_examples(model.contract)
    written(wide, "onnx", tmp_path, x)
    assert json.loads((tmp_path / "model.json").read_text())["writes"]["length"] == 4
    assert list(answered(tmp_path, inputs_of(model.contract, x))) == list(model.predict(x))
