"""Series in tables: windows by hand, splits without leaks, gaps, and times of every kind."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from bad_values import bad_value_id, bad_values, field_refused
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.datasets import load_examples, open_dataset
from engine.datasets.sequences.series import SeriesFormat, SeriesParameters, read_inputs
from engine.datasets.sequences.windows import (
    Steps,
    WindowParameters,
    WindowRows,
    examples_of,
    thinned,
)
from engine.datasets.split import split
from engine.errors import DatasetError, SpecError
from engine.events.findings import Trouble
from engine.preprocessing import Preprocessing
from engine.spec.parameters import validate
from engine.spec.run_spec import DataSpec, PreprocessingSpec, SplitSpec
from engine.spec.signature import Kind, Task


def write(path, columns, **options):
    pd.DataFrame(columns).to_csv(path, index=False, **options)
    return path


def load(path, target=None, columns=None, **parameters):
    data = DataSpec(
        source=str(path),
        format="series",
        target=target,
        columns=columns or {},
        parameters=parameters,
    )
    return load_examples(data)[1]


def hourly(n):
    return pd.date_range("2024-03-01", periods=n, freq="h").strftime("%Y-%m-%d %H:%M")


def found(examples, trouble, subject=None):
    return [
        finding
        for finding in examples.findings
        if finding.trouble is trouble and subject in (None, finding.subject)
    ]


# ---- windows


def test_windows_by_hand(tmp_path):
    path = write(tmp_path / "a.csv", {"time": hourly(8), "a": range(8), "b": range(10, 18)})
    examples = load(path, "a", window=3, horizon=2)
    assert (examples.kind, examples.task) == (Kind.SERIES, Task.FORECASTING)
    assert examples.feature_names == ("a", "b")
    np.testing.assert_array_equal(
        examples.x[:2], [[[0, 10], [1, 11], [2, 12]], [[1, 11], [2, 12], [3, 13]]]
    )
    np.testing.assert_array_equal(examples.y, [[3, 4], [4, 5], [5, 6], [6, 7]])
    hour = 3600.0
    np.testing.assert_array_equal(np.diff(examples.order), hour)
    np.testing.assert_array_equal(examples.until - examples.order, hour)


def test_one_step_ahead_is_one_number(tmp_path):
    examples = load(write(tmp_path / "a.csv", {"t": range(9), "a": range(9)}), window=3)
    assert examples.y.shape == (6,)


def test_the_stride_leaves_windows_out(tmp_path):
    path = write(tmp_path / "a.csv", {"t": range(12), "a": range(12)})
    examples = load(path, window=3, stride=4)
    np.testing.assert_array_equal(examples.x[:][:, 0, 0], [0, 4, 8])


@given(
    n_steps=st.integers(5, 40),
    window=st.integers(1, 6),
    horizon=st.integers(1, 4),
    stride=st.integers(1, 5),
    holes=st.sets(st.integers(0, 39), max_size=6),
    breaks=st.sets(st.integers(1, 39), max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_windows_are_those_that_a_loop_finds(n_steps, window, horizon, stride, holes, breaks):
    values = np.arange(n_steps, dtype=np.float64)
    for hole in holes:
        values[hole % n_steps] = np.nan
    segment = np.zeros(n_steps, np.int64)
    for place in breaks:
        segment[place % n_steps :] += 1
    plain = Steps.plain(values[:, np.newaxis], ("a",))
    steps = Steps(
        plain.values,
        plain.times,
        ("a",),
        segment,
        plain.member,
        ("",),
        ~np.isnan(plain.values),
    )
    expected = []
    for start in range(n_steps - window - horizon + 1):
        rows = slice(start, start + window + horizon)
        begin = np.flatnonzero(segment == segment[start])[0]
        if len(set(segment[rows])) == 1 and (start - begin) % stride == 0:
            expected.append(values[rows])
    expected = [rows for rows in expected if not np.isnan(rows).any()]
    wanted = WindowParameters(window=window, horizon=horizon, stride=stride)
    if not expected:
        with pytest.raises(DatasetError):
            examples_of(steps, "a", wanted, {})
        return
    examples = examples_of(steps, "a", wanted, {})
    both = np.concatenate([examples.x[:][..., 0], examples.y.reshape(-1, horizon)], axis=1)
    np.testing.assert_array_equal(both, expected)


def test_windows_are_a_view_not_copies():
    values = np.zeros((1_000_000, 1))
    rows = WindowRows(values, np.arange(999_000), 1_000)
    assert rows.values is values
    assert rows.shape == (999_000, 1_000, 1)
    assert rows[np.array([5, 7])].shape == (2, 1_000, 1)
    assert rows[3].shape == (1_000, 1)


# ---- no leaks


@pytest.mark.parametrize("horizon", [1, 7])
def test_no_training_target_lies_in_a_later_part(tmp_path, horizon):
    path = write(tmp_path / "a.csv", {"time": hourly(200), "a": np.arange(200)})
    examples = load(path, window=10, horizon=horizon)
    parts = split(examples, SplitSpec(), seed=0)
    assert parts.method == "time"
    for earlier, later in ((parts.train, parts.validation), (parts.validation, parts.test)):
        assert examples.until[earlier].max() < examples.order[later].min()
        # No more is left out than must be.
        assert examples.order[later].min() - examples.until[earlier].max() == 3600.0
    assert examples.n_samples - sum(parts.sizes) == 2 * (horizon - 1)


def test_many_series_are_divided_at_the_same_times(tmp_path):
    days = np.tile(pd.date_range("2024-01-01", periods=50).strftime("%d.%m.%Y"), 3)
    rows = {"day": days, "shop": np.repeat(["x", "y", "z"], 50), "sold": np.arange(150)}
    examples = load(write(tmp_path / "a.csv", rows, sep=";"), window=5)
    parts = split(examples, SplitSpec(), seed=0)
    assert examples.order[parts.train].max() < examples.order[parts.validation].min()
    assert examples.order[parts.validation].max() < examples.order[parts.test].min()


def test_a_part_smaller_than_the_horizon_is_refused(tmp_path):
    path = write(tmp_path / "a.csv", {"t": range(60), "a": range(60)})
    examples = load(path, window=5, horizon=20)
    with pytest.raises(DatasetError, match="reaches into the part that follows"):
        split(examples, SplitSpec(), seed=0)


def test_scaling_saw_the_training_part_alone(tmp_path):
    values = np.sin(np.arange(200.0))
    values[-10:] = 1e6  # in the test part only
    examples = load(write(tmp_path / "a.csv", {"t": range(200), "a": values}), window=4)
    parts = split(examples, SplitSpec(), seed=0)
    fitted = Preprocessing.fit(examples, parts.train, PreprocessingSpec())
    seen = examples.x[parts.train]
    np.testing.assert_allclose(fitted.inputs.offset, [seen.mean()], rtol=1e-12)
    np.testing.assert_allclose(fitted.inputs.scale, [seen.std()], rtol=1e-12)
    assert fitted.targets.scale[0] < 2


def test_each_step_of_a_horizon_is_scaled_by_itself(tmp_path):
    path = write(tmp_path / "a.csv", {"t": range(100), "a": np.arange(100.0) ** 2})
    examples = load(path, window=4, horizon=3)
    parts = split(examples, SplitSpec(), seed=0)
    fitted = Preprocessing.fit(examples, parts.train, PreprocessingSpec())
    scaled = fitted.transform_y(examples.y[parts.train])
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(fitted.restore_y(scaled), examples.y[parts.train], rtol=1e-4)
    assert fitted.signature(examples).n_values == 3


# ---- gaps


def with_gap(tmp_path, *holes, n=30):
    values = np.arange(n, dtype=np.float64)
    values[list(holes)] = np.nan
    return write(tmp_path / "a.csv", {"time": hourly(n), "a": values})


def test_gaps_are_filled_with_a_line_but_never_forecast(tmp_path):
    examples = load(with_gap(tmp_path, 10, 11), window=4)
    first = (examples.order - examples.order.min()) / 3600 + 4
    # Steps 10 and 11 are no targets, and no windows end with them: those forecast 11 and 12.
    assert {10, 11, 12}.isdisjoint(first.astype(int))
    inside = examples.x[:][first == 13][0, :, 0]
    np.testing.assert_allclose(inside, [9, 10, 11, 12])
    (finding,) = found(examples, Trouble.MISSING, "a")
    assert finding.text == "2 of 30 values of 'a' are missing."
    assert {"data.parameters.gaps": "drop"} in [item.changes for item in finding.remedies]
    assert found(examples, Trouble.LEFT_OUT)[0].count == 3


def test_gaps_can_be_filled_with_the_value_before(tmp_path):
    examples = load(with_gap(tmp_path, 10, 11), window=4, gaps="previous")
    first = (examples.order - examples.order.min()) / 3600 + 4
    np.testing.assert_allclose(examples.x[:][first == 13][0, :, 0], [9, 9, 9, 12])


def test_windows_with_gaps_can_be_left_out(tmp_path):
    examples = load(with_gap(tmp_path, 10), window=4, gaps="drop")
    assert examples.n_samples == 26 - 5
    assert not np.isnan(examples.x[:]).any()


def test_long_gaps_are_not_bridged(tmp_path):
    examples = load(with_gap(tmp_path, 10, 11, 12), window=4)
    assert not (examples.x[:][:, :, 0] == 11).any()


def test_gaps_at_the_ends_are_left_out(tmp_path):
    examples = load(with_gap(tmp_path, 0, 29), window=4)
    assert (examples.x[:].min(), examples.y.max()) == (1, 28)


def test_missing_times_become_steps(tmp_path):
    kept = [row for row in range(40) if row not in (20, 21)]
    table = {"time": hourly(40)[kept], "a": np.arange(40.0)[kept]}
    examples = load(write(tmp_path / "a.csv", table), window=6)
    (finding,) = found(examples, Trouble.MISSING, "time")
    assert finding.names == ("after 2024-03-01 19:00:00: 2 steps",)
    assert dict(examples.facts)["Steps"] == "40"
    np.testing.assert_allclose(np.diff(examples.x[:][:, :, 0], axis=1), 1)


def test_no_window_crosses_a_long_break(tmp_path):
    moments = [*hourly(30), *pd.date_range("2024-06-01", periods=30, freq="h").astype(str)]
    examples = load(write(tmp_path / "a.csv", {"time": moments, "a": range(60)}), window=4)
    assert examples.n_samples == 2 * 26


def test_irregular_steps_are_named(tmp_path):
    days = pd.bdate_range("2024-01-01", periods=40).strftime("%m/%d/%Y")
    examples = load(write(tmp_path / "a.csv", {"date": days, "price": range(40)}), window=4)
    (finding,) = found(examples, Trouble.UNDERSTOOD, "date")
    assert finding.text.startswith("The time steps are irregular: mostly 1 day, but 7 of 39")
    assert finding.names[0] == "after 2024-01-05: 3 days"
    assert examples.n_samples == 36


def test_rows_of_opening_hours_are_taken_as_they_come(tmp_path):
    open_hours = pd.date_range("2024-03-01", periods=24 * 20, freq="h")
    moments = [str(moment) for moment in open_hours if 8 <= moment.hour < 20]
    path = write(tmp_path / "a.csv", {"time": moments, "a": range(len(moments))})
    examples = load(path, window=24)
    assert examples.n_samples == len(moments) - 24
    assert "irregular" in found(examples, Trouble.UNDERSTOOD, "time")[0].text


@pytest.mark.parametrize(
    ("freq", "name"),
    [("MS", "1 month"), ("YS", "1 year"), ("QS", "1 quarter"), ("15min", "15 minutes")],
)
def test_steps_of_the_calendar_are_regular(tmp_path, freq, name):
    days = pd.date_range("1990-01-01", periods=60, freq=freq).astype(str)
    examples = load(write(tmp_path / "a.csv", {"date": days, "a": range(60)}), window=4)
    assert dict(examples.facts)["Step"] == name
    assert not examples.findings


# ---- times


@pytest.mark.parametrize(
    "form", ["%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S"]
)
def test_times_are_read_as_people_write_them(tmp_path, form):
    moments = pd.date_range("2023-11-28", periods=200, freq="h")
    path = write(tmp_path / "a.csv", {"when": moments.strftime(form), "a": range(200)})
    examples = load(path, window=4)
    assert dict(examples.facts)["Time"] == "when"
    assert dict(examples.facts)["From"] == "2023-11-28"
    assert examples.order[0] == pd.Timestamp("2023-11-28 04:00").timestamp()


def test_of_two_orders_the_one_that_goes_forward_is_taken(tmp_path):
    days = pd.date_range("2023-01-01", periods=20, freq="MS").strftime("%m/%d/%Y")
    examples = load(write(tmp_path / "a.csv", {"date": days, "a": range(20)}), window=3)
    assert dict(examples.facts)["To"] == "2024-08-01"
    assert "read month first" in found(examples, Trouble.UNDERSTOOD, "date")[0].text


def test_eight_digits_are_a_date(tmp_path):
    days = pd.date_range("2024-01-28", periods=20).strftime("%Y%m%d")
    examples = load(write(tmp_path / "a.csv", {"date": days, "a": range(20)}), window=3)
    assert dict(examples.facts)["Step"] == "1 day"


def test_duplicate_times_are_counted_and_named(tmp_path):
    moments = [*hourly(20), hourly(20)[3], hourly(20)[3]]
    path = write(tmp_path / "a.csv", {"time": moments, "a": [*range(20), 99, 99]})
    examples = load(path, window=4)
    (finding,) = found(examples, Trouble.DUPLICATE)
    assert (finding.count, finding.names) == (2, ("2024-03-01 03:00:00: 3 rows",))
    assert examples.x[:].max() < 99


def test_rows_out_of_order_are_sorted_and_it_is_said(tmp_path):
    path = write(tmp_path / "a.csv", {"time": hourly(20)[::-1], "a": range(20)[::-1]})
    examples = load(path, window=4)
    np.testing.assert_array_equal(examples.x[0][:, 0], [0, 1, 2, 3])
    assert "sorted" in found(examples, Trouble.UNDERSTOOD, "time")[0].text


def test_rows_whose_time_cannot_be_read_are_named(tmp_path):
    moments = list(hourly(30))
    moments[7] = "soon"
    examples = load(write(tmp_path / "a.csv", {"time": moments, "a": range(30)}), window=4)
    first = found(examples, Trouble.MISSING, "time")[0]
    assert first.names == ("line 9: 'soon'",)


def test_without_times_rows_are_in_order(tmp_path):
    examples = load(write(tmp_path / "a.csv", {"a": np.sin(np.arange(30.0))}), window=4)
    assert dict(examples.facts)["Time"] == "the order of the rows"
    assert examples.n_samples == 26


# ---- columns


def test_a_column_of_names_tells_series_apart(tmp_path):
    rows = {
        "date": np.tile(pd.date_range("2024-01-01", periods=30).astype(str), 2),
        "town": np.repeat(["Ünna", "Aa"], 30),
        "rain": np.r_[np.arange(30), np.arange(100, 130)],
    }
    examples = load(write(tmp_path / "a.csv", rows), window=4)
    assert examples.n_samples == 2 * 26
    assert [trace.name for trace in examples.traces] == ["Aa", "Ünna"]
    assert ((examples.x[:].max(axis=1) - examples.x[:].min(axis=1)) == 3).all()
    assert set(examples.column("town")) == {"Aa", "Ünna"}
    with pytest.raises(DatasetError, match="cannot be divided by column 'rain'"):
        examples.column("rain")


def test_the_target_is_guessed_and_can_be_changed(tmp_path):
    path = write(tmp_path / "a.csv", {"t": range(20), "a": range(20), "b": range(5, 25)})
    examples = load(path, window=3)
    assert examples.target_name == "b"
    (remedy,) = found(examples, Trouble.UNDERSTOOD, "b")[0].remedies
    assert remedy.changes == {"data.target": "a"}
    assert load(path, "a", window=3).target_name == "a"


def test_columns_can_be_chosen_or_ignored(tmp_path):
    table = {"t": range(20), "a": range(20), "b": range(20), "c": range(20)}
    path = write(tmp_path / "a.csv", table)
    assert load(path, "a", window=3, columns={"b": {"type": "ignore"}}).feature_names == ("a", "c")
    data = DataSpec(
        source=str(path), format="series", target="a", parameters={"columns": "c", "window": 3}
    )
    assert load_examples(data)[1].feature_names == ("c", "a")


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ({"t": range(20), "a": range(20)}, {"target": "b"}, "has no column 'b'"),
        ({"t": range(20), "a": range(20)}, {"time": "when"}, "has no column 'when'"),
        ({"t": range(20), "a": ["x"] * 20}, {}, "no column of numbers"),
        ({"t": range(20), "a": ["x"] * 20}, {"target": "a"}, "must hold numbers"),
        ({"t": range(20), "a": [*range(19), "x"]}, {}, "'x' in line 21"),
        ({"t": range(20), "a": [*range(19), "inf"]}, {}, "infinite number"),
        ({"t": range(20), "a": [*range(19), "1e300"]}, {}, "too large"),
        ({"t": range(20), "a": [5] * 20}, {}, "the same value in every row: 5"),
        ({"t": range(20), "a": range(20)}, {"window": 20}, "too short"),
        ({"t": ["x"] * 20, "a": range(20)}, {"time": "t"}, "must hold times"),
        (
            {"t": range(20), "a": [1, None, 2, None] * 5},
            {"gaps": "drop", "window": 4},
            "touches a gap",
        ),
    ],
)
def test_what_cannot_be_forecast_is_refused_in_words(tmp_path, table, options, message):
    path = write(tmp_path / "a.csv", table)
    with pytest.raises(DatasetError) as caught:
        load(path, **{"window": 3, **options})
    assert message in caught.value.message
    assert caught.value.hint


def test_other_tasks_are_refused(tmp_path):
    path = write(tmp_path / "a.csv", {"t": range(20), "a": range(20)})
    with pytest.raises(DatasetError, match="Series are for forecasting"):
        load_examples(DataSpec(source=str(path), format="series", task="regression"))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".xlsx"])
def test_a_table_is_read_as_series_where_a_forecast_is_asked_for(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"anything")
    kind = open_dataset(DataSpec(source=str(path))).kind
    assert kind is Kind.TABLE
    asked = open_dataset(DataSpec(source=str(path), task=Task.FORECASTING))
    assert asked.kind is Kind.SERIES


def test_series_are_read_from_parquet(tmp_path):
    table = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=30), "a": range(30)})
    table.to_parquet(tmp_path / "a.parquet")
    examples = load(tmp_path / "a.parquet", window=4)
    assert dict(examples.facts)["Step"] == "1 day"


# ---- what is drawn


def test_traces_are_thin_and_keep_their_peaks():
    values = np.sin(np.arange(100_000) / 500)
    values[54_321] = 50.0
    times, thin = thinned(np.arange(100_000.0), values)
    assert len(thin) <= 2_000
    assert thin.max() == 50.0
    assert times[thin.argmax()] == 54_321
    assert (np.diff(times) > 0).all()


def test_traces_show_gaps_as_measured(tmp_path):
    examples = load(with_gap(tmp_path, 10), window=4)
    (trace,) = examples.traces
    assert np.isnan(trace.values[10])
    assert np.isnan(trace.values).sum() == 1


# ---- prediction


def asked_of(examples):
    return SimpleNamespace(reading=examples.reading)


def test_the_last_steps_of_a_table_are_read_for_prediction(tmp_path):
    path = write(tmp_path / "a.csv", {"time": hourly(20), "a": range(20), "b": range(20, 40)})
    asked = asked_of(load(path, "a", window=3))
    np.testing.assert_array_equal(read_inputs(path, asked), [[[17, 37], [18, 38], [19, 39]]])


def test_prediction_takes_one_window_for_each_series(tmp_path):
    days = pd.date_range("2024-01-01", periods=30).astype(str)
    rows = {"date": np.tile(days, 2), "id": np.repeat(["q", "p"], 30), "a": range(60)}
    path = write(tmp_path / "a.csv", rows)
    windows = read_inputs(path, asked_of(load(path, window=2)))
    np.testing.assert_array_equal(windows[..., 0], [[58, 59], [28, 29]])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"time": hourly(5), "b": range(5)}, "has no column 'a'"),
        ({"time": hourly(2), "a": range(2)}, "too few steps"),
        ({"time": hourly(5), "a": [1, 2, 3, 4, None]}, "has a gap in column 'a' at 2024-03-01 04"),
    ],
)
def test_tables_a_model_cannot_forecast_from_are_refused(tmp_path, table, message):
    asked = asked_of(load(with_gap(tmp_path), window=3))
    with pytest.raises(DatasetError, match=message):
        read_inputs(write(tmp_path / "b.csv", table), asked)


def test_a_gap_within_is_filled_as_in_training(tmp_path):
    asked = asked_of(load(with_gap(tmp_path), window=4))
    path = write(tmp_path / "b.csv", {"time": hourly(6), "a": [0, 1, 2, None, 4, 5]})
    np.testing.assert_allclose(read_inputs(path, asked)[0, :, 0], [2, 3, 4, 5])


@pytest.mark.parametrize(("name", "value"), bad_values(SeriesParameters), ids=bad_value_id)
def test_values_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(SpecError) as caught:
        validate(SeriesParameters, {name: value}, "data.parameters")
    assert field_refused(caught.value, f"data.parameters.{name}")


def test_the_format_says_what_it_is_for():
    assert SeriesFormat().tasks == (Task.FORECASTING,)


def test_the_window_with_which_a_series_ends_is_one_that_could_be_used():
    """Of a series that is too short, or whose end is not known, there is none."""
    values = np.arange(12.0)[:, None]
    member = np.array([0] * 6 + [1] * 2 + [2] * 4)
    measured = np.ones((12, 1), bool)
    measured[11] = False
    steps = Steps(values, values[:, 0], ("v",), member, member, ("a", "b", "c"), measured)
    rows = examples_of(steps, "v", WindowParameters(window=3, horizon=2), {}).x
    assert rows.last == {"a": 3}
    np.testing.assert_array_equal(rows.last_windows()[:, :, 0], [[3.0, 4.0, 5.0]])
