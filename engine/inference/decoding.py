"""Decoding: texts written token by token by a network that was taught with the right ones.

A network that is autoregressive (`engine.architectures.base`) takes the source and the target
shifted by one. Training knows the target; to predict, the network is asked for one token after the
other, each time given what it wrote so far. Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from engine.datasets.base import AnyArray
from engine.preprocessing import Preprocessing
from engine.preprocessing.targets import TokenTargets
from engine.spec.signature import Signature

MAX_SAVED_LENGTH = 64
"""Tokens that a saved model can write by itself, as each is one more call in its graph."""

# Probabilities of one call, texts × beams × positions × tokens, held as float32 (32 MB).
_MAX_OUTPUTS = 8_000_000
_MAX_BATCH = 512
_TINY = 1e-30  # below it a probability is as good as 0, and its logarithm still a number

Ids = npt.NDArray[np.int32]


def is_autoregressive(network: keras.Model, signature: Signature) -> bool:
    """The network takes the target behind the source, so that it must be asked token by token."""
    n_source, n_target = signature.input_shape[0], signature.target_length
    return bool(n_target) and tuple(network.input_shape[1:]) == (n_source + n_target,)


def taught(source: Ids, target: Ids, signature: Signature) -> Ids:
    """Returns what an autoregressive network takes in training (teacher forcing).

    Args:
        source: Token ids of the sources, (n, tokens).
        target: Token ids of the targets, (n, target_length).
        signature: Of the data.

    Returns:
        (n, tokens + target_length): the source, the start, and the target without its last token.
    """
    start = np.full((len(source), 1), signature.n_classes, np.int32)
    return np.concatenate([source, start, target[:, :-1]], axis=1, dtype=np.int32)


def predictor(
    network: keras.Model,
    signature: Signature,
    preprocessing: Preprocessing,
    outputs_of: Callable[[AnyArray], AnyArray],
    beam_width: int = 1,
) -> Callable[[AnyArray], AnyArray]:
    """What predicts in the target's own terms, whether or not a network must be asked repeatedly.

    Args:
        network: The network; its weights may change between calls.
        signature: Of the data.
        preprocessing: As it was trained with.
        outputs_of: Asks the network once: its outputs for prepared inputs.
        beam_width: See `Decoder`.

    Returns:
        A function of prepared inputs, (n, *signature.input_shape): probabilities, numbers in the
        target's unit, or texts, as `Preprocessing.restore_y`.
    """
    targets = preprocessing.targets
    if not isinstance(targets, TokenTargets) or not is_autoregressive(network, signature):
        return lambda prepared: preprocessing.restore_y(outputs_of(prepared))
    decoder = Decoder(network, signature, beam_width)
    return lambda prepared: targets.texts_of(decoder.decode(prepared)[0])


def written(
    network: keras.Model, source: keras.KerasTensor, signature: Signature
) -> keras.KerasTensor:
    """Greedy decoding by layers of Keras alone, for the model that is saved.

    The network is asked once for each token, all in one graph, so that texts should not be longer
    than `MAX_SAVED_LENGTH`.

    Args:
        network: As `Architecture.is_autoregressive` says.
        source: Token ids, (batch, tokens).
        signature: Of the data.

    Returns:
        Probabilities of each token given the likeliest before it, (batch, length, n_tokens).
    """
    from keras import ops

    column = source[:, :1]
    so_far = [ops.full_like(column, signature.n_classes)]
    chances = []
    for place in range(signature.target_length):
        rest = [ops.zeros_like(column)] * (signature.target_length - len(so_far))
        outputs = network(ops.concatenate([source, *so_far, *rest], axis=1), training=False)
        here = outputs[:, place : place + 1]
        chances.append(here)
        so_far.append(ops.cast(ops.argmax(here, axis=-1), "int32"))
    return ops.concatenate(chances, axis=1) if len(chances) > 1 else chances[0]


class Decoder:
    """Writes the texts of an autoregressive network.

    Args:
        network: As `Architecture.is_autoregressive` says; its weights may change between calls.
        signature: Of the data.
        beam_width: How many beginnings are followed at once. 1 is greedy: the likeliest token each
            time. With more, the likeliest text that beam search finds, or the greedy one where that
            is likelier: so never a less likely one.
    """

    def __init__(self, network: keras.Model, signature: Signature, beam_width: int = 1) -> None:
        self._network = network
        self._length = signature.target_length
        self._n_tokens = signature.n_classes
        self._width = min(beam_width, self._n_tokens)
        self._batch = self._batch_size()
        ids = tf.TensorSpec((None, *signature.input_shape), tf.int32)
        self._written = tf.function(self._best, input_signature=[ids], autograph=False)

    def decode(self, source: Ids) -> tuple[Ids, npt.NDArray[np.float32]]:
        """Writes the texts for sources.

        Args:
            source: Token ids, (n, tokens).

        Returns:
            Token ids, (n, target_length), all padding after the first one; and the natural
            logarithm of each text's probability, its end included, (n,).
        """
        ids = np.zeros((len(source), self._length), np.int32)
        scores = np.zeros(len(source), np.float32)
        for start in range(0, len(source), self._batch):
            rows = slice(start, start + self._batch)
            found, likely = self._written(tf.constant(source[rows], tf.int32))
            ids[rows], scores[rows] = found.numpy(), likely.numpy()
        return ids, scores

    def _batch_size(self) -> int:
        of_one = self._width * self._length * self._n_tokens
        return max(1, min(_MAX_BATCH, _MAX_OUTPUTS // of_one))

    def _best(self, source: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        ids, scores = self._search(source, 1)
        if self._width == 1:
            return ids, scores
        other, likely = self._search(source, self._width)
        is_better = likely > scores
        return (
            tf.where(is_better[:, tf.newaxis], other, ids),
            tf.where(is_better, likely, scores),
        )

    def _search(self, source: tf.Tensor, width: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Beam search: of all texts that are one token longer, the likeliest are kept each time.

        Args:
            source: (batch, tokens).
            width: How many are kept of each source.

        Returns:
            The likeliest text, (batch, target_length), and its log-probability, (batch,).
        """
        n = tf.shape(source)[0]
        given = tf.repeat(source, width, axis=0)
        # At first all beams of a source are alike, so that one alone may count.
        scores = tf.where(tf.range(width) == 0, 0.0, -np.inf)[tf.newaxis] + tf.zeros((n, 1))
        ids = tf.zeros((n, width, self._length), tf.int32)
        done = tf.zeros((n, width), tf.bool)

        def goes_on(place: tf.Tensor, _ids: tf.Tensor, _: tf.Tensor, done: tf.Tensor) -> tf.Tensor:
            return (place < self._length) & ~tf.reduce_all(done)

        def step(
            place: tf.Tensor, ids: tf.Tensor, scores: tf.Tensor, done: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            following = self._following(given, ids, place, done)
            candidates = tf.reshape(scores[:, :, tf.newaxis] + following, (n, -1))
            scores, chosen = tf.math.top_k(candidates, width)
            beam, token = chosen // self._n_tokens, chosen % self._n_tokens
            ids = tf.gather(ids, beam, batch_dims=1)
            here = tf.range(self._length) == place
            ids = tf.where(here, token[:, :, tf.newaxis], ids)
            # Token 0 ends a text.
            return place + 1, ids, scores, tf.equal(token, 0)

        _, ids, scores, _ = tf.while_loop(goes_on, step, (0, ids, scores, done))
        return ids[:, 0], scores[:, 0]

    def _following(
        self, given: tf.Tensor, ids: tf.Tensor, place: tf.Tensor, done: tf.Tensor
    ) -> tf.Tensor:
        """Log-probability of each token at a place, (batch, width, tokens)."""
        width = tf.shape(ids)[1]
        start = tf.fill((tf.shape(given)[0], 1), self._n_tokens)
        written = tf.reshape(ids, (-1, self._length))[:, :-1]
        outputs = self._network(tf.concat([given, start, written], axis=1), training=False)
        chances = tf.reshape(outputs[:, place], (-1, width, self._n_tokens))
        likely = tf.math.log(tf.maximum(tf.cast(chances, tf.float32), _TINY))
        # After its end a text goes on with padding alone, which costs nothing.
        ended = tf.where(tf.range(self._n_tokens) == 0, 0.0, -np.inf)
        return tf.where(done[:, :, tf.newaxis], ended, likely)
