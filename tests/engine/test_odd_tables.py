"""Tables that are hard to learn from: answers are finite, and no worse than a constant."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.events.run_events import RunFinished
from engine.runs.store import RunStore
from engine.service import running
from engine.spec.run_spec import RunSpec
from engine.training.control import TrainingControl
from engine.training.prepared_data import prepare

NOISE = 1.25
"""How much larger than a constant's an error may be, with so few test rows."""


def numbers(rng: np.random.Generator, rows: int, columns: int) -> pd.DataFrame:
    return pd.DataFrame({f"x{place}": rng.normal(size=rows) for place in range(columns)}).round(3)


def five_rows(rng: np.random.Generator) -> pd.DataFrame:
    return numbers(rng, 5, 2).assign(y=[1.5, 2.5, 3.0, 4.5, 5.0])


def one_column(rng: np.random.Generator) -> pd.DataFrame:
    table = numbers(rng, 80, 1)
    return table.assign(y=np.where(table["x0"] > 0, "up", "down"))


def categories_only(rng: np.random.Generator) -> pd.DataFrame:
    table = pd.DataFrame({name: rng.choice(list("abcdefghijkl"), 80) for name in ("p", "q")})
    return table.assign(y=rng.normal(size=80).round(2) + (table["p"] < "f"))


def constant_columns(rng: np.random.Generator) -> pd.DataFrame:
    table = numbers(rng, 80, 1).assign(same=7.0, word="alike", empty=np.nan)
    return table.assign(y=rng.choice(["p", "q"], 80))


def far_target(rng: np.random.Generator) -> pd.DataFrame:
    table = numbers(rng, 80, 2)
    table = table.assign(y=(10 + table["x0"]).round(3))
    table.loc[40, "y"] = 1e9
    return table


def rare_classes(rng: np.random.Generator) -> pd.DataFrame:
    table = numbers(rng, 80, 2)
    names = np.where(table["x0"] > 0, "up", "down").astype(object)
    names[[3, 30, 50, 60]] = ["rare", "rare", "few", "few"]
    return table.assign(y=names)


def far_inputs(rng: np.random.Generator) -> pd.DataFrame:
    table = numbers(rng, 80, 2)
    table = table.assign(y=(3 * table["x0"]).round(3))
    table.loc[[5, 50], "x0"] = [1e37, -1e37]
    return table


TABLES = (
    five_rows,
    one_column,
    categories_only,
    constant_columns,
    far_target,
    rare_classes,
    far_inputs,
)


def trained(table: pd.DataFrame, folder: Path) -> tuple[RunFinished, RunSpec]:
    table.to_csv(folder / "table.csv", index=False)
    values = {"data": {"source": str(folder / "table.csv"), "target": "y"}}
    with RunStore(folder / "workspace") as store:
        ended = running.train(values, store, lambda event: None, TrainingControl())
        assert isinstance(ended, RunFinished)
        return ended, store.get(ended.run).spec


def cases() -> list[Any]:
    return [
        pytest.param(
            make,
            id=make.__name__,
            marks=() if make in (five_rows, far_target) else pytest.mark.everything,
        )
        for make in TABLES
    ]


@pytest.mark.parametrize("make", cases())
def test_it_is_finite_and_no_worse_than_a_constant(make, tmp_path: Path) -> None:
    ended, spec = trained(make(np.random.default_rng(1)), tmp_path)
    assert spec.model.name == "table_ensemble"
    losses = {name: value for name, value in ended.metrics.items() if "loss" in name}
    assert losses.keys() >= {"loss", "val_loss", "test_loss"}
    assert np.isfinite(list(losses.values())).all()
    prepared = prepare(spec)
    y, parts = prepared.examples.y, prepared.parts
    learnt, tested = y[parts.train], y[parts.test]
    if prepared.examples.class_names:
        commonest = np.bincount(learnt).argmax()
        wrong = 1.0 - ended.metrics["test_accuracy"]
        assert wrong <= NOISE * np.mean(tested != commonest) + 1 / len(tested)
    else:
        constant = np.sqrt(np.mean((tested - learnt.mean()) ** 2))
        assert ended.metrics["test_root_mean_squared_error"] <= NOISE * constant
