"""Demonstrations in archives and tables: actions as choices or amounts, whole episodes together."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from bad_values import bad_values, field_refused

from engine.datasets import load_examples, open_dataset, recognise
from engine.datasets.sequences.control import ControlFormat, ControlParameters, read_inputs
from engine.datasets.split import split
from engine.errors import DatasetError, SpecError
from engine.events.findings import Trouble
from engine.spec.parameters import validate
from engine.spec.run_spec import DataSpec, SplitSpec
from engine.spec.signature import Kind, Output, Task

N = 40
RNG = np.random.default_rng(3)
OBSERVED = RNG.normal(size=(N, 3))
CHOICES = np.arange(N) % 2
AMOUNTS = RNG.normal(size=(N, 2))


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


def load(path, **values):
    return load_examples(DataSpec(source=str(path), **values))[1]


# ---- archives


def test_choices_become_classes(tmp_path):
    examples = load(save(tmp_path / "a.npz", observations=OBSERVED, actions=CHOICES))
    assert (examples.kind, examples.task) == (Kind.TABLE, Task.CONTROL)
    assert examples.output is Output.CLASSES
    assert examples.class_names == ("0", "1")
    np.testing.assert_array_equal(examples.x, OBSERVED)
    np.testing.assert_array_equal(examples.y, CHOICES)
    assert examples.feature_names == ("observations_0", "observations_1", "observations_2")
    assert examples.groups is None


def test_amounts_become_numbers(tmp_path):
    examples = load(save(tmp_path / "a.npz", obs=OBSERVED, acts=AMOUNTS))
    assert examples.output is Output.NUMBERS
    np.testing.assert_array_equal(examples.y, AMOUNTS)
    assert dict(examples.facts)["Actions"] == "2 numbers"


def test_actions_may_be_names_or_have_names(tmp_path):
    words = np.array(["up", "down"])[CHOICES]
    by_word = load(save(tmp_path / "a.npz", states=OBSERVED, actions=words))
    assert by_word.class_names == ("down", "up")
    named = save(
        tmp_path / "b.npz",
        states=OBSERVED,
        actions=CHOICES,
        action_names=np.array(["left", "right", "wait"]),
    )
    assert load(named).class_names == ("left", "right", "wait")


def test_rows_with_a_single_one_are_choices(tmp_path):
    examples = load(save(tmp_path / "a.npz", obs=OBSERVED, acts=np.eye(3)[np.arange(N) % 3]))
    np.testing.assert_array_equal(examples.y, np.arange(N) % 3)
    assert any("one 1" in finding.text for finding in examples.findings)


def test_whole_numbers_saved_as_floats_are_choices_and_it_is_said(tmp_path):
    examples = load(save(tmp_path / "a.npz", obs=OBSERVED, acts=CHOICES * 2.0 - 1))
    assert examples.class_names == ("-1", "1")
    assert any("choices, not amounts" in finding.text for finding in examples.findings)


@pytest.mark.parametrize(
    "arrays",
    [
        {"episode_ids": np.arange(N) // 10},
        {"dones": np.arange(N) % 10 == 9},
        {"terminals": np.arange(N) % 20 == 19, "timeouts": np.arange(N) % 20 == 9},
        {"episode_starts": np.arange(N) % 10 == 0},
    ],
    ids=lambda arrays: "+".join(arrays),
)
def test_episodes_are_found_and_kept_together(tmp_path, arrays):
    examples = load(save(tmp_path / "a.npz", obs=OBSERVED, acts=CHOICES, **arrays))
    assert dict(examples.facts)["Episodes"] == "4"
    assert dict(examples.facts)["Steps per episode"] == "10 to 10"
    parts = split(examples, SplitSpec(), 0)
    assert parts.method == "group"
    assert [len(set((part // 10).tolist())) for part in parts.all] == [2, 1, 1]


def test_an_array_of_another_name_can_say_the_episode(tmp_path):
    path = save(tmp_path / "a.npz", obs=OBSERVED, acts=CHOICES, who=np.arange(N) // 20)
    examples = load(path, parameters={"episode": "who"})
    assert dict(examples.facts)["Episodes"] == "2"


def test_the_last_observation_without_an_action_is_left_out(tmp_path):
    path = save(tmp_path / "a.npz", obs=OBSERVED, acts=CHOICES[:-1])
    np.testing.assert_array_equal(load(path).x, OBSERVED[:-1])


def test_observations_may_be_images(tmp_path):
    seen = RNG.integers(0, 256, (N, 8, 8, 3), dtype=np.uint8)
    examples = load(save(tmp_path / "a.npz", obs=seen, acts=CHOICES))
    assert examples.kind is Kind.IMAGE
    np.testing.assert_array_equal(examples.x[:], seen)


def test_steps_with_gaps_are_left_out_and_counted(tmp_path):
    seen = OBSERVED.copy()
    seen[4, 1], seen[7, 0] = np.nan, np.inf
    examples = load(save(tmp_path / "a.npz", obs=seen, acts=CHOICES, episode=np.arange(N) // 10))
    assert examples.n_samples == N - 2
    assert len(examples.groups) == N - 2
    (finding,) = [item for item in examples.findings if item.trouble is Trouble.MISSING]
    assert finding.names == ("step 5", "step 8")


def test_what_never_changes_is_named_and_can_be_left_out(tmp_path):
    seen = OBSERVED.copy()
    seen[:, 1] = 7
    path = save(tmp_path / "a.npz", obs=seen, acts=CHOICES)
    (finding,) = [item for item in load(path).findings if item.trouble is Trouble.CONSTANT]
    assert finding.subject == "obs_1"
    assert finding.remedies[0].changes == {("data", "columns", "obs_1", "type"): "ignore"}
    kept = load(path, columns={"obs_1": {"type": "ignore"}})
    assert kept.feature_names == ("obs_0", "obs_2")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"obs": OBSERVED}, "lacks observations or actions"),
        ({"obs": OBSERVED, "acts": CHOICES[:-5]}, "one action for each observation"),
        ({"obs": OBSERVED, "acts": np.zeros(N, int)}, "the same action: 0"),
        ({"obs": OBSERVED[:, None, None], "acts": CHOICES}, "must be numbers"),
        ({"obs": OBSERVED.astype(str), "acts": CHOICES}, "must be numbers"),
        ({"obs": OBSERVED, "acts": np.zeros((N, 2, 2))}, "Actions must be numbers or names"),
        ({"obs": OBSERVED * np.nan, "acts": CHOICES}, "Every step has a gap"),
        ({"obs": np.zeros((0, 3)), "acts": np.zeros(0, int)}, "one action for each"),
    ],
)
def test_archives_that_do_not_fit_are_refused_in_words(tmp_path, arrays, message):
    path = save(tmp_path / "a.npz", **arrays)
    with pytest.raises(DatasetError) as caught:
        load(path, task=Task.CONTROL)
    assert message in caught.value.message
    assert caught.value.hint


def test_objects_are_never_unpickled(tmp_path):
    path = save(tmp_path / "a.npz", obs=OBSERVED, acts=np.array([object()] * N))
    with pytest.raises(DatasetError):
        load(path, task=Task.CONTROL)


def test_a_damaged_archive_is_refused_in_words(tmp_path):
    path = save(tmp_path / "a.npz", obs=OBSERVED, acts=CHOICES)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DatasetError, match="cannot be read"):
        load(path, task=Task.CONTROL)


# ---- tables


def table(path, **columns):
    values = {f"obs_{index}": OBSERVED[:, index] for index in range(3)}
    pd.DataFrame({**values, **columns}).to_csv(path, index=False)
    return path


def test_a_table_with_actions_and_observations_is_recognised(tmp_path):
    path = table(tmp_path / "a.csv", action=np.array(["gas", "brake"])[CHOICES])
    assert recognise(path).name == "control"
    examples = load(path)
    assert examples.class_names == ("brake", "gas")
    assert examples.feature_names == ("obs_0", "obs_1", "obs_2")
    np.testing.assert_array_equal(examples.x, OBSERVED)


def test_several_columns_of_actions_are_amounts(tmp_path):
    path = table(tmp_path / "a.csv", action_0=AMOUNTS[:, 0], action_1=AMOUNTS[:, 1])
    examples = load(path)
    np.testing.assert_array_equal(examples.y, AMOUNTS)
    assert examples.target_name == "action"


def test_episodes_rewards_and_marks_are_no_observations(tmp_path):
    path = table(
        tmp_path / "a.csv",
        action=CHOICES,
        reward=1.0,
        done=np.where(np.arange(N) % 10 == 9, "True", "False"),
        note="x",
    )
    examples = load(path)
    assert examples.feature_names == ("obs_0", "obs_1", "obs_2")
    assert dict(examples.facts)["Episodes"] == "4"
    assert any(finding.names == ("note",) for finding in examples.findings)


def test_a_column_says_the_episode(tmp_path):
    path = table(tmp_path / "a.csv", action=CHOICES, trip=np.repeat(["a", "b", "c", "d"], 10))
    examples = load(path, parameters={"episode": "trip"})
    assert dict(examples.facts)["Episodes"] == "4"


def test_any_table_can_be_read_so_where_it_is_asked_for(tmp_path):
    path = tmp_path / "a.csv"
    pd.DataFrame({"speed": OBSERVED[:, 0], "steer": AMOUNTS[:, 0]}).to_csv(path, index=False)
    assert open_dataset(DataSpec(source=str(path))).kind is Kind.TABLE
    assert recognise(path).name == "table"
    examples = load(path, task=Task.CONTROL, target="steer")
    assert examples.feature_names == ("speed",)
    np.testing.assert_array_equal(examples.y, AMOUNTS[:, 0])


@pytest.mark.parametrize(
    ("columns", "values", "message"),
    [
        ({"deed": CHOICES}, {}, "no column of actions"),
        ({"action": CHOICES}, {"parameters": {"episode": "trip"}}, "no column 'trip'"),
        ({"action": ["x"] * N}, {}, "the same action: x"),
        ({"action": [*range(N - 1), "inf"]}, {}, "infinite"),
    ],
)
def test_tables_that_do_not_fit_are_refused_in_words(tmp_path, columns, values, message):
    path = table(tmp_path / "a.csv", **columns)
    with pytest.raises(DatasetError, match=message):
        load(path, task=Task.CONTROL, **values)


def test_a_plain_table_with_an_action_stays_a_table(tmp_path):
    path = tmp_path / "a.csv"
    pd.DataFrame({"age": OBSERVED[:, 0], "action": CHOICES}).to_csv(path, index=False)
    assert recognise(path).name == "table"


# ---- prediction


def asked_of(examples):
    return SimpleNamespace(
        feature_names=examples.feature_names,
        raw_shape=examples.x.shape[1:],
        reading=examples.reading,
    )


def test_observations_are_read_for_prediction(tmp_path):
    path = table(tmp_path / "a.csv", action=CHOICES)
    np.testing.assert_array_equal(read_inputs(path, asked_of(load(path))), OBSERVED)
    archive = save(tmp_path / "a.npz", obs=OBSERVED, acts=CHOICES)
    asked = asked_of(load(archive))
    fresh = save(tmp_path / "b.npz", observations=OBSERVED[:5])
    np.testing.assert_array_equal(read_inputs(fresh, asked), OBSERVED[:5])


@pytest.mark.parametrize(
    ("values", "message"),
    [({"obs_0": [1.0]}, "no column 'obs_1'"), ({"obs_1": [None, 2.0]}, "Row 1")],
)
def test_observations_a_model_cannot_take_are_refused(tmp_path, values, message):
    asked = asked_of(load(table(tmp_path / "a.csv", action=CHOICES)))
    columns = {"obs_0": [1.0, 2.0], "obs_1": [1.0, 2.0], "obs_2": [1.0, 2.0], **values}
    if "obs_0" in values:
        columns = values
    pd.DataFrame(columns).to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(DatasetError, match=message):
        read_inputs(tmp_path / "b.csv", asked)


def test_an_archive_of_another_shape_is_refused(tmp_path):
    archive = save(tmp_path / "a.npz", obs=OBSERVED, acts=CHOICES)
    asked = asked_of(load(archive))
    with pytest.raises(DatasetError, match=r"shape \(n, 3\)"):
        read_inputs(save(tmp_path / "b.npz", obs=OBSERVED[:, :2]), asked)


def test_values_out_of_range_are_refused_by_name():
    for name, value in bad_values(ControlParameters):
        with pytest.raises(SpecError) as caught:
            validate(ControlParameters, {name: value}, "data.parameters")
        assert field_refused(caught.value, f"data.parameters.{name}")
    assert ControlFormat().tasks == (Task.CONTROL,)


def test_other_tasks_are_refused(tmp_path):
    path = save(tmp_path / "a.npz", obs=OBSERVED, acts=CHOICES)
    with pytest.raises(DatasetError, match="Demonstrations are for control"):
        load(path, format="control", task=Task.REGRESSION)
