"""Leave one out: what the prediction loses without each token. Imported by workers only."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.explaining.base import Case, Contributions, Effort, Method
from engine.inference.explaining.readouts import Readout
from engine.inference.explaining.subject import Subject
from engine.preprocessing.tokens import FIRST_TOKEN, PADDING, UNKNOWN
from engine.spec.signature import Kind

MOST_PIECES = 128
"""Of a longer text, tokens side by side are left out together."""


class LeaveOneOut(Method):
    """Li, Monroe and Jurafsky 2016, https://arxiv.org/abs/1612.08220.

    The text is shorter by the token, or by the word where tokens are letters: what follows moves
    up.
    """

    name = "leave_one_out"
    title = "Leave one out"
    reading = "Li, Monroe and Jurafsky 2016, Understanding Neural Networks through Erasure"
    summary = "What the prediction loses without each token; works with every network."

    def fits(self, subject: Subject) -> bool:
        return subject.signature.kind is Kind.TEXT

    def explain(
        self, subject: Subject, case: Case, readout: Readout, effort: Effort
    ) -> Contributions:
        n_source = case.signature.input_shape[0]
        source = case.prepared[0, :n_source]
        values = np.zeros(n_source)
        n_tokens = int(np.count_nonzero(source != PADDING))
        if n_tokens == 0:
            return Contributions(values, compared_with="the text without it")
        ends = _cuts(source[:n_tokens], case.signature.n_separators)
        shorter = np.repeat(case.prepared, len(ends) - 1, axis=0)
        for row, (start, end) in enumerate(pairwise(ends)):
            left = np.delete(source, np.s_[start:end])
            shorter[row, :n_source] = PADDING
            shorter[row, : len(left)] = left
        whole = float(subject.values(case.prepared, readout)[0])
        lost = whole - subject.values(shorter, readout)
        for start, end, loss in zip(ends[:-1], ends[1:], lost, strict=True):
            values[start:end] = loss / (end - start)
        return Contributions(values, compared_with="the text without it")


def _cuts(tokens: AnyArray, n_separators: int) -> AnyArray:
    """Where pieces begin, and where the last one ends.

    Each is a token; where tokens are the letters of several words, a word with what follows it.
    """
    starts = np.arange(len(tokens))
    if n_separators:
        is_letter = (tokens == UNKNOWN) | (tokens >= FIRST_TOKEN + n_separators)
        begins = is_letter & ~np.append(False, is_letter[:-1])
        begins[0] = True
        starts = np.flatnonzero(begins) if begins.sum() > 1 else starts
    edges = np.append(starts, len(tokens))
    return edges[np.linspace(0, len(starts), min(len(starts), MOST_PIECES) + 1).astype(int)]
