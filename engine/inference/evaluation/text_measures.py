"""What predicted texts are worth, with intervals: exact match, error rates, BLEU and chrF."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.evaluation.intervals import Floats, Resampling, ratio
from engine.inference.evaluation.measured import Measured
from engine.inference.evaluation.predictions import Predictions
from engine.spec.signature import Task

MAX_TEXTS = 20_000
"""BLEU and chrF are of at most so many, drawn evenly."""
_ORDERS, _CHARACTER_ORDERS = 4, 6
_BETA = 2.0


def measure_texts(predictions: Predictions, measured: Measured) -> None:
    """Adds exact match and both error rates; for translations BLEU and chrF (sacreBLEU)."""
    from rapidfuzz.distance import Levenshtein

    pairs = [(str(t), str(p)) for t, p in zip(predictions.truth, predictions.outputs, strict=True)]
    is_same = np.array([[truth == found] for truth, found in pairs])
    measured.add_shares(["exact_match"], is_same, np.ones((len(pairs), 1)))
    counted = np.array(
        [
            (
                Levenshtein.distance(truth, found),
                len(truth),
                Levenshtein.distance(truth.split(), found.split()),
                len(truth.split()),
            )
            for truth, found in pairs
        ],
        np.float64,
    )
    sums = measured.resampling.sums(counted)
    found = measured.resampling.resampled(sums, _error_rates)
    measured.add(["character_error_rate", "word_error_rate"], found)
    if predictions.task is Task.TRANSLATION:
        _measure_translations(predictions, measured, pairs)


def _error_rates(sums: Floats) -> Floats:
    """Edits for each character, and for each word, of the truth, (…, 2).

    As jiwer's; a truth without any counts as one, as in `Evaluation`.
    """
    return np.stack(
        [
            sums[..., 0] / np.maximum(sums[..., 1], 1.0),
            sums[..., 2] / np.maximum(sums[..., 3], 1.0),
        ],
        axis=-1,
    )


def _measure_translations(
    predictions: Predictions, measured: Measured, pairs: list[tuple[str, str]]
) -> None:
    resampling = measured.resampling
    if len(pairs) > MAX_TEXTS:
        kept = np.unique(np.linspace(0, len(pairs) - 1, MAX_TEXTS).astype(np.int64))
        pairs = [pairs[place] for place in kept]
        groups = predictions.clusters
        resampling = Resampling(len(kept), None if groups is None else groups[kept])
    sums = resampling.sums(_bleu_counts(pairs))
    measured.add(["bleu"], resampling.resampled(sums, bleu_of))
    sums = resampling.sums(np.array([_chrf_counts(*pair) for pair in pairs], np.float64))
    measured.add(["chrf"], resampling.resampled(sums, chrf_of))


def _bleu_counts(pairs: list[tuple[str, str]]) -> AnyArray:
    """What BLEU is made of: matches and n-grams by order, and both lengths, (n, 10)."""
    from sacrebleu.metrics import BLEU

    bleu: Any = BLEU(effective_order=True)  # for single sentences; the counts are the same
    rows = []
    for truth, found in pairs:
        score = bleu.sentence_score(found, [truth])
        rows.append((*score.counts, *score.totals, score.sys_len, score.ref_len))
    return np.array(rows, np.float64)


def bleu_of(sums: Floats) -> Floats:
    """Corpus BLEU from 0 to 100, (…, 1), of the sums of its counts, (…, 10).

    Papineni et al. 2002, with sacreBLEU's default smoothing (``exp``): the first order without a
    match counts as half a match, the next as a quarter, and so on.
    """
    hits, totals = sums[..., :_ORDERS], sums[..., _ORDERS : 2 * _ORDERS]
    found_length, true_length = sums[..., -2], sums[..., -1]
    is_empty = (hits == 0) & (totals > 0)
    halved = ratio(0.5 ** np.cumsum(is_empty, axis=-1), totals)
    shares = np.where(is_empty, halved, ratio(hits, totals))
    exists = np.asarray((totals > 0).all(axis=-1) & (hits > 0).any(axis=-1))
    logs = np.log(np.where(exists[..., np.newaxis], np.maximum(shares, 1e-300), 1.0))
    short = np.where(
        found_length < true_length,
        np.exp(1.0 - ratio(true_length, found_length, np.inf)),
        1.0,
    )
    found: Floats = np.where(exists, 100.0 * short * np.exp(logs.mean(axis=-1)), 0.0)
    return found[..., np.newaxis]


def _chrf_counts(truth: str, found: str) -> list[int]:
    """Character n-grams of the prediction, of the truth, and in both, for each order, (18,)."""
    truth, found = "".join(truth.split()), "".join(found.split())
    counts: list[int] = []
    for order in range(1, _CHARACTER_ORDERS + 1):
        of_truth, of_found = _grams(truth, order), _grams(found, order)
        n_true = of_truth.total()
        counts += [of_found.total() if n_true else 0, n_true, (of_truth & of_found).total()]
    return counts


def _grams(text: str, order: int) -> Counter[str]:
    return Counter(text[start : start + order] for start in range(len(text) - order + 1))


def chrf_of(sums: Floats) -> Floats:
    """Corpus chrF2 from 0 to 100, (…, 1), of the sums of its counts, (…, 18).

    Popović 2015 (https://aclanthology.org/W15-3049), as sacreBLEU: precision and recall are means
    over the orders that occur.
    """
    n_found, n_true, n_both = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]
    occurs = (n_found > 0) & (n_true > 0)
    n_orders = occurs.sum(axis=-1)
    precision = ratio(np.where(occurs, ratio(n_both, n_found), 0.0).sum(axis=-1), n_orders)
    recall = ratio(np.where(occurs, ratio(n_both, n_true), 0.0).sum(axis=-1), n_orders)
    factor = _BETA**2
    found = 100.0 * ratio((1 + factor) * precision * recall, factor * precision + recall)
    return found[..., np.newaxis]
