"""Texts that are written token by token, each time given what was written so far."""

from __future__ import annotations

from typing import Any

import numpy as np


def written(ask: Any, feeds: dict[str, Any], card: dict[str, Any]) -> Any:
    """Returns the likeliest token each time, int32 (n, length), 0 from the end of a text on."""
    start, length = card["writes"]["start"], card["writes"]["length"]
    source = feeds["inputs"]
    ids = np.zeros((len(source), length), np.int32)
    is_done = np.zeros(len(source), bool)
    for place in range(length):
        so_far = np.concatenate([np.full((len(source), 1), start, np.int32), ids[:, :-1]], axis=1)
        if card["entry"] == "raw":
            given = {"inputs": source, "so_far": so_far}
        else:
            given = {"inputs": np.concatenate([source, so_far], axis=1)}
        following = ask(given)[:, place].argmax(axis=-1)
        ids[:, place] = np.where(is_done, 0, following)
        is_done |= following == 0
        if is_done.all():
            break
    return ids
