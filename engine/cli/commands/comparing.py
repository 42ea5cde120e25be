"""The command `runs compare`: what differs between runs, and whether one of them is better."""

from __future__ import annotations

import math
from argparse import Namespace
from typing import Any

from engine.cli.commands.output import Output, number, table
from engine.cli.commands.waiting import waiting
from engine.errors import DescentError
from engine.inference.comparing.deciding import ROPE
from engine.runs.store import RunStore
from engine.service.results.comparison_words import sentences
from engine.service.results.run_comparison import ComparedPair, RunComparison, Side, compare_runs

_LONGEST = 40


def compare(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Compares runs on the test examples that all of them were tested on.

    Raises:
        DescentError: They cannot be compared, or an option is wrong.
    """
    share = ROPE if arguments.rope is None else _share(arguments.rope)
    store.mark_interrupted()
    with waiting(output) as progress:
        found = compare_runs(arguments.runs, store, share, progress)
    output.event("compared", **_values(found))
    output.lines(*_lines(found))
    return 0


def _share(text: str) -> float:
    try:
        percent = float(text)
    except ValueError:
        percent = math.nan
    if not 0 < percent <= 100:
        raise DescentError(
            f"--rope must be a number above 0, at most 100. Received: {text}.",
            "Give it in points of a share, or in per cent of the first one's error: --rope 1",
        )
    return percent / 100


# ---- for people


def _lines(found: RunComparison) -> list[str]:
    names = [side.name for side in found.sides]
    n, n_runs = f"{found.n_examples:,}", sum(len(side.runs) for side in found.sides)
    where = (
        f"on the same {n} test examples"
        if found.has_one_test_part
        else (f"on {n} test examples each, the same for the runs of one seed")
    )
    lines = [f"{n_runs} runs, tested {where}, judged by {found.metric}", ""]
    header = ("metric", *names)
    metrics = found.sides[0].runs[0].measured.metrics
    rows = [(name, *(_metric(side, name) for side in found.sides)) for name in metrics]
    lines += table(header, rows)
    if found.settings:
        cells = [(name, *map(_short, values)) for name, values in found.settings.items()]
        lines += ["", *table(("setting", *names), cells)]
    else:
        lines += ["", "Their settings are the same."]
    for pair in found.pairs:
        lines += ["", *sentences(found, pair)]
    return lines


def _metric(side: Side, name: str) -> str:
    if any(name not in run.measured.metrics for run in side.runs):
        return ""
    text = number(side.value(name))
    if len(side.runs) > 1:
        return text
    low, high = side.runs[0].measured.intervals[name]
    return f"{text} ({number(low)} to {number(high)})" if math.isfinite(low) else text


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


# ---- for programs


def _values(found: RunComparison) -> dict[str, Any]:
    return {
        "metric": found.metric,
        "n_examples": found.n_examples,
        "same_examples": found.has_one_test_part,
        "compares": "settings" if found.is_of_seeds else "models",
        "sides": [_side(side, found.metric) for side in found.sides],
        "settings": found.settings,
        "comparisons": [_pair(found, pair) for pair in found.pairs],
    }


def _side(side: Side, metric: str) -> dict[str, Any]:
    return {
        "name": side.name,
        "value": side.value(metric),
        "training_s": side.duration_s,
        "runs": [
            {
                "run": run.record.id,
                "name": run.record.name,
                "seed": run.seed,
                "state": run.record.state.value,
                "metrics": run.measured.metrics,
                "intervals": run.measured.intervals,
            }
            for run in side.runs
        ],
    }


def _pair(found: RunComparison, pair: ComparedPair) -> dict[str, Any]:
    decision, right = pair.decision, pair.right
    effort = decision.effort
    values: dict[str, Any] = {
        "first": pair.first,
        "second": pair.second,
        "verdict": decision.verdict.value,
        "difference": decision.difference,
        "interval": list(decision.interval),
        "level": decision.level,
        "rope": decision.rope,
        "p": pair.p,
        "text": " ".join(sentences(found, pair)),
        "effort": None,
    }
    if effort is not None:
        values["effort"] = {
            "more_seeds": pair.n_more,
            "minutes": None if pair.duration_s is None else pair.duration_s / 60,
            "examples": effort.n_examples,
            "is_least": effort.is_least,
        }
    if right is not None:
        kind = "closer" if right.is_closeness else "right"
        values["examples"] = {
            f"only_first_{kind}": right.only_first.tolist(),
            f"only_second_{kind}": right.only_second.tolist(),
            "n_both": right.n_both,
            "n_neither": right.n_neither,
        }
    return values
