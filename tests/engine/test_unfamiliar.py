"""What a model never met is named beside what it predicts."""

import json

import numpy as np
import pandas as pd
import pytest

from engine.cli import main as cli
from engine.datasets import load_examples
from engine.errors import DatasetError
from engine.inference.contract import Contract
from engine.inference.trying.new_inputs import read_new_inputs
from engine.preprocessing import Preprocessing
from engine.spec.run_spec import DataSpec, PreprocessingSpec

N = 40


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": range(100, 100 + N),
            "age": rng.integers(20, 60, N),
            "city": rng.choice(["Oslo", "Rome", "Lima"], N),
            "member": rng.choice(["yes", "no"], N),
            "when": pd.date_range("2024-01-01", periods=N).strftime("%Y-%m-%d"),
            "y": rng.normal(size=N).round(3),
        }
    )


@pytest.fixture
def contract(frame, tmp_path):
    frame.to_csv(tmp_path / "train.csv", index=False)
    _, examples = load_examples(DataSpec(source=str(tmp_path / "train.csv"), target="y"))
    preprocessing = Preprocessing.fit(examples, np.arange(N), PreprocessingSpec())
    contract = Contract.of(examples, preprocessing)
    contract.save(tmp_path)
    return Contract.load(tmp_path)


def new(contract, tmp_path, frame):
    frame.to_csv(tmp_path / "new.csv", index=False)
    return read_new_inputs([str(tmp_path / "new.csv")], contract)


def said(items):
    return {(item.column, item.value) for item in items}


def test_what_it_was_trained_on_is_familiar(contract, tmp_path, frame):
    found = new(contract, tmp_path, frame)
    assert found.unfamiliar == [()] * N


def test_categories_numbers_and_dates_that_are_new(contract, tmp_path, frame):
    first = frame.head(5).copy().astype({"age": object})
    first.loc[0, "city"] = "Paris"
    first.loc[1, "city"] = "rome"
    first.loc[2, "age"] = 2000
    first.loc[3, "when"] = "2034-06-01"
    first.loc[4, "member"] = "perhaps"
    found = new(contract, tmp_path, first).unfamiliar
    assert [said(items) for items in found] == [
        {("city", "Paris")},
        {("city", "rome")},
        {("age", 2000.0)},
        {("when", "2034-06-01")},
        {("member", "perhaps")},
    ]
    assert "never seen in training" in found[0][0].why
    assert "far above what was seen in training, " in found[2][0].why
    assert found[0][0].to_dict() == {
        "column": "city",
        "value": "Paris",
        "why": "never seen in training; taken as a gap",
    }


def test_a_little_outside_is_familiar_and_gaps_are_too(contract, tmp_path, frame):
    few = frame.head(2).copy().astype({"age": object, "city": object})
    few.loc[0, "age"] = int(frame["age"].max()) + 3
    few.loc[1, ["age", "city", "member"]] = None
    assert new(contract, tmp_path, few).unfamiliar == [(), ()]


def test_columns_that_are_missing_or_new(contract, tmp_path, frame):
    few = frame.drop(columns=["age", "y"]).head(2).assign(height=1.8)
    found = new(contract, tmp_path, few)
    assert said(found.unfamiliar[0]) == {("age", None), ("height", None)}
    place = list(contract.feature_names).index("age")
    assert np.isnan(found.x[:, place]).all()
    with pytest.raises(DatasetError, match="Most columns the model was trained on are missing"):
        new(contract, tmp_path, frame[["age", "y"]])


def test_a_column_written_in_other_letters_is_read_and_named(contract, tmp_path, frame):
    few = frame.head(1).rename(columns={"age": "Age ", "city": "CITY"})
    found = new(contract, tmp_path, few)
    assert not np.isnan(found.x[:, :2]).any()
    assert {item.column: item.why for item in found.unfamiliar[0]} == {
        "age": "read from 'Age', which is written otherwise",
        "city": "read from 'CITY', which is written otherwise",
    }


def test_a_row_typed_out(contract):
    found = read_new_inputs(["30,Paris,yes,2024-01-05", "3000,Rome,no,2024-01-05"], contract)
    assert [said(items) for items in found.unfamiliar] == [{("city", "Paris")}, {("age", 3000.0)}]


def test_rows_of_several_inputs_keep_their_words(contract, tmp_path, frame):
    np.save(tmp_path / "rows.npy", np.zeros((2, len(contract.feature_names))))
    frame.head(1).assign(city="Paris").to_csv(tmp_path / "new.csv", index=False)
    given = [str(tmp_path / "rows.npy"), str(tmp_path / "new.csv"), "30,Bonn,yes,2024-01-05"]
    found = read_new_inputs(given, contract).unfamiliar
    assert [("city" in {item.column for item in items}) for items in found] == [0, 0, 1, 1]


def test_numbers_of_data_in_the_box(tmp_path):
    _, examples = load_examples(DataSpec(source="iris"))
    preprocessing = Preprocessing.fit(examples, np.arange(150), PreprocessingSpec())
    contract = Contract.of(examples, preprocessing)
    found = read_new_inputs(["5.1,3.5,1.4,0.2", "5.1,3.5,1.4,90"], contract).unfamiliar
    assert found[0] == ()
    assert [item.value for item in found[1]] == [90.0]
    assert found[1][0].column == contract.feature_names[3]


def test_channels_of_a_series(tmp_path):
    rows = pd.DataFrame({"t": range(30), "a": np.sin(np.arange(30.0))})
    rows.to_csv(tmp_path / "a.csv", index=False)
    data = DataSpec(source=str(tmp_path / "a.csv"), format="series", parameters={"window": 4})
    _, examples = load_examples(data)
    preprocessing = Preprocessing.fit(examples, np.arange(20), PreprocessingSpec())
    contract = Contract.of(examples, preprocessing)
    rows.loc[28, "a"] = 40.0
    rows.to_csv(tmp_path / "b.csv", index=False)
    (found,) = read_new_inputs([str(tmp_path / "b.csv")], contract).unfamiliar
    assert said(found) == {("a", 40.0)}


def test_texts_of_words_that_are_new(tmp_path):
    for name, words in (("good", "fine and well"), ("bad", "poor and dull")):
        (tmp_path / name).mkdir()
        for number in range(10):
            (tmp_path / name / f"{number}.txt").write_text(f"it was {words} again")
    _, examples = load_examples(DataSpec(source=str(tmp_path)))
    preprocessing = Preprocessing.fit(examples, np.arange(20), PreprocessingSpec())
    contract = Contract.of(examples, preprocessing)
    found = read_new_inputs(["it was fine indeed", "das war aber schlecht"], contract).unfamiliar
    assert found[0] == ()
    assert "4 of 4 tokens were never seen in training" in found[1][0].why


def test_on_the_command_line_in_words_and_json(frame, tmp_path, capsys):
    frame.to_csv(tmp_path / "train.csv", index=False)
    workspace = ["--workspace", str(tmp_path / "workspace")]
    words = ["--target", "y", "--model", "linear_regression", "--epochs", "1", "--name", "it"]
    assert cli.main(["train", "--data", str(tmp_path / "train.csv"), *words, *workspace]) == 0
    capsys.readouterr()
    row = "30,Paris,yes,2024-01-05"
    assert cli.main(["predict", "it", row, *workspace]) == 0
    shown = capsys.readouterr().out
    assert "Unfamiliar: city 'Paris': never seen in training" in shown
    assert cli.main(["predict", "it", row, "30,Rome,yes,2024-01-05", "--json", *workspace]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert [item["column"] for item in first["unfamiliar"]] == ["city"]
    assert second["unfamiliar"] == []


def test_a_contract_of_an_older_version_knows_no_ranges(contract, tmp_path, frame):
    path = tmp_path / "contract.json"
    values = json.loads(path.read_text())
    for name in ("ranges", "source_columns", "digest"):
        del values[name]
    path.write_text(json.dumps(values))
    far = frame.head(1).assign(age=2000, height=1.8)
    assert new(Contract.load(tmp_path), tmp_path, far).unfamiliar == [()]
