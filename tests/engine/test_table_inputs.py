"""The saved model of a table takes the table's own columns, and does what training did."""

import datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from engine.architectures import ARCHITECTURES
from engine.datasets import load_examples
from engine.datasets.tables.text_words import cut_words
from engine.errors import DatasetError, SpecError
from engine.preprocessing import Preprocessing
from engine.preprocessing.table import TableInputs
from engine.spec.run_spec import DataSpec, PreprocessingSpec, RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import resolve
from engine.training.model.building import build

N = 120
CITIES = ["Berlin", "Paris", "Rom", "Oslo", "Café"]


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    words = ["Good", "bad.", "phone,", "Ärger", "it's", "the", "day"]
    start = datetime.datetime(1968, 2, 27)
    return pd.DataFrame(
        {
            "price": np.where(rng.random(N) < 0.1, np.nan, rng.normal(50, 10, N).round(2)),
            "city": [None if rng.random() < 0.1 else str(rng.choice(CITIES)) for _ in range(N)],
            "new": rng.choice(["yes", "no"], N),
            "when": [
                (start + datetime.timedelta(minutes=int(m))).strftime("%Y-%m-%d %H:%M")
                for m in rng.integers(0, 30_000_000, N)
            ],
            "re/view": [" ".join(rng.choice(words, 5)) for _ in range(N)],
            "stars": rng.choice(["good", "bad"], N),
        }
    )


def fitted(frame: pd.DataFrame, folder: Path, categories: str = "one_hot") -> Any:
    frame.to_csv(folder / "table.csv", index=False)
    _, examples = load_examples(DataSpec(source=str(folder / "table.csv"), target="stars"))
    spec = PreprocessingSpec(categories=categories)
    return examples, Preprocessing.fit(examples, np.arange(N * 3 // 4), spec)


def columns(frame: pd.DataFrame) -> dict[str, tf.Tensor]:
    """The table as the saved model takes it."""
    moments = pd.to_datetime(frame["when"])
    days = (moments - pd.Timestamp(0)) / pd.Timedelta(days=1)
    texts = {
        name: tf.constant(frame[name].fillna("").to_numpy(str)[:, None])
        for name in ("city", "new", "re/view")
    }
    texts["re_view"] = texts.pop("re/view")
    return {
        "price": tf.constant(frame[["price"]].to_numpy(np.float32)),
        "when": tf.constant(days.to_numpy(np.float64)[:, None]),
        **texts,
    }


def test_columns_may_be_named_as_the_layers_of_the_saved_model(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    numbers = {name: rng.normal(size=N) for name in ("rows", "where", "take_1", "mlp")}
    # A category of the name that Keras gives to those it does not know.
    texts = {name: rng.choice(["[UNK]", "x", "y"], N) for name in ("a b", "a_b", "a/b")}
    table = pd.DataFrame({**numbers, **texts, "y": rng.choice(["p", "q"], N)})
    table.to_csv(tmp_path / "table.csv", index=False)
    _, examples = load_examples(DataSpec(source=str(tmp_path / "table.csv"), target="y"))
    preprocessing = Preprocessing.fit(examples, np.arange(N), PreprocessingSpec())
    network = keras.Sequential([keras.Input(preprocessing.inputs.output_shape)], name="mlp")
    keras.backend.clear_session()  # operations are counted from the first again
    inputs, prepared = preprocessing.inputs.build(ARCHITECTURES.names)
    keras.Model(inputs, network(prepared)).save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras")
    labels = ["rows_", "where_", "take_1_", "mlp_", "a b", "a_b", "a_b_"]
    assert list(inputs) == labels
    given = {
        label: tf.constant(table[[name]].to_numpy(str if name in texts else np.float32))
        for label, name in zip(labels, table.columns, strict=False)
    }
    expected = preprocessing.transform_x(examples.x)
    np.testing.assert_allclose(np.asarray(model(given)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("categories", ["one_hot", "embedding"])
def test_the_saved_model_takes_names_dates_and_texts(
    frame: pd.DataFrame, tmp_path: Path, categories: str
) -> None:
    examples, preprocessing = fitted(frame, tmp_path, categories)
    inputs, prepared = preprocessing.inputs.build()
    keras.Model(inputs, prepared).save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras")
    frame.loc[0, "city"] = "never seen"
    expected = preprocessing.transform_x(examples.x)
    given = columns(frame)
    gap = np.isnan(examples.x[:, list(examples.feature_names).index("city")])
    found = np.asarray(model(given))
    np.testing.assert_allclose(found[1:], expected[1:], rtol=1e-4, atol=1e-5)
    # A city never seen is a gap.
    names = list(preprocessing.inputs.feature_names)
    place = names.index("city" if categories == "embedding" else "city is missing")
    assert found[0, place] == expected[gap][0, place]


def test_words_of_a_text_are_features(frame: pd.DataFrame, tmp_path: Path) -> None:
    examples, _ = fitted(frame, tmp_path)
    features = [name for name in examples.feature_names if name.startswith("re/view: ")]
    # Keras's own cutting: ASCII in lower case, other letters as they are, punctuation away.
    assert set(features) == {
        f"re/view: {word}" for word in ("good", "bad", "phone", "Ärger", "its", "the", "day")
    }
    column = examples.x[:, list(examples.feature_names).index("re/view: its")]
    np.testing.assert_array_equal(column, frame["re/view"].str.contains("it's").astype(float))
    (finding,) = [item for item in examples.findings if item.subject == "re/view"]
    assert "7 most frequent words" in finding.text


@pytest.mark.parametrize("unit", ["word", "character"])
@pytest.mark.parametrize(
    "text",
    [
        "Hello, World!",
        "it's  a\ttab\nand line",
        "ÄÖ ß É",
        "日本 語",
        "a_b-c/d [x] {y} ~^`",
        " ",
        "a b",
    ],
)
def test_texts_are_cut_as_keras_cuts_them(text: str, unit: str) -> None:
    layer = keras.layers.TextVectorization(
        split="whitespace" if unit == "word" else "character", output_mode="int"
    )
    layer.adapt([text, "other"])
    words = [layer.get_vocabulary()[index] for index in np.asarray(layer([text]))[0] if index]
    if unit == "character":
        words = [word for word in words if not word.isspace()]
    assert cut_words(text, unit) == words


def test_words_only_the_test_part_holds_are_no_features(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    frame.loc[N - 3 :, "re/view"] = "unheard of words here now"
    examples, preprocessing = fitted(frame, tmp_path)
    assert "re/view: unheard" in examples.feature_names
    assert "re/view: unheard" not in preprocessing.inputs.feature_names


def test_gaps_of_texts(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.loc[:9, "re/view"] = None
    frame.to_csv(tmp_path / "table.csv", index=False)
    path = str(tmp_path / "table.csv")
    data = {"source": path, "target": "stars"}
    _, kept = load_examples(DataSpec(**data))
    assert len(kept.x) == N
    _, fewer = load_examples(DataSpec(**data, columns={"re/view": {"gaps": "drop_rows"}}))
    assert len(fewer.x) == N - 10
    _, notified = load_examples(DataSpec(**data, columns={"re/view": {"gaps": "indicator"}}))
    inputs = Preprocessing.fit(notified, np.arange(N), PreprocessingSpec()).inputs
    where = inputs.feature_names.index("re/view is missing")
    np.testing.assert_array_equal(inputs.transform(notified.x[:])[:, where], np.arange(N) < 10)
    with pytest.raises(DatasetError, match="free text"):
        load_examples(DataSpec(**data, columns={"re/view": {"gaps": "median"}}))


class TestEmbedding:
    def test_categories_come_last_as_indices(self, frame: pd.DataFrame, tmp_path: Path) -> None:
        examples, preprocessing = fitted(frame, tmp_path, "embedding")
        signature = preprocessing.signature(examples)
        # The five cities and whatever is none of them; yes and no stays a feature of 0 and 1.
        assert signature.category_sizes == (6,)
        assert preprocessing.inputs.feature_names[-1] == "city"
        index = preprocessing.transform_x(examples.x)[:, -1]
        known = sorted(CITIES)
        expected = [known.index(city) + 1 if city in known else 0 for city in frame["city"]]
        np.testing.assert_array_equal(index, expected)
        again = TableInputs.from_dict(preprocessing.inputs.to_dict())
        np.testing.assert_array_equal(
            again.transform(examples.x), preprocessing.transform_x(examples.x)
        )

    @pytest.mark.parametrize(
        "architecture",
        [item for item in ARCHITECTURES if item.embeds_categories],
        ids=lambda item: item.name,
    )
    def test_models_that_embed_do(self, architecture: Any) -> None:
        task = next(t for t in (Task.REGRESSION, Task.ANOMALY) if t in architecture.tasks)
        signature = Signature(Kind.TABLE, task, (4,), category_sizes=(3, 7))
        spec = RunSpec.from_dict({"data": {"source": "any"}, "model": {"name": architecture.name}})
        network = build(resolve(spec, signature), signature)
        tables = [weight.shape for weight in network.weights if weight.path.endswith("embeddings")]
        assert tables == [(3, 2), (7, 4)]
        outputs = network.predict(
            np.array([[0.1, -2, 0, 1], [0.1, -2, 2, 6]], np.float32), verbose=0
        )
        assert outputs[0, 0] != outputs[1, 0]

    @pytest.mark.parametrize("name", ["autoencoder", "custom"])
    def test_anomalies_are_not_looked_for_in_indices(self, name: str) -> None:
        signature = Signature(Kind.TABLE, Task.ANOMALY, (4,), category_sizes=(3,))
        spec = RunSpec.from_dict({"data": {"source": "any"}, "model": {"name": name}})
        with pytest.raises(SpecError) as caught:
            resolve(spec, signature)
        assert caught.value.problems[0].field == "preprocessing.categories"

    def test_a_linear_model_says_it_cannot(self) -> None:
        signature = Signature(Kind.TABLE, Task.REGRESSION, (4,), category_sizes=(3,))
        spec = RunSpec.from_dict(
            {"data": {"source": "any"}, "model": {"name": "linear_regression"}}
        )
        with pytest.raises(SpecError) as caught:
            resolve(spec, signature)
        (problem,) = caught.value.problems
        assert problem.field == "preprocessing.categories"
        assert "mlp" in problem.hint
