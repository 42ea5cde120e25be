"""Going through the steps of a sequence, in a graph. For workers only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

Tensors = tuple[tf.Tensor, ...]
Step = Callable[[Tensors, Tensors], tuple[Tensors, Tensors]]

UNROLL_LIMIT = 40
"""Sequences up to this long are written out step by step: 10 to 15 % faster than a loop.

Each step written out takes about 10 ms to trace, so longer ones would delay the start.
"""


def scan(
    step: Step, sequences: Sequence[tf.Tensor], state: Tensors, *, is_reversed: bool = False
) -> tuple[Tensors, Tensors]:
    """Applies a step to each part of sequences in turn.

    Args:
        step: Given the state and the parts of the sequences at one time, (batch, …), returns the
            new state and what is to be kept, (batch, features) each.
        sequences: (time, batch, …), of one length that is known.
        state: At the beginning, (batch, features) each.
        is_reversed: From the end to the beginning; what is kept is still in order of time.

    Returns:
        The state at the end, and what was kept, (time, batch, features) each.
    """
    n_steps = int(sequences[0].shape[0])
    run = _written_out if n_steps <= UNROLL_LIMIT else _looped
    return run(step, sequences, state, n_steps, is_reversed)


def _written_out(
    step: Step, sequences: Sequence[tf.Tensor], state: Tensors, n_steps: int, is_reversed: bool
) -> tuple[Tensors, Tensors]:
    parts = [tf.unstack(sequence) for sequence in sequences]
    # A function of its own, which TensorFlow writes out much faster than Python does.
    one = tf.function(step, autograph=False).get_concrete_function(
        tuple(_specified(values) for values in state),
        tuple(_specified(part[0]) for part in parts),
    )
    kept: list[Tensors] = [()] * n_steps
    for time in reversed(range(n_steps)) if is_reversed else range(n_steps):
        state, kept[time] = one(state, tuple(part[time] for part in parts))
    return state, tuple(tf.stack(values) for values in zip(*kept, strict=True))


def _specified(values: tf.Tensor) -> tf.TensorSpec:
    return tf.TensorSpec(values.shape, values.dtype)


def _looped(
    step: Step, sequences: Sequence[tf.Tensor], state: Tensors, n_steps: int, is_reversed: bool
) -> tuple[Tensors, Tensors]:
    times = range(n_steps - 1, -1, -1) if is_reversed else range(n_steps)
    # Tried once to learn the shapes; nothing of it is computed.
    _, tried = step(state, tuple(sequence[0] for sequence in sequences))
    arrays = tuple(tf.TensorArray(it.dtype, n_steps, element_shape=it.shape) for it in tried)
    start, change = times.start, times.step

    def body(
        count: tf.Tensor, state: Tensors, arrays: tuple[tf.TensorArray, ...]
    ) -> tuple[tf.Tensor, Tensors, tuple[tf.TensorArray, ...]]:
        time = start + change * count
        state, kept = step(state, tuple(sequence[time] for sequence in sequences))
        written = (array.write(time, value) for array, value in zip(arrays, kept, strict=True))
        return count + 1, state, tuple(written)

    _, state, arrays = tf.while_loop(
        lambda count, *_: count < n_steps,
        body,
        (tf.constant(0), state, arrays),
        shape_invariants=(
            tf.TensorShape(()),
            tuple(values.shape for values in state),
            tuple(tf.TensorShape(None) for _ in arrays),
        ),
        maximum_iterations=n_steps,
    )
    return state, tuple(array.stack() for array in arrays)
