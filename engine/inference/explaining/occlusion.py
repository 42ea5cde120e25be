"""Occlusion: what the prediction loses with each piece that is covered.

Imported by workers only.
"""

from __future__ import annotations

import numpy as np

from engine.inference.explaining.base import Case, Contributions, Effort, Method, cells
from engine.inference.explaining.baselines import empty_like
from engine.inference.explaining.readouts import Readout
from engine.inference.explaining.subject import Subject
from engine.spec.signature import Kind

PIECES = {
    Kind.IMAGE: (8, 8),
    Kind.AUDIO: (16, 8),
    Kind.VIDEO: (3, 4, 4),
    Kind.SERIES: (24,),
}
"""Along each axis; of a series along time, each channel by itself."""
_AT_ONCE = 32


class Occlusion(Method):
    """Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901, with pieces side by side."""

    name = "occlusion"
    title = "Occlusion"
    reading = "Zeiler and Fergus 2014, Visualizing and Understanding Convolutional Networks"
    summary = "What the prediction loses where a piece is covered; works with every network."

    def fits(self, subject: Subject) -> bool:
        return subject.signature.kind in PIECES

    def explain(
        self, subject: Subject, case: Case, readout: Readout, effort: Effort
    ) -> Contributions:
        empty, what = empty_like(case)
        kind = case.signature.kind
        is_series = kind is Kind.SERIES
        shape = case.prepared.shape[1:] if is_series else case.prepared.shape[1:-1]
        wanted = (*PIECES[kind], shape[-1]) if is_series else PIECES[kind]
        pieces = cells(shape, wanted)
        whole = float(subject.values(case.prepared, readout)[0])
        values = np.zeros(shape)
        for start in range(0, len(pieces), _AT_ONCE):
            some = pieces[start : start + _AT_ONCE]
            covered = np.repeat(case.prepared, len(some), axis=0)
            for row, piece in zip(covered, some, strict=True):
                row[piece] = empty[0][piece]
            lost = whole - subject.values(covered, readout)
            for piece, loss in zip(some, lost.tolist(), strict=True):
                values[piece] = loss
        return Contributions(values, compared_with=f"a piece of {what}")
