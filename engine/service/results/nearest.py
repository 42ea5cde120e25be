"""Finds the training examples that a model takes for the most alike to an input."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from engine.datasets.base import Progress
from engine.events.trying import Given, NearestFound
from engine.service.results.examples import show_examples
from engine.service.results.tried_run import TriedRun
from engine.service.results.trying import read_given

N_NEAREST = 6
MAX_SEARCHED = 3_000
"""Examples that are compared: in a second, and in less than 50 MB."""
_MAX_BYTES = 96 << 20
_BLOCK = 256


def find_nearest(run: TriedRun, given: Given, number: int, progress: Progress) -> NearestFound:
    """Finds the nearest training examples.

    Raises:
        DescentError: The input or the data cannot be read.
        Cancelled: Someone asked to stop.
    """
    from engine.inference.trying.likeness import Likeness, NearestIndex

    run.freshen()
    network, contract = run.model.network, run.contract
    held = _HELD.get(run)
    likeness = held[0] if held is not None and held[1] is network else Likeness(network, contract)
    wanted = likeness.vectors(read_given(run, given, progress).x[:1])[0]
    prepared = run.prepared(progress)
    train = prepared.parts.train
    if held is None or held[1] is not network or held[3] != run.epoch:
        n = min(len(train), MAX_SEARCHED, max(1, _MAX_BYTES // (4 * max(1, len(wanted)))))
        rows = train[np.unique(np.linspace(0, len(train) - 1, n).astype(np.int64))]
        vectors = []
        for start in range(0, len(rows), _BLOCK):
            progress("Comparing", start, len(rows))
            vectors.append(likeness.vectors(prepared.examples.x[rows[start : start + _BLOCK]]))
        held = likeness, network, NearestIndex(rows, np.concatenate(vectors)), run.epoch
        _HELD[run] = held
    index = held[2]
    found, is_far = index.nearest(wanted, N_NEAREST, given.row)
    shown = show_examples(run.opened, found.tolist(), progress)
    by = "by what the last hidden layer makes of them"
    return NearestFound(
        run.record.id,
        number,
        shown.kind,
        shown.examples,
        by if likeness.is_hidden else "by their prepared inputs",
        len(index),
        len(train),
        is_far,
        shown.rate,
    )


_HELD: WeakKeyDictionary[TriedRun, tuple] = WeakKeyDictionary()  # type: ignore[type-arg]
