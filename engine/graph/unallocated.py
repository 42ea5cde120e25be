"""Building models without memory for their weights. Imported by workers only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
from keras.src.backend.common import global_state

_WAITING = "uninitialized_variables"


@contextmanager
def unallocated() -> Iterator[None]:
    """Weights of layers built within have a shape, and no values.

    Keras remembers such variables, to give them their values later; they are forgotten here.
    """
    waiting = list(global_state.get_global_attribute(_WAITING, []))
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute(_WAITING, waiting)
