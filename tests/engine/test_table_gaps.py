"""Gaps and categories never seen: what stands in for them, in NumPy and in the saved model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.datasets import load_examples
from engine.datasets.base import Examples
from engine.datasets.tables.table import read_inputs, read_row
from engine.errors import DatasetError
from engine.events.findings import Trouble
from engine.inference.contract import Contract
from engine.preprocessing import Preprocessing
from engine.preprocessing.table import TableInputs
from engine.spec.run_spec import DataSpec, PreprocessingSpec
from engine.spec.signature import Task

NUMBERS = np.array([1.0, 2.0, np.nan, 2.0, 7.0])
# Indices of "a" and "b"; "c" (index 2) is never seen.
LETTERS = np.array([0.0, 1.0, 1.0, np.nan, 1.0])
NAMES = ["a", "b", "c"]


def load(folder: Path, text: str, **settings: Any) -> Examples:
    path = folder / "table.csv"
    path.write_text(text, "utf-8")
    return load_examples(DataSpec.model_validate({"source": str(path), "target": "y", **settings}))[
        1
    ]


def fit_number(strategy: str, scaling: str = "none", **more: Any) -> TableInputs:
    column = {"name": "n", "type": "number", "gaps": strategy, **more}
    return TableInputs.fit(NUMBERS[:, np.newaxis], [column], scaling)


def fit_letters(strategy: str, kind: str = "category", **more: Any) -> TableInputs:
    column = {"name": "l", "type": kind, "gaps": strategy, "values": NAMES, **more}
    return TableInputs.fit(LETTERS[:, np.newaxis], [column], "standard")


def rows(*values: float) -> npt.NDArray[np.float64]:
    return np.array(values)[:, np.newaxis]


class TestNumbers:
    @pytest.mark.parametrize(
        ("strategy", "fill"),
        [("zero", 0), ("mean", 3), ("median", 2), ("most_frequent", 2), ("drop_rows", 2)],
    )
    def test_by_hand(self, strategy: str, fill: float) -> None:
        inputs = fit_number(strategy)
        assert inputs.transform(rows(np.nan, 5.0)).tolist() == [[fill], [5]]
        assert inputs.feature_names == ("n",)

    def test_constant(self) -> None:
        assert fit_number("constant", constant=-1.0).transform(rows(np.nan)).tolist() == [[-1]]

    @pytest.mark.parametrize("strategy", ["indicator", "own_category"])
    def test_indicator(self, strategy: str) -> None:
        inputs = fit_number(strategy)
        assert inputs.feature_names == ("n", "n is missing")
        assert inputs.transform(rows(np.nan, 5.0)).tolist() == [[2, 1], [5, 0]]

    def test_no_indicator_that_could_not_be_learnt(self) -> None:
        column = {"name": "n", "type": "number", "gaps": "indicator"}
        inputs = TableInputs.fit(rows(1.0, 2.0, 6.0), [column], "none")
        assert inputs.feature_names == ("n",)
        assert inputs.transform(rows(np.nan)).tolist() == [[2]]

    def test_scaled_after_filling(self) -> None:
        filled = np.array([1.0, 2.0, 2.0, 2.0, 7.0])
        scaled = fit_number("median", "standard").transform(rows(np.nan))
        assert scaled[0, 0] == pytest.approx((2 - filled.mean()) / filled.std())

    def test_nothing_known_in_training(self) -> None:
        column = {"name": "n", "type": "number", "gaps": "median"}
        inputs = TableInputs.fit(rows(np.nan, np.nan), [column], "standard")
        assert inputs.transform(rows(np.nan, 3.0)).tolist() == [[0], [3]]


class TestCategories:
    @pytest.mark.parametrize(
        ("strategy", "gap"),
        [("zero", [0, 0]), ("most_frequent", [0, 1]), ("drop_rows", [0, 1])],
    )
    def test_by_hand(self, strategy: str, gap: list[float]) -> None:
        inputs = fit_letters(strategy)
        assert inputs.feature_names == ("l=a", "l=b")
        # The last one was never seen, which is the same as a gap.
        assert inputs.transform(rows(0, 1, np.nan, 2)).tolist() == [[1, 0], [0, 1], gap, gap]

    def test_own_category(self) -> None:
        inputs = fit_letters("own_category")
        assert inputs.feature_names == ("l=a", "l=b", "l is missing")
        assert inputs.transform(rows(1, np.nan, 2)).tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 1]]

    def test_indicator(self) -> None:
        inputs = fit_letters("indicator")
        assert inputs.transform(rows(0, np.nan)).tolist() == [[1, 0, 0], [0, 1, 1]]

    @pytest.mark.parametrize(("constant", "gap"), [("a", [1, 0]), ("b", [0, 1])])
    def test_constant(self, constant: str, gap: list[float]) -> None:
        inputs = fit_letters("constant", constant=constant)
        assert inputs.transform(rows(np.nan)).tolist() == [gap]

    def test_a_constant_of_its_own(self) -> None:
        inputs = fit_letters("constant", constant="c")
        assert inputs.feature_names == ("l=a", "l=b", "l=c")
        assert inputs.transform(rows(np.nan, 0)).tolist() == [[0, 0, 1], [1, 0, 0]]

    def test_yes_and_no_are_one_feature(self) -> None:
        inputs = fit_letters("most_frequent", "boolean")
        assert inputs.feature_names == ("l=b",)
        assert inputs.transform(rows(0, 1, np.nan)).tolist() == [[0], [1], [1]]

    def test_nothing_known_in_training(self) -> None:
        column = {"name": "l", "type": "category", "gaps": "own_category", "values": NAMES}
        inputs = TableInputs.fit(rows(np.nan, np.nan), [column], "standard")
        assert inputs.transform(rows(np.nan, 1)).tolist() == [[1], [1]]


def mixed(seed: int = 0, n_rows: int = 200) -> tuple[npt.NDArray[np.float64], list[dict[str, Any]]]:
    """Rows with gaps, and what is to be done with each column."""
    rng = np.random.default_rng(seed)
    strategies = ["zero", "mean", "median", "most_frequent", "indicator", "own_category"]
    numbers = rng.normal(50, 20, (n_rows, len(strategies))).round()
    letters = rng.integers(0, 4, (n_rows, 4)).astype(np.float64)
    x = np.column_stack([numbers, letters])
    x[rng.random(x.shape) < 0.1] = np.nan
    columns: list[dict[str, Any]] = [
        {"name": f"n{place}", "type": "number", "gaps": gaps}
        for place, gaps in enumerate(strategies)
    ]
    for place, gaps in enumerate(("zero", "most_frequent", "indicator", "own_category")):
        values = ["a", "b", "c", "d", "e"]
        columns.append({"name": f"l{place}", "type": "category", "gaps": gaps, "values": values})
    return x, columns


class TestOracles:
    def test_numbers_agree_with_scikit_learn(self) -> None:
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        x, columns = mixed()
        train, test = np.arange(0, 150), np.arange(150, 200)
        peers = {"mean": "mean", "median": "median", "most_frequent": "most_frequent"}
        for index, column in enumerate(columns[:4]):
            if column["gaps"] == "zero":
                imputer = SimpleImputer(strategy="constant", fill_value=0.0)
            else:
                imputer = SimpleImputer(strategy=peers[column["gaps"]])
            peer = make_pipeline(imputer, StandardScaler()).fit(x[train, index : index + 1])
            ours = TableInputs.fit(x[train, index : index + 1], [column], "standard")
            np.testing.assert_allclose(
                ours.transform(x[test, index : index + 1]),
                peer.transform(x[test, index : index + 1]),
                rtol=1e-5,
                atol=1e-6,
            )

    def test_categories_agree_with_scikit_learn(self) -> None:
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder

        x, columns = mixed()
        train, test = np.arange(0, 150), np.arange(150, 200)
        encoder = OneHotEncoder(sparse_output=False, handle_unknown="error")
        frequent = make_pipeline(SimpleImputer(strategy="most_frequent"), encoder)
        ours = TableInputs.fit(x[train, 7:8], columns[7:8], "none")
        expected = frequent.fit(x[train, 7:8]).transform(x[test, 7:8])
        np.testing.assert_array_equal(ours.transform(x[test, 7:8]), expected)
        own = make_pipeline(SimpleImputer(strategy="constant", fill_value=9.0), encoder)
        ours = TableInputs.fit(x[train, 9:10], columns[9:10], "none")
        expected = own.fit(x[train, 9:10]).transform(x[test, 9:10])
        np.testing.assert_array_equal(ours.transform(x[test, 9:10]), expected)

    @pytest.mark.parametrize("scaling", ["standard", "minmax", "none"])
    def test_the_saved_model_does_the_same(self, tmp_path: Path, scaling: str) -> None:
        import keras

        x, columns = mixed()
        inputs = TableInputs.fit(x[:150], columns, scaling)
        x[150:170, 6:] = 4.0  # never seen
        model = keras.Model(*inputs.build())
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        expected = inputs.transform(x)
        assert not np.isnan(expected).any()
        for found in (model, loaded):
            np.testing.assert_allclose(found.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-5)

    @pytest.mark.parametrize("strategy", ["zero", "most_frequent", "indicator", "own_category"])
    @pytest.mark.parametrize("known", [[0.0, 1.0], [np.nan, np.nan], [1.0, np.nan]])
    def test_the_saved_model_of_one_column(self, strategy: str, known: list[float]) -> None:
        import keras

        column = {"name": "l", "type": "category", "gaps": strategy, "values": NAMES}
        inputs = TableInputs.fit(rows(*known), [column], "standard")
        x = rows(0, 1, 2, np.nan)
        found = keras.Model(*inputs.build()).predict(x, verbose=0)
        np.testing.assert_array_equal(found, inputs.transform(x))

    def test_coefficients_in_the_datas_own_units(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        number, letter = rng.normal(100, 5, 60), rng.integers(0, 3, 60)
        y = 3 + 2 * number - np.array([0, 10, 20])[letter]
        text = "".join(f"{n},{NAMES[c]},{v}\n" for n, c, v in zip(number, letter, y, strict=True))
        examples = load(tmp_path, f"n,l,y\n{text}")
        fitted = Preprocessing.fit(examples, np.arange(60), PreprocessingSpec())
        x, scaled_y = fitted.transform_x(examples.x), fitted.transform_y(examples.y)
        design = np.column_stack([np.ones(60), x[:, :1], x[:, 2:]]).astype(np.float64)
        bias, first, *rest = np.linalg.lstsq(design, scaled_y.ravel())[0]
        kernel = np.array([first, 0.0, *rest])[:, np.newaxis]
        intercept, coefficients = fitted.restore_coefficients(kernel, np.array([bias]))
        assert fitted.inputs.feature_names == ("n", "l=a", "l=b", "l=c")
        np.testing.assert_allclose(intercept, [3], rtol=1e-3)
        np.testing.assert_allclose(coefficients.ravel(), [2, 0, -10, -20], rtol=1e-3)

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(seed=st.integers(0, 1000), scaling=st.sampled_from(["standard", "minmax", "none"]))
    def test_json_round_trip_is_bit_identical(self, seed: int, scaling: str) -> None:
        x, columns = mixed(seed, 30)
        inputs = TableInputs.fit(x, columns, scaling)
        again = TableInputs.from_dict(json.loads(json.dumps(inputs.to_dict(), allow_nan=False)))
        assert again.transform(x).tobytes() == inputs.transform(x).tobytes()
        assert again.feature_names == inputs.feature_names


class TestTrainingPartAlone:
    @pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "indicator"])
    @pytest.mark.parametrize("scaling", ["standard", "minmax"])
    def test_an_outlier_in_the_test_part_is_not_seen(
        self, tmp_path: Path, strategy: str, scaling: str
    ) -> None:
        start = "a,b,y\n1,p,0.5\n,q,1.5\n3,p,2.5\n4,q,3.5\n"
        columns = {"a": {"type": "number", "gaps": strategy}, "b": {"type": "category"}}
        fitted = []
        for last in ("5,p,4.5", "1e30,p,1e30", "1e30,zebra,4.5"):
            examples = load(tmp_path, f"{start}{last}\n", columns=columns)
            spec = PreprocessingSpec.model_validate({"scaling": scaling})
            fitted.append(Preprocessing.fit(examples, np.arange(4), spec))
        x = np.array([[2.0, 0.0], [np.nan, 1.0], [np.nan, np.nan]])
        expected = fitted[0].transform_x(x)
        for other in fitted[1:]:
            assert other.inputs.feature_names == fitted[0].inputs.feature_names
            np.testing.assert_array_equal(other.transform_x(x), expected)

    def test_a_category_of_the_test_part_is_never_seen(self, tmp_path: Path) -> None:
        examples = load(tmp_path, "a,y\np,0.5\nq,1.5\np,2.5\nq,3.5\nr,4.5\nr,4.5\n")
        fitted = Preprocessing.fit(examples, np.arange(4), PreprocessingSpec())
        assert fitted.inputs.feature_names == ("a=p", "a=q")
        assert fitted.transform_x(examples.x[4:5]).tolist() == [[1, 0]]


TEXT = "a,colour,y\n1,red,0.5\n,red,1.5\n3,,2.5\n4,blue,3.5\n5,blue,\n6,red,5.5\n7,red,6.5\n"


class TestInFiles:
    def test_rows_with_gaps_are_kept_and_reported(self, tmp_path: Path) -> None:
        examples = load(tmp_path, TEXT)
        np.testing.assert_array_equal(examples.x[:, 0], [1, np.nan, 3, 4, 6, 7])
        np.testing.assert_array_equal(examples.x[:, 1], [1, 1, np.nan, 0, 1, 1])
        assert examples.y.tolist() == [0.5, 1.5, 2.5, 3.5, 5.5, 6.5]
        missing = {
            item.subject: item for item in examples.findings if item.trouble is Trouble.MISSING
        }
        assert {name: item.count for name, item in missing.items()} == {"a": 1, "colour": 1, "y": 1}
        (note,) = examples.notes
        assert note == "1 of 7 row was left out because their 'y', the target, is missing."
        assert [column.gaps for column in examples.columns] == [
            "indicator",
            "own_category",
            "drop_rows",
        ]

    def test_few_gaps_need_no_indicator(self, tmp_path: Path) -> None:
        text = "".join(f"{place if place else ''},{place}.5\n" for place in range(30))
        assert load(tmp_path, f"a,y\n{text}").columns[0].gaps == "median"

    def test_strategies_may_be_said(self, tmp_path: Path) -> None:
        columns = {"a": {"gaps": "drop_rows"}, "colour": {"gaps": "constant", "constant": "none"}}
        examples = load(tmp_path, TEXT, columns=columns)
        assert examples.x[:, 0].tolist() == [1, 3, 4, 6, 7]
        assert examples.reading["columns"][1]["values"] == ["blue", "none", "red"]
        fitted = Preprocessing.fit(examples, np.arange(5), PreprocessingSpec())
        assert fitted.inputs.feature_names == ("a", "colour=blue", "colour=none", "colour=red")
        without = load(tmp_path, TEXT, columns={"colour": {"gaps": "drop_column"}})
        assert without.feature_names == ("a",)

    @pytest.mark.parametrize(
        ("column", "spec", "words"),
        [
            ("colour", {"gaps": "mean"}, "have no mean"),
            ("a", {"gaps": "constant"}, "Received: none"),
            ("a", {"gaps": "constant", "constant": "red"}, "must be filled with a number"),
        ],
    )
    def test_strategies_that_do_not_fit(
        self, tmp_path: Path, column: str, spec: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(DatasetError) as caught:
            load(tmp_path, TEXT, columns={column: spec})
        assert words in caught.value.message
        assert caught.value.hint

    @pytest.mark.parametrize("word", ["NA", "n/a", "NaN", "null", "None", "?", "-"])
    def test_words_for_a_gap_among_numbers(self, tmp_path: Path, word: str) -> None:
        text = f"a,y\n1,0.5\n{word},1.5\n3,2.5\n"
        np.testing.assert_array_equal(load(tmp_path, text).x, [[1], [np.nan], [3]])

    def test_namibia_is_kept_and_asked_about(self, tmp_path: Path) -> None:
        text = "country,y\nNA,0.5\nDE,1.5\nNA,2.5\nDE,3.5\n"
        examples = load(tmp_path, text)
        assert examples.x.tolist() == [[1], [0], [1], [0]]
        (finding,) = examples.findings
        assert finding.names == ("NA",)
        (remedy,) = finding.remedies
        assert remedy.changes == {"data.parameters.gap_words": "all"}
        asked = load(tmp_path, text, parameters={"gap_words": "all"})
        np.testing.assert_array_equal(asked.x, [[np.nan], [0], [np.nan], [0]])

    def test_none_is_a_class(self, tmp_path: Path) -> None:
        examples = load(tmp_path, "a,y\n1,none\n2,mild\n3,none\n4,mild\n")
        assert examples.class_names == ("mild", "none")

    def test_words_may_be_no_gaps_at_all(self, tmp_path: Path) -> None:
        text = "".join(f"{place},{place}.5\n" for place in range(30))
        examples = load(tmp_path, f"a,y\n{text}NA,1.5\n", parameters={"gap_words": "none"})
        assert ("line 32: 'NA'",) in [item.names for item in examples.findings]

    def test_shorter_rows_are_gaps_and_reported(self, tmp_path: Path) -> None:
        examples = load(tmp_path, "a,b,y\n1,2,0.5\n3\n5,6,1.5\n7,8,2.5\n")
        assert examples.n_samples == 3
        finding = examples.findings[0]
        assert "shorter than the header (the first in line 3)" in finding.text
        assert finding.remedies[0].changes == {"data.exclude": ("line 3",)}

    def test_no_row_with_a_target(self, tmp_path: Path) -> None:
        columns = {"a": {"gaps": "drop_rows"}}
        with pytest.raises(DatasetError, match="No row is left"):
            load(tmp_path, "a,b,y\n,1,0.5\n3,2,\n4,2,\n", columns=columns, task=Task.REGRESSION)


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    examples = load(tmp_path, TEXT)
    fitted = Preprocessing.fit(examples, np.arange(6), PreprocessingSpec())
    Contract.of(examples, fitted).save(tmp_path)
    return Contract.load(tmp_path)


class TestPrediction:
    def test_other_categories_are_other_data(self, tmp_path: Path, contract: Contract) -> None:
        contract.check(load(tmp_path, TEXT))
        with pytest.raises(DatasetError, match="its categories were 'colour"):
            contract.check(load(tmp_path, TEXT.replace("4,blue", "4,amber")))

    def test_columns_are_found_by_name(self, tmp_path: Path, contract: Contract) -> None:
        path = tmp_path / "new.csv"
        path.write_text("colour;extra;a\nblue;1;1,5\n;2;\ngreen;3;NA\n", "utf-8")
        x = read_inputs(path, contract.input_spec)
        np.testing.assert_array_equal(x, [[1.5, 0], [np.nan, np.nan], [np.nan, np.nan]])
        made = contract.preprocessing.transform_x(x)
        assert not np.isnan(made).any()
        np.testing.assert_array_equal(made[1], made[2])

    @pytest.mark.parametrize("row", ["2,red", " 2 , red", "2;red", '"2","red"'])
    def test_a_row_typed_out(self, contract: Contract, row: str) -> None:
        assert read_row(row, contract).tolist() == [[2, 1]]

    @pytest.mark.parametrize("row", [",", "NA,", ",green"])
    def test_a_row_with_gaps(self, contract: Contract, row: str) -> None:
        np.testing.assert_array_equal(read_row(row, contract), [[np.nan, np.nan]])

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            ("1", "A row needs 2 values. Received 1"),
            ("1,red,2", "A row needs 2 values. Received 3"),
            ("few,red", "Column 'a' must hold numbers. Received: 'few'"),
            ("inf,red", "infinite number"),
        ],
    )
    def test_refused_rows(self, contract: Contract, row: str, words: str) -> None:
        with pytest.raises(DatasetError) as caught:
            read_row(row, contract)
        assert words in caught.value.message
        assert "a, colour" in caught.value.hint

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("a,color\n1,red\n", "lacks columns the model was trained on: colour"),
            ("a,colour\n1,red\nfew,red\n", "Received: 'few' in line 3"),
            ("a,colour\n1,red\n1e400,red\n", "Received: '1e400' in line 3"),
            ("a,colour\n1,red,3\n", "Line 2 "),
        ],
    )
    def test_refused_files(self, tmp_path: Path, contract: Contract, text: str, words: str) -> None:
        path = tmp_path / "new.csv"
        path.write_text(text, "utf-8")
        with pytest.raises(DatasetError) as caught:
            read_inputs(path, contract.input_spec)
        assert words in caught.value.message
        assert caught.value.hint
