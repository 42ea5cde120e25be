"""Where tensors come from, noted while a graph is traced, so that a layer can go around them.

For workers only. A layer that is fed by exactly the tensor that another one made may compute the
same from what was before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import tensorflow as tf


@dataclass(frozen=True)
class Looked:
    """A tensor is rows of a table.

    Attributes:
        table: (rows, features).
        rows: Which rows, (batch, tokens), none negative.
    """

    table: tf.Tensor
    rows: tf.Tensor

    def project(
        self, project: Callable[[tf.Tensor], tf.Tensor]
    ) -> Callable[[tf.Tensor], tf.Tensor]:
        """What `project` makes of the tensor's tokens, each row of the table being projected once.

        Args:
            project: Works on rows, (rows, features), each by itself.

        Returns:
            Looks up rows of the projected table.
        """
        projected = project(self.table)
        return lambda rows: tf.gather(projected, rows)


@dataclass(frozen=True)
class Risen:
    """A tensor was made by something that never makes a larger number the smaller one.

    Attributes:
        before: What it was made of, of the same shape.
        of: Makes it, or a part of it, of the same part of that.
    """

    before: tf.Tensor
    of: Callable[[tf.Tensor], tf.Tensor]


@dataclass
class Provenance:
    """What is known of the tensors of one trace.

    Attributes:
        batch_size: Examples in a batch, as far as is known.
        chains: Into how many parts that can be computed beside each other a batch is divided.
    """

    batch_size: int
    chains: int
    _looked: dict[int, tuple[tf.Tensor, Looked]] = field(default_factory=dict)
    _pooled: dict[int, tuple[tf.Tensor, Callable[[], tf.Tensor]]] = field(default_factory=dict)
    _risen: dict[int, tuple[tf.Tensor, Risen]] = field(default_factory=dict)

    def note_looked(self, tensor: tf.Tensor, looked: Looked) -> None:
        """A tensor is rows of a table."""
        # Kept with it, since the id of a tensor that is gone may be given to another.
        self._looked[id(tensor)] = (tensor, looked)

    def looked(self, tensor: tf.Tensor) -> Looked | None:
        """The table behind a tensor, if it has fewer rows than the tensor has tokens."""
        _, looked = self._looked.get(id(tensor), (None, None))
        if looked is None:
            return None
        n_tokens = (looked.rows.shape[0] or self.batch_size) * (looked.rows.shape[1] or 1)
        return looked if int(looked.table.shape[0]) < n_tokens else None

    def note_pooled(self, tensor: tf.Tensor, mean: Callable[[], tf.Tensor]) -> None:
        """The mean of a tensor over its tokens can be had in a shorter way."""
        self._pooled[id(tensor)] = (tensor, mean)

    def pooled(self, tensor: tf.Tensor) -> Callable[[], tf.Tensor] | None:
        """Computes the mean of a tensor over its tokens, if there is a shorter way."""
        _, mean = self._pooled.get(id(tensor), (None, None))
        return mean

    def note_risen(self, tensor: tf.Tensor, risen: Risen) -> None:
        """A tensor was made by something that never falls."""
        self._risen[id(tensor)] = (tensor, risen)

    def risen(self, tensor: tf.Tensor) -> Risen | None:
        """What a tensor was made of by something that never falls, if it was."""
        _, risen = self._risen.get(id(tensor), (None, None))
        return risen
