"""How many of the labels that were made wrong are among those that look most wrong.

    python tests/benchmarks/suspects.py [--only NAME ...] [--seeds S ...] [--share X] [--network]
        [--shared FOLDER] [--smoke]

Of each data set a share of the labels becomes another one; then all are ranked by models that
never saw them, and the first one and a half times as many are looked at (7.5 % for 5 %). Beside
it: what cleanlab finds there with the same predictions, how many it lists as wrong and how many of
those are, and whether a finding is told; also of the data as it is, where none should be.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from smoke import add_smoke

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

DATA: dict[str, dict[str, Any]] = {
    "digits": {"source": "digits"},
    "iris": {"source": "iris"},
    "names": {"source": "data/names_by_language"},
    "tones": {"source": "keypad_tones"},
    "churn": {"source": "tables/mlc_churn.csv", "target": "churn"},
    "attrition": {"source": "tables/attrition.csv", "target": "Attrition"},
    "OJ": {"source": "tables/OJ.csv", "target": "Purchase"},
    "leaves": {"source": "tables/leaf_id_flavia.csv", "target": "species"},
    "wine": {"source": "wine"},
    "breast_cancer": {"source": "breast_cancer"},
    "moons": {"source": "moons"},
    "penguins": {"source": "data/penguins.csv", "target": "species"},
    "concrete": {"source": "tables/concrete.csv", "target": "compressive_strength"},
    "ames": {"source": "tables/ames.csv", "target": "Sale_Price"},
}
HEADER = (
    f"{'data':14}{'n':>7}{'wrong':>7}{'seed':>5}  {'model':16}{'found':>8}{'cleanlab':>10}"
    f"{'listed by it':>16}{'told':>6}{'seconds':>9}"
)


def spoilt(examples: Any, share: float, seed: int) -> tuple[Any, Any]:
    """Targets of which a share is wrong: another class, or ten times or a tenth; and which."""
    rng = np.random.default_rng(seed)
    n, y = examples.n_samples, np.array(examples.y)
    places = rng.choice(n, round(share * n), replace=False)
    if examples.class_names:
        n_classes = len(examples.class_names)
        y[places] = (y[places] + rng.integers(1, n_classes, len(places))) % n_classes
    else:
        y[places] *= rng.choice([0.1, 10.0], len(places)).reshape(-1, *[1] * (y.ndim - 1))
    return y, np.isin(np.arange(n), places)


def of_cleanlab(predictions: Any) -> tuple[Any, Any]:
    """Places by its score, the worst first; and those that it lists. None: it is not there."""
    try:
        from cleanlab import filter as listing
        from cleanlab import rank as scoring
        from cleanlab.regression import rank as values
    except ImportError:
        return None, None
    truth, outputs = predictions.truth, np.asarray(predictions.outputs, np.float64)
    if not predictions.class_names:
        scores = values.get_label_quality_scores(truth[:, 0], outputs[:, 0])
        return np.argsort(scores, kind="stable"), np.zeros(0, np.int64)
    outputs = outputs / outputs.sum(axis=1, keepdims=True)
    scores = scoring.get_label_quality_scores(truth, outputs)
    listed = listing.find_label_issues(truth, outputs, return_indices_ranked_by="self_confidence")
    return np.argsort(scores, kind="stable"), listed


def measure(name: str, prepared: Any, share: float, seed: int, only: str) -> tuple[int, int]:
    """Prints a line; returns how many were found, and how many by cleanlab (-1: not there)."""
    from engine.inference.suspects.ranking import rank
    from engine.inference.suspects.verdict import suspect_finding
    from engine.training.cross_validation.held_out import held_out_predictions

    y, is_wrong = spoilt(prepared.examples, share, seed)
    examples = replace(prepared.examples, y=y)
    started = time.perf_counter()
    held_out = held_out_predictions(replace(prepared, examples=examples), only=only)
    seconds = time.perf_counter() - started
    predictions = held_out.predictions
    ranking = rank(predictions)
    n, n_wrong = len(predictions), int(is_wrong[predictions.rows].sum())
    n_top = math.ceil(1.5 * share * n)
    here = is_wrong[predictions.rows]
    n_found = int(here[ranking.places[:n_top]].sum())
    theirs, listed = of_cleanlab(predictions)
    n_theirs = -1 if theirs is None else int(here[theirs[:n_top]].sum())
    told = suspect_finding(predictions, ranking) is not None
    of_all = f"{n_found / n_wrong:.1%}" if n_wrong else ""
    of_theirs = f"{n_theirs / n_wrong:.1%}" if n_wrong and n_theirs >= 0 else ""
    lists = "" if listed is None or not n_wrong else f"{here[listed].sum()} in {len(listed)}"
    print(
        f"{name:14}{n:>7}{n_wrong:>7}{seed:>5}  {held_out.model:16}{of_all:>8}{of_theirs:>10}"
        f"{lists:>16}{'yes' if told else 'no':>6}{seconds:>9.1f}",
        flush=True,
    )
    return n_found, n_theirs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=list(DATA), default=list(DATA))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--network", action="store_true", help="the architectures themselves")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    add_smoke(parser, only=["iris"], seeds=[0])
    arguments = parser.parse_args()

    from engine.spec.run_spec import RunSpec
    from engine.training.prepared_data import prepare

    print(HEADER)
    fewer = 0
    for name in arguments.only:
        data = dict(DATA[name])
        if "/" in data["source"]:
            data["source"] = str(arguments.shared / data["source"])
            if not Path(data["source"]).exists():
                print(f"{name:14}'{data['source']}' is not there")
                continue
        prepared = prepare(RunSpec.from_dict({"data": data}))
        only = "network" if arguments.network else ""
        measure(name, prepared, 0.0, 0, only)
        for seed in arguments.seeds:
            n_found, n_theirs = measure(name, prepared, arguments.share, seed, only)
            fewer += n_found < n_theirs
    print(f"Fewer than cleanlab with the same predictions: {fewer} times")


if __name__ == "__main__":
    main()
