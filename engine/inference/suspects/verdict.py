"""Whether more labels look wrong than a hard task explains, as a finding.

Examples near the border between classes are contradicted however right their labels are. Of those
that a model is surest of hardly any should be: what is contradicted there looks like a mistake. As
many are taken of each class that is said, for a common class holds those of a rare one that nothing
gives away, such as customers who leave without a sign.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.datasets.base import AnyArray, IndexArray
from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.evaluation.predictions import Predictions
from engine.inference.suspects.ranking import Ranking, label_words
from engine.inference.suspects.residuals import residual_scores
from engine.spec.formatting import percent_text
from engine.spec.signature import Output

SUREST: Final = 0.3
"""The share of the examples of the rarest class, of which contradictions are counted."""
USUAL_RATE: Final = 0.01
"""Of them, contradicted at most where labels are right."""
LEAST_RECALL: Final = 0.7
"""Mean share of each class that must be recognised before a contradiction says anything."""
LEAST_RATIO: Final = 1 / 3
"""So much of the error rate of all must be left among the surest: near a border it is far less."""
ALPHA: Final = 1e-3
_LEAST_EACH = 10
_EXAMPLES = 5


def suspect_finding(predictions: Predictions, ranking: Ranking) -> Finding | None:
    """Says that many labels look wrong; None: no more than a hard task explains.

    Tested against chance: a binomial test of the contradictions among the surest examples, or for
    numbers a Poisson test of the errors beyond what the tails of the others promise.

    Args:
        predictions: Out of sample.
        ranking: Of the same.
    """
    n_likely = int(ranking.is_likely.sum())
    if not n_likely or predictions.is_anomaly:
        return None
    match predictions.output:
        case Output.CLASSES | Output.LABELS:
            evidence = _contradicted(predictions)
        case Output.NUMBERS:
            evidence = _far_off(predictions)
        case Output.TOKENS:
            return None  # how hard a text is to write says as much as its label
    if evidence is None or evidence["p_value"] >= ALPHA:
        return None
    words = label_words(ranking.suggested[:_EXAMPLES], predictions)
    shown = [
        f"{predictions.name_of(int(place))}: {word}"
        for place, word in zip(ranking.places[:_EXAMPLES], words, strict=True)
    ]
    labels = "label looks" if n_likely == 1 else "labels look"
    what = f"{n_likely:,} of {len(predictions):,} {labels} wrong"
    return Finding(
        FindingKind.SUSPECT_LABELS,
        Severity.WARNING,
        f"{what}: {evidence.pop('why')}. Look at them before believing the numbers.",
        {"n_suspects": n_likely, "n_checked": len(predictions), **evidence, "examples": shown},
        Place("examples"),
    )


def _contradicted(predictions: Predictions) -> dict[str, Any] | None:
    """Counts contradictions among the surest examples; None where the model is too poor."""
    from scipy.stats import binom

    outputs = np.asarray(predictions.outputs, np.float64)
    if predictions.output is Output.CLASSES:
        truth, said, sureness = predictions.truth, outputs.argmax(axis=1), outputs.max(axis=1)
    else:  # each label of each example is a question of its own
        truth, said = predictions.truth.ravel(), (outputs > 0.5).ravel().astype(np.int64)
        sureness = np.maximum(outputs, 1.0 - outputs).ravel()
    is_wrong = truth != said
    counts = np.bincount(truth)
    recalls = np.bincount(truth, weights=~is_wrong)[counts > 0] / counts[counts > 0]
    if len(recalls) < 2 or recalls.mean() < LEAST_RECALL:
        return None
    surest = _surest(said, sureness)
    n, n_wrong = len(surest), int(is_wrong[surest].sum())
    if not n:
        return None
    rate = n_wrong / n
    if rate < LEAST_RATIO * (1.0 - recalls.mean()):
        return None
    return {
        "n_surest": n,
        "n_contradicted": n_wrong,
        "p_value": float(binom.sf(n_wrong - 1, n, USUAL_RATE)),
        "why": f"of the {n:,} that models which never saw them are surest of, "
        f"{percent_text(rate, 1)} are contradicted",
    }


def _surest(said: IndexArray, sureness: AnyArray) -> IndexArray:
    """The surest examples, (n,): as many of each class that is said."""
    order = np.argsort(-sureness, kind="stable")
    of_class = [order[said[order] == number] for number in np.unique(said)]
    n_each = max(_LEAST_EACH, round(SUREST * min(map(len, of_class))))
    return np.concatenate([places[:n_each] for places in of_class])


def _far_off(predictions: Predictions) -> dict[str, Any] | None:
    """Counts errors beyond the tails of the rest, which are fitted by Student's t."""
    from scipy.stats import poisson, t

    _, worst = residual_scores(predictions.truth, np.asarray(predictions.outputs, np.float64))
    worst = worst[np.isfinite(worst)]
    n = len(worst)
    if n < 30:
        return None
    # Degrees of freedom from two quantiles of the bulk: what is wrong must not widen its own test.
    half, most = np.quantile(worst, [0.5, 0.9])
    ratio = most / max(half, 1e-12)
    freedom = np.array([2.0, 3.0, 4.0, 6.0, 10.0, 30.0, 1000.0])
    expected_ratio = t.ppf(0.95, freedom) / t.ppf(0.75, freedom)
    df = float(freedom[np.abs(expected_ratio - ratio).argmin()])
    unit = max(half, 1e-12) / float(t.ppf(0.75, df))
    limit = unit * float(t.isf(0.25 / n, df))  # beyond it, half an example is expected
    found = int((worst > limit).sum())
    return {
        "n_far_off": found,
        "p_value": float(poisson.sf(found - 1, 0.5)) if found else 1.0,
        "why": f"{found:,} are further off than the errors of the others explain",
    }
