"""Times and keys in several columns, in every order and notation, read right or refused by name."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.datasets import load_examples
from engine.datasets.sequences.series import read_windows
from engine.datasets.sequences.time_parts import read_joined
from engine.datasets.sequences.times import read_times
from engine.datasets.tables.numbered_dates import CALENDAR
from engine.datasets.tables.table_cells import read_dates
from engine.datasets.tables.table_source import text_cells
from engine.errors import DatasetError
from engine.events.findings import Trouble
from engine.spec.run_spec import DataSpec, RunSpec
from engine.training.prepared_data import look

N = 60


def write(folder, columns, name="a.csv"):
    pd.DataFrame(columns).to_csv(folder / name, index=False)
    return folder / name


def load(path, target=None, **parameters):
    parameters = {"window": 4, **parameters}
    data = DataSpec(source=str(path), format="series", target=target, parameters=parameters)
    return load_examples(data)[1]


def facts(examples):
    return dict(examples.facts)


MONTHS = pd.date_range("2015-01-01", periods=N, freq="MS")
HOURS = pd.date_range("2024-02-28", periods=N, freq="h")
VALUES = np.arange(N) + 0.5


# ---- several columns that make the time


@pytest.mark.parametrize(
    ("columns", "time", "step"),
    [
        ({"year": MONTHS.year, "month": MONTHS.month}, "year + month", "1 month"),
        ({"month": MONTHS.month, "year": MONTHS.year}, "year + month", "1 month"),
        ({"Year": MONTHS.year, "Month": MONTHS.strftime("%B")}, "Year + Month", "1 month"),
        ({"Jahr": MONTHS.year, "Monat": MONTHS.month}, "Jahr + Monat", "1 month"),
        (
            {"date": HOURS.strftime("%Y-%m-%d"), "hour": HOURS.hour},
            "date + hour",
            "1 hour",
        ),
        (
            {"Date": HOURS.strftime("%d.%m.%Y"), "Time": HOURS.strftime("%H:%M:%S")},
            "Date + Time",
            "1 hour",
        ),
        (
            {"time": HOURS.strftime("%I:%M %p"), "date": HOURS.strftime("%Y-%m-%d")},
            "date + time",
            "1 hour",
        ),
        (
            {"year": HOURS.year, "month": HOURS.month, "day": HOURS.day, "hour": HOURS.hour},
            "year + month + day + hour",
            "1 hour",
        ),
        (
            {"dteday": HOURS.strftime("%Y-%m-%d"), "mnth": HOURS.month, "hr": HOURS.hour},
            "dteday + hr",
            "1 hour",
        ),
        (
            {"year": 2000 + np.arange(N) // 4, "quarter": np.arange(N) % 4 + 1},
            "year + quarter",
            "1 quarter",
        ),
        (
            {"year": 2000 + np.arange(N) // 4, "qtr": [f"Q{n % 4 + 1}" for n in range(N)]},
            "year + qtr",
            "1 quarter",
        ),
    ],
)
def test_columns_that_make_the_time(tmp_path, columns, time, step):
    order = np.random.default_rng(0).permutation(N)
    table = pd.DataFrame({**columns, "v": VALUES})
    for rows in (table, table[::-1], table.iloc[order]):
        examples = load(write(tmp_path, rows))
        assert facts(examples)["Time"] == time
        assert facts(examples)["Step"] == step
        assert facts(examples)["Steps"] == str(N)
        assert (np.diff(examples.x[:][:, :, list(examples.feature_names).index("v")]) == 1).all()
        assert any(
            item.trouble is Trouble.UNDERSTOOD and "made of" in item.text
            for item in examples.findings
        )


def test_weeks_of_a_year_are_those_of_iso(tmp_path):
    days = pd.date_range("2019-01-07", periods=N, freq="W-MON").isocalendar()
    examples = load(write(tmp_path, {"year": days.year, "week": days.week, "v": VALUES}))
    assert facts(examples)["Time"] == "year + week"
    assert (facts(examples)["From"], facts(examples)["Step"]) == ("2019-01-07", "7 days")


def test_days_and_weeks_of_years_of_other_names(tmp_path):
    days = pd.date_range("2019-12-01", periods=N)
    table = {"year": days.year, "doy": days.day_of_year, "v": VALUES}
    assert facts(load(write(tmp_path, table)))["Time"] == "year + doy"
    assert facts(load(write(tmp_path, table)))["To"] == "2020-01-29"
    table = {"iso_year": [2019] * 52, "iso_week": range(1, 53), "v": VALUES[:52]}
    assert facts(load(write(tmp_path, table)))["Time"] == "iso_year + iso_week"


def test_an_hour_may_be_written_as_a_clock(tmp_path):
    columns = {"hour": HOURS.strftime("%H:00"), "date": HOURS.strftime("%Y-%m-%d"), "v": VALUES}
    assert facts(load(write(tmp_path, columns)))["Time"] == "date + hour"


@pytest.mark.parametrize("n", [30, N])
def test_dates_come_before_a_year_that_is_only_counted(tmp_path, n):
    """A table of rented bicycles, with the years as 0 and 1."""
    days = pd.date_range("2011-01-01", periods=n)
    columns = {"instant": range(n), "dteday": days.strftime("%Y-%m-%d"), "yr": [0] * n}
    examples = load(write(tmp_path, {**columns, "mnth": days.month, "cnt": VALUES[:n]}), "cnt")
    assert facts(examples)["Time"] == "dteday"


def test_of_dates_with_a_clock_those_that_follow_each_other_are_taken(tmp_path):
    columns = {
        "date": [f"1/{1 + n // 24}/2024" for n in range(N)],
        "time": [f"{n % 24:02d}:00" for n in range(N)],
    }
    path = write(tmp_path, {**columns, "v": VALUES})
    examples = load(path)
    assert facts(examples)["To"] == "2024-01-03 11:00:00"
    (finding,) = (item for item in examples.findings if "month first" in item.text)
    assert finding.remedies[0].changes == {"data.parameters.dates": "day first"}
    assert facts(load(path, dates="day first"))["To"] == "2024-03-01 11:00:00"


def test_a_name_that_says_time_but_holds_none_is_told(tmp_path):
    months = [*MONTHS.strftime("%b")]
    examples = load(write(tmp_path, {"month": months, "v": VALUES}))
    assert facts(examples)["Time"] == "the order of the rows"
    assert any("'month' is named like a time" in item.text for item in examples.findings)


def test_a_date_alone_stays_alone(tmp_path):
    days = pd.date_range("2024-01-01", periods=N)
    columns = {"date": days.strftime("%Y-%m-%d"), "month": days.month, "hour": [7] * N, "v": VALUES}
    examples = load(write(tmp_path, columns), "v")
    assert facts(examples)["Time"] == "date"
    assert "month" in examples.feature_names


def test_columns_can_be_named(tmp_path):
    columns = {"a": MONTHS.year, "month": MONTHS.month, "b": VALUES}
    path = write(tmp_path, columns)
    for time in ("a+month", "a, month"):
        assert facts(load(path, "b", time=time))["Time"] == "a + month"
    with pytest.raises(DatasetError, match="has no column 'a\\+nothing'"):
        load(path, time="a+nothing")


def test_what_is_no_day_is_named(tmp_path):
    columns = {"year": [2024] * 40, "month": [1] * 31 + [2] * 9, "day": [*range(1, 32)] + [1] * 9}
    columns["day"][31:] = [1, 2, 3, 4, 5, 6, 7, 8, 30]
    columns["v"] = VALUES[:40]
    examples = load(write(tmp_path, columns))
    (finding,) = (item for item in examples.findings if item.trouble is Trouble.MISSING)
    assert finding.names == ("line 41: '2024 2 30'",)


@settings(max_examples=60)
@given(st.datetimes(pd.Timestamp("1900-01-01"), pd.Timestamp("2100-01-01")))
def test_parts_are_put_together_exactly(moment):
    cells = {
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
    }
    columns = [(name, text_cells([str(value)])) for name, value in cells.items()]
    found = read_joined(columns)
    whole = moment.replace(microsecond=0)
    assert found.values[0] == (whole - pd.Timestamp(0)).total_seconds()


# ---- notations


@pytest.mark.parametrize(
    ("cells", "first", "step"),
    [
        ([f"{2000 + n // 4}Q{n % 4 + 1}" for n in range(N)], "2000-01-01", "1 quarter"),
        ([f"{2000 + n // 4}-Q{n % 4 + 1}" for n in range(N)], "2000-01-01", "1 quarter"),
        ([f"Q{n % 4 + 1} {2000 + n // 4}" for n in range(N)], "2000-01-01", "1 quarter"),
        ([f"{n % 4 + 1}Q{n // 4 + 10}" for n in range(N)], "2010-01-01", "1 quarter"),
        ([f"2019-W{n % 52 + 1:02d}" for n in range(52)], "2018-12-31", "7 days"),
        ([f"2019W{n % 52 + 1:02d}" for n in range(52)], "2018-12-31", "7 days"),
        ([f"KW {n + 1}/2019" for n in range(52)], "2018-12-31", "7 days"),
        ([f"{2000 + n // 12}M{n % 12 + 1:02d}" for n in range(N)], "2000-01-01", "1 month"),
        ([f"{2000 + n // 12}{n % 12 + 1:02d}" for n in range(N)], "2000-01-01", "1 month"),
        (list(MONTHS.strftime("%b-%y")), "2015-01-01", "1 month"),
        (list(MONTHS.strftime("%Y/%m")), "2015-01-01", "1 month"),
        ([f"{2000 + n}/{(n + 1) % 100:02d}" for n in range(40)], "2000-01-01", "1 year"),
        ([f"FY{1980 + n}" for n in range(40)], "1980-01-01", "1 year"),
        (
            [f"{2000 + n // 4}-{['1st', '2nd', '3rd', '4th'][n % 4]} Quarter" for n in range(N)],
            "2000-01-01",
            "1 quarter",
        ),
    ],
)
def test_times_are_read_in_any_order(tmp_path, cells, first, step):
    for rows in (cells, cells[::-1]):
        values = VALUES[: len(cells)] if rows is cells else VALUES[: len(cells)][::-1]
        examples = load(write(tmp_path, {"when": rows, "v": values}), "v", time="when")
        assert (facts(examples)["From"], facts(examples)["Step"]) == (first, step)
        assert (np.diff(examples.x[:][:, :, 0]) == 1).all()


@pytest.mark.parametrize("cell", ["2019Q5", "2019-W54", "2019M13", "Q1", "W05", "2019", "1,5"])
def test_what_is_no_place_in_the_calendar(cell):
    assert np.isnan(read_dates(text_cells([cell]), CALENDAR)).all()


@pytest.mark.parametrize("is_reversed", [False, True])
def test_of_two_orders_of_a_date_the_regular_one_is_taken_newest_first_too(is_reversed):
    days = pd.date_range("2024-01-01", periods=10).strftime("%d/%m/%Y").tolist()
    days = days[::-1] if is_reversed else days
    times = read_times(text_cells(days))
    assert set(np.diff(times.values)) == {-86_400.0 if is_reversed else 86_400.0}
    assert "day first" in times.note


def test_six_digits_that_are_no_months_stay_numbers():
    assert not read_times(text_cells([str(200_095 + n) for n in range(20)])).is_date


# ---- keys


def stores(*keys, n=30):
    days = pd.date_range("2024-01-01", periods=n).strftime("%Y-%m-%d")
    rows = [
        {"date": day, **dict(zip(("store", "item"), key, strict=False)), "sales": 100.0 * at + n}
        for at, key in enumerate(keys)
        for n, day in enumerate(days)
    ]
    return pd.DataFrame(rows)


def test_several_keys_tell_series_apart(tmp_path):
    table = stores((1, 10), (1, 20), (2, 10), (2, 20))
    path = write(tmp_path, table.sample(frac=1, random_state=0))
    examples = load(path, "sales")
    assert facts(examples)["Series"] == "4"
    assert examples.feature_names == ("sales",)
    assert (np.diff(examples.x[:][:, :, 0]) == 1).all()
    assert [trace.name for trace in examples.traces] == ["1, 10", "1, 20", "2, 10", "2, 20"]
    assert not [item for item in examples.findings if item.trouble is Trouble.DUPLICATE]
    asked = SimpleNamespace(reading=examples.reading)
    found = read_windows(path, asked)
    assert found.series == ("1, 10", "1, 20", "2, 10", "2, 20")
    np.testing.assert_array_equal(found.x[1, :, 0], [126, 127, 128, 129])


@pytest.mark.parametrize("target", [None, "sales"])
def test_whole_numbers_that_are_measured_are_no_key(tmp_path, target):
    table = stores((1, 10), (1, 20), (2, 10), (2, 20))
    table["sales"] = table["sales"].astype(int)
    table["visitors"] = np.random.default_rng(0).integers(0, 60, len(table))
    path = write(tmp_path, table[["date", "store", "visitors", "item", "sales"]])
    examples = load(path, target)
    assert facts(examples)["Series"] == "4"
    assert examples.feature_names == ("visitors", "sales")
    assert examples.target_name == "sales"


@pytest.mark.parametrize(
    "times",
    [
        {"date": HOURS.strftime("%Y-%m-%d"), "hour": HOURS.hour},
        {"year": MONTHS.year, "month": MONTHS.month},
        {"TIME_PERIOD": [f"{2000 + n // 4}-Q{n % 4 + 1}" for n in range(N)]},
    ],
)
def test_times_and_keys_in_several_columns_at_once(tmp_path, times):
    table = pd.DataFrame({**times, "v": VALUES})
    both = pd.concat([table.assign(store=2, v=VALUES + 100), table.assign(store=1)])
    examples = load(write(tmp_path, both.sample(frac=1, random_state=0)), "v")
    assert (facts(examples)["Series"], facts(examples)["Steps"]) == ("2", str(2 * N))
    assert facts(examples)["Told apart by"] == "store"
    assert (np.diff(examples.x[:][:, :, 0]) == 1).all()


def test_one_key_that_is_enough_is_taken_alone(tmp_path):
    table = stores(("x", 1), ("y", 1), ("z", 2))
    assert facts(load(write(tmp_path, table), "sales"))["Series"] == "3"


def test_keys_can_be_named(tmp_path):
    path = write(tmp_path, stores((1, 10), (1, 20)))
    assert facts(load(path, "sales", series="store+item"))["Series"] == "2"


def test_repeated_times_that_cannot_be_told_apart_are_refused_by_name(tmp_path):
    table = stores((1,), (2,)).drop(columns="store")
    path = write(tmp_path, table)
    with pytest.raises(DatasetError, match="2024-01-01: 2 rows") as caught:
        load(path)
    assert "series=store+item" in caught.value.hint
    for repeated, value in (("first", 0.0), ("last", 100.0), ("mean", 50.0)):
        examples = load(path, repeated=repeated)
        assert examples.x[0][0, 0] == value
        (finding,) = (it for it in examples.findings if it.trouble is Trouble.DUPLICATE)
        assert finding.count == 30


def test_the_same_row_twice_is_one(tmp_path):
    table = stores((1,)).drop(columns="store")
    examples = load(write(tmp_path, pd.concat([table, table])))
    assert facts(examples)["Steps"] == "30"
    (finding,) = (it for it in examples.findings if it.trouble is Trouble.DUPLICATE)
    assert not finding.remedies


def test_series_that_are_too_short_are_named_and_the_others_forecast(tmp_path):
    table = pd.concat([stores(("long", 1)), stores(("brief", 1), n=3)])
    path = write(tmp_path, table)
    examples = load(path, "sales", series="store")
    (finding,) = (it for it in examples.findings if "series are left out" in it.text)
    assert finding.names == ("brief: 3 steps",)
    assert examples.n_samples == 30 - 4
    found = read_windows(path, SimpleNamespace(reading=examples.reading))
    assert found.series == ("long",)
    assert "Series 'brief'" in found.left_out[0]


def test_contracts_of_one_column_are_written_as_ever(tmp_path):
    days = pd.date_range("2024-01-01", periods=N).strftime("%Y-%m-%d")
    reading = load(write(tmp_path, {"date": days, "v": VALUES})).reading
    assert (reading["time"], reading["series"]) == ("date", None)


# ---- offered


@pytest.mark.parametrize("months", [MONTHS.month, MONTHS.strftime("%B")])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_table_of_years_and_months_is_offered_as_a_series(tmp_path, months, is_reversed):
    table = pd.DataFrame({"year": MONTHS.year, "month": months, "passengers": VALUES})
    path = write(tmp_path, table[::-1] if is_reversed else table)
    spec = RunSpec(data=DataSpec(source=str(path), target="passengers"))
    found = look(spec).profile("a").findings
    (offer,) = (item for item in found if item.trouble is Trouble.ACROSS_PARTS)
    assert offer.remedies[0].changes["data.format"] == "series"
    assert "year + month" in offer.text


@pytest.mark.parametrize(
    ("columns", "time"),
    [
        ({"year": 1950 + np.arange(N)}, "year"),
        ({"date": HOURS.strftime("%Y-%m-%d"), "hour": HOURS.hour}, "date + hour"),
    ],
)
def test_other_tables_that_are_series_are_offered_too(tmp_path, columns, time):
    path = write(tmp_path, {**columns, "v": VALUES})
    spec = RunSpec(data=DataSpec(source=str(path), target="v"))
    (offer,) = (it for it in look(spec).profile("a").findings if "in the order of" in it.text)
    assert f"in the order of {time}, one for each" in offer.text


def test_a_table_with_many_rows_a_month_is_not_offered(tmp_path):
    table = pd.DataFrame({"year": [2020] * N, "month": [1, 2] * (N // 2), "v": VALUES})
    spec = RunSpec(data=DataSpec(source=str(write(tmp_path, table)), target="v"))
    found = look(spec).profile("a").findings
    assert not [item for item in found if "in the order of" in item.text]
