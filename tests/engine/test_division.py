"""What divides the data is no input, times stay whole, and what is left out is told."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.datasets.time_split import divide_by_time
from engine.errors import DatasetError
from engine.events.findings import Trouble
from engine.inference.contract import Contract
from engine.runs.record import _of_this_version
from engine.spec.run_spec import DataSpec, RunSpec, SplitSpec
from engine.training.prepared_data import look

N = 60


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": rng.normal(size=N).round(3),
            "part": rng.choice(["train", "validation", "test"], N, p=[0.7, 0.15, 0.15]),
            "patient": rng.choice([f"p{n}" for n in range(12)], N),
            "when": pd.date_range("2024-01-01", periods=N // 3).repeat(3).strftime("%Y-%m-%d"),
            "y": rng.normal(size=N).round(3),
        }
    )
    frame.to_csv(tmp_path / "a.csv", index=False)
    return tmp_path / "a.csv"


def divided(path, **split):
    data = DataSpec(source=str(path), target="y")
    return look(RunSpec(data=data, split=SplitSpec(**split)))


def told(found, column):
    profile = found.profile("a")
    return [
        item
        for item in profile.findings
        if item.subject == column and item.trouble is Trouble.LEFT_OUT
    ]


@pytest.mark.parametrize(
    ("method", "column"), [("given", "part"), ("group", "patient"), ("time", "when")]
)
def test_the_column_that_divides_is_no_input(path, method, column):
    found = divided(path, method=method, column=column)
    assert not any(name.startswith(column) for name in found.examples.feature_names)
    assert found.examples.x.shape[1] == len(found.examples.feature_names)
    contract = Contract.of(found.examples, found.preprocessing)
    assert column not in {item["column"] for item in contract.reading["columns"]}
    (finding,) = told(found, column)
    (remedy,) = finding.remedies
    assert remedy.changes == {"split.column_is_input": True}
    (shown,) = (item for item in found.profile("a").columns if item.name == column)
    assert not shown.is_used
    # The setting brings it back.
    kept = divided(path, method=method, column=column, column_is_input=True)
    assert any(name.startswith(column) for name in kept.examples.feature_names)
    assert not told(kept, column)
    np.testing.assert_array_equal(kept.parts.test, found.parts.test)


def test_a_column_that_is_not_used_to_divide_stays(path):
    assert "patient" in divided(path, method="random", column="patient").examples.feature_names


@pytest.mark.parametrize(
    ("column", "method"), [("part", "given"), ("patient", "group"), ("when", "time")]
)
def test_a_column_says_itself_how_it_divides(path, column, method):
    assert divided(path, column=column).parts.method == method


def test_nothing_left_to_learn_from_is_refused(tmp_path):
    frame = pd.DataFrame({"g": ["a", "b", "c", "d"] * 10, "y": np.arange(40.0)})
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(DatasetError, match="nothing else is left"):
        divided(tmp_path / "a.csv", method="group", column="g")


def test_rows_of_one_time_are_in_one_part(path):
    parts = divided(path, method="time", column="when").parts
    when = pd.read_csv(path)["when"].to_numpy()
    train, validation, test = (set(when[part]) for part in parts.all)
    assert not (train & validation)
    assert not (train & test)
    assert not (validation & test)
    assert max(train) < min(validation) <= max(validation) < min(test)
    assert sum(parts.sizes) == N
    exact = divided(path, method="time", column="when", whole_times=False).parts
    assert exact.sizes == (42, 9, 9)


@given(
    st.lists(st.integers(0, 30), min_size=6, max_size=60),
    st.integers(0, 20),
    st.integers(0, 20),
)
def test_boundaries_move_no_farther_than_to_the_next_time(times, n_validation, n_test):
    times = np.array(times, float)
    wanted = 1 + (n_validation > 0) + (n_test > 0)
    if len(times) - n_validation - n_test < 1:
        return
    if len(set(times)) < wanted:
        with pytest.raises(DatasetError, match="different times for"):
            divide_by_time(times, n_validation, n_test, None, True)
        return
    found = divide_by_time(times, n_validation, n_test, None, True)
    parts = [part for part in (found.train, found.validation, found.test) if len(part)]
    assert len(parts) == wanted
    for earlier, later in itertools.pairwise(parts):
        assert times[earlier].max() < times[later].min()
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(times)))
    if len(set(times)) == len(times):
        assert len(found.test) == n_test
        assert len(found.validation) == n_validation


def test_rows_without_a_time_are_in_no_part_and_named(path):
    frame = pd.read_csv(path)
    frame.loc[[4, 20], "when"] = np.nan
    frame.to_csv(path, index=False)
    found = divided(path, method="time", column="when")
    assert found.parts.untimed.tolist() == [4, 20]
    assert not any({4, 20} & set(part.tolist()) for part in found.parts.all)
    (finding,) = (
        item
        for item in found.profile("a").findings
        if item.trouble is Trouble.MISSING and "no time to divide by" in item.text
    )
    assert (finding.count, finding.names) == (2, ("line 6", "line 22"))


def test_rows_without_a_group_stay_together_and_are_counted(path):
    frame = pd.read_csv(path)
    frame.loc[[4, 20, 33], "patient"] = np.nan
    frame.to_csv(path, index=False)
    found = divided(path, method="group", column="patient")
    assert any({4, 20, 33} <= set(part.tolist()) for part in found.parts.all)
    assert any("3 of 60 examples have no group" in it.text for it in found.profile("a").findings)


def test_rows_of_one_patient_in_several_parts_are_told(path):
    def told(found):
        return [it for it in found.profile("a").findings if "rows of the same one" in it.text]

    (finding,) = told(divided(path))
    assert finding.remedies[0].changes == {"split.method": "group", "split.column": "patient"}
    assert not told(divided(path, method="group", column="patient"))
    frame = pd.read_csv(path).rename(columns={"patient": "colour"})
    frame.to_csv(path, index=False)
    assert not told(divided(path))


def test_a_column_that_says_which_rows_test_is_offered(path):
    def told(found):
        return [it for it in found.profile("a").findings if "name of a part" in it.text]

    (finding,) = told(divided(path))
    assert finding.subject == "part"
    assert "'part' is the name of a part: test, train, validation." in finding.text
    assert finding.remedies[0].changes == {"split.method": "given", "split.column": "part"}
    assert not told(divided(path, method="given", column="part"))
    frame = pd.read_csv(path)
    for values in (["train", "kitchen"], ["test", "validation"], ["train", "train"]):
        frame.assign(part=[values[row % 2] for row in range(N)]).to_csv(path, index=False)
        assert not told(divided(path))


def test_of_a_large_table_the_column_is_left_out_too(path, monkeypatch):
    small = divided(path, method="group", column="patient")
    monkeypatch.setattr("engine.datasets.tables.table_passes.LARGE_BYTES", 0)
    large = divided(path, method="group", column="patient")
    assert large.examples.feature_names == small.examples.feature_names
    np.testing.assert_array_equal(large.examples.x[:], small.examples.x[:])
    np.testing.assert_array_equal(large.examples.x[[3, 1]], small.examples.x[[3, 1]])


@pytest.mark.parametrize(
    ("values", "test"),
    [
        ([f"{2000 + n // 4}Q{n % 4 + 1}" for n in range(40)], "2009Q4"),
        ([f"2024-W{n + 1:02d}" for n in range(40)], "2024-W40"),
    ],
)
def test_texts_that_are_times_are_in_their_order(tmp_path, values, test):
    order = np.random.default_rng(0).permutation(40)
    frame = pd.DataFrame({"t": values, "a": np.arange(40.0) % 7, "y": np.arange(40.0)})
    frame.iloc[order].to_csv(tmp_path / "a.csv", index=False)
    found = divided(tmp_path / "a.csv", method="time", column="t", validation=0.0, test=0.02)
    assert np.array(values)[order][found.parts.test].tolist() == [test]


def test_texts_that_are_no_times_are_refused(path):
    with pytest.raises(DatasetError, match="'patient' must hold times to divide by"):
        divided(path, method="time", column="patient")


def test_stored_specs_of_older_versions_mean_what_they_meant(path):
    split = {"method": "auto", "column": "when", "validation": 0.15, "test": 0.15}
    stored = {
        "data": {"source": str(path), "target": "y"},
        "split": split,
        "stopping": {"patience": None},
    }
    spec = RunSpec.from_dict(_of_this_version(json.loads(json.dumps(stored))))
    assert (spec.split.method, spec.split.column_is_input) == ("group", True)
    assert not spec.split.whole_times
    assert not spec.split.by_labels
    assert spec.stopping.patience == 0
    fresh = RunSpec.from_dict(stored | {"split": {"column": "when"}}).to_dict()
    assert RunSpec.from_dict(_of_this_version(fresh)).split == SplitSpec(column="when")
