"""Names of functions that do not depend on what else was traced before. For workers only."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from tensorflow.python.framework import ops

_FIRST: Final = 1 << 40  # TensorFlow itself counts from 0
_GRAPHS: Final = 1 << 24  # that are told apart
_AGAIN: Final = 1 << 18  # numbers of one of them
_TIMES: Final = 1 << 6

_lock = threading.Lock()
_traced: Counter[int] = Counter()


@contextlib.contextmanager
def names_of_their_own(about: str) -> Iterator[None]:
    """What this thread traces is numbered from a number on that follows from what it is.

    XLA's kept programs are found by all names in them, and TensorFlow ends the name of each
    function with a number that rises with whatever any thread traces: with that, a program that
    another process compiled would never be found again. A graph that is traced again in the same
    process has other numbers, for two functions must not have one name. Where TensorFlow counts
    in another way one day, programs are compiled anew, as without this.

    Args:
        about: All that decides what the graph is.
    """
    counted: Any = ops
    original = getattr(counted, "uid", None)
    if original is None:
        yield
        return
    with _lock:
        graph = int.from_bytes(hashlib.sha256(about.encode()).digest()[:8]) % _GRAPHS
        again = _traced[graph] % _TIMES
        _traced[graph] += 1
        numbers = itertools.count(_FIRST + (graph * _TIMES + again) * _AGAIN)
        thread = threading.get_ident()
        counted.uid = lambda: next(numbers) if threading.get_ident() == thread else original()
        try:
            yield
        finally:
            counted.uid = original
