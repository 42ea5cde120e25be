"""LSTM, GRU and plain recurrent layers in fewer, larger products. For workers only.

The inputs of all steps are projected in one product, and the gradient of each weight is one product
over all steps. A batch is divided in parts that do not wait for each other, since one step alone
is too small to keep two cores at work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from engine.training.fused.cells import Backward, Cell, GruCell, LstmCell, PlainCell, Seen, before
from engine.training.fused.provenance import Looked, Provenance
from engine.training.fused.scanning import Tensors

_CELLS: dict[type[keras.layers.Layer], Callable[[], Cell]] = {
    keras.layers.LSTM: LstmCell,
    keras.layers.GRU: GruCell,
    keras.layers.SimpleRNN: PlainCell,
}


def is_supported(layer: keras.layers.Layer) -> bool:
    """Whether this module computes exactly what the layer does.

    On a GPU Keras has kernels of cuDNN, which are faster still.
    """
    if type(layer) not in _CELLS or not layer.built or tf.config.list_logical_devices("GPU"):
        return False
    cell = layer.cell
    has_usual_functions = cell.activation is keras.activations.tanh and (
        isinstance(layer, keras.layers.SimpleRNN)
        or cell.recurrent_activation is keras.activations.sigmoid
    )
    return (
        has_usual_functions
        and getattr(cell, "reset_after", True)
        and not (cell.dropout or cell.recurrent_dropout or layer.stateful)
        and getattr(layer, "use_cudnn", "auto") is not True
        and cell.compute_dtype == cell.variable_dtype == "float32"
        and cell.quantization_mode is None
    )


def inner_loop(layer: keras.layers.RNN, provenance: Provenance) -> Callable[..., Any]:
    """What may stand in for `layer.inner_loop`."""
    original = layer.inner_loop

    def run(
        sequences: tf.Tensor, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        mask = tf.nest.flatten(mask)[0] if mask is not None else None
        zeroes_last = layer.zero_output_for_mask and not layer.return_sequences
        is_usual = sequences.shape[1] and (mask is None or not zeroes_last)
        if not training or not is_usual:
            return original(sequences, initial_state, mask, training)
        state = tuple(tf.nest.flatten(initial_state))
        looked = provenance.looked(sequences)
        return _run(layer, sequences, state, mask, looked, provenance.chains)

    return run


def _run(
    layer: keras.layers.RNN,
    sequences: tf.Tensor,
    state: Tensors,
    mask: tf.Tensor | None,
    looked: Looked | None,
    n_chains: int,
) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
    """As `RNN.inner_loop`: the last output, all outputs, the last state."""
    weights = _Weights.of(layer)
    lookup = None if looked is None else looked.project(weights.projected)

    def one(
        sequences: tf.Tensor, rows: tf.Tensor | None, mask: tf.Tensor | None, *state: tf.Tensor
    ) -> Tensors:
        chain = _Chain(
            weights,
            _seen(mask, layer.go_backwards),
            None if lookup is None else lookup(_by_time(rows, layer.go_backwards)),
            layer.return_sequences,
        )
        return chain.run(_by_time(sequences, layer.go_backwards), state)

    rows = None if looked is None else looked.rows
    parts = [_divided(values, n_chains) for values in (sequences, rows, mask, *state)]
    results = [one(*part) for part in zip(*parts, strict=True)]
    outputs, *final = (
        values[0] if n_chains == 1 else tf.concat(values, 0)
        for values in zip(*results, strict=True)
    )
    if mask is not None:
        outputs = _masked(outputs, tf.cast(mask, outputs.dtype), layer)
    last = outputs[:, -1] if layer.return_sequences else outputs
    return last, outputs if layer.return_sequences else outputs[:, tf.newaxis], final


def _masked(outputs: tf.Tensor, there: tf.Tensor, layer: keras.layers.RNN) -> tf.Tensor:
    """Zero where Keras has zero: where nothing was seen yet, or wherever nothing is."""
    if layer.go_backwards:
        there = tf.reverse(there, [1])
    if not layer.return_sequences:
        return outputs * tf.reduce_max(there, 1, keepdims=True)
    if not layer.zero_output_for_mask:
        there = tf.minimum(tf.cumsum(there, 1), 1.0)
    return outputs * there[:, :, tf.newaxis]


def _divided(values: tf.Tensor | None, n_parts: int) -> list[tf.Tensor | None]:
    """Values of some of the examples each."""
    if values is None or n_parts == 1:
        return [values] * n_parts
    n_values = tf.shape(values)[0]
    sizes = [(n_values + part) // n_parts for part in range(n_parts)]
    return list(tf.split(values, tf.stack(sizes), num=n_parts))


def _by_time(values: tf.Tensor, is_reversed: bool) -> tf.Tensor:
    """(batch, time, …) as (time, batch, …), in the order in which a layer reads it."""
    order = (1, 0, *range(2, values.shape.rank))
    turned = tf.transpose(values, order)
    return tf.reverse(turned, [0]) if is_reversed else turned


def _seen(mask: tf.Tensor | None, is_reversed: bool) -> Seen | None:
    if mask is None:
        return None
    return Seen(_by_time(tf.cast(mask, tf.float32)[:, :, tf.newaxis], is_reversed))


@dataclass(frozen=True)
class _Weights:
    """Weights of a layer as its cell wants them.

    Attributes:
        kernel: (features, gates × units).
        recurrent: (units, gates × units).
        bias: Of the projected inputs, (gates × units,), if there is one.
        recurrent_bias: Of the recurrent product, (gates × units,), if it has its own.
    """

    cell: Cell
    kernel: tf.Tensor
    recurrent: tf.Tensor
    bias: tf.Tensor | None
    recurrent_bias: tf.Tensor | None

    @classmethod
    def of(cls, layer: keras.layers.RNN) -> _Weights:
        cell = _CELLS[type(layer)]()
        kernel, recurrent = (
            tf.convert_to_tensor(it) for it in (layer.cell.kernel, layer.cell.recurrent_kernel)
        )
        bias = None if layer.cell.bias is None else tf.convert_to_tensor(layer.cell.bias)
        own = None
        if bias is not None and bias.shape.rank == 2:
            bias, own = tf.unstack(bias)
        return cls(
            cell,
            cell.arranged(kernel),
            cell.arranged(recurrent),
            None if bias is None else cell.arranged(bias),
            None if own is None else cell.arranged(own),
        )

    def projected(self, rows: tf.Tensor) -> tf.Tensor:
        """Inputs times weights, plus bias, for rows of them."""
        product = tf.matmul(rows, self.kernel)
        return product if self.bias is None else tf.nn.bias_add(product, self.bias)


@dataclass(frozen=True)
class _Chain:
    """All steps for some of the examples.

    Attributes:
        weights: Of the layer.
        seen: Which steps there are; None: all.
        projected: The projected inputs, (time, batch, gates × units), if they are known.
        is_whole: All outputs are wanted, not the last one only.
    """

    weights: _Weights
    seen: Seen | None
    projected: tf.Tensor | None
    is_whole: bool

    def run(self, sequences: tf.Tensor, state: Tensors) -> Tensors:
        """Outputs, (batch, time, units) or (batch, units), and the state at the end.

        Args:
            sequences: Inputs, (time, batch, features).
            state: At the beginning.
        """
        weights, cell = self.weights, self.weights.cell
        biases = [it for it in (weights.bias, weights.recurrent_bias) if it is not None]
        n_features, n_sums = weights.kernel.shape
        projected = self.projected
        # Told apart here, since a gradient function may not lean on what changes.
        inner = (weights.recurrent, *biases[1:])

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def compute(
            sequences: tf.Tensor, kernel: tf.Tensor, recurrent: tf.Tensor, *others: tf.Tensor
        ) -> tuple[Tensors, Callable[..., Any]]:
            state = others[len(biases) :]
            rows = tf.reshape(sequences, (-1, n_features))
            sums = projected
            if sums is None:
                sums = weights.projected(rows)
                sums = tf.reshape(sums, (sequences.shape[0], -1, n_sums))
            final, kept = cell.forward(sums, state, inner, self.seen)
            outputs = tf.transpose(kept[0], (1, 0, 2)) if self.is_whole else final[0]

            def gradient(of_outputs: tf.Tensor, *of_state: tf.Tensor) -> list[tf.Tensor]:
                of_all = tf.transpose(of_outputs, (1, 0, 2)) if self.is_whole else None
                of_final = of_state if self.is_whole else (of_state[0] + of_outputs, *of_state[1:])
                found = cell.backward(kept, state, inner, self.seen, of_all, of_final)
                of_sums = tf.reshape(found.projected, (-1, n_sums))
                of_inputs = tf.matmul(of_sums, tf.transpose(kernel))
                return [
                    tf.reshape(of_inputs, tf.shape(sequences)),
                    tf.matmul(rows, of_sums, transpose_a=True),
                    *_of_recurrent(found, before(kept[0], state[0]), len(biases)),
                    *found.state,
                ]

            return (outputs, *final), gradient

        results: Tensors = compute(sequences, weights.kernel, weights.recurrent, *biases, *state)
        return results


def _of_recurrent(found: Backward, states: tf.Tensor, n_biases: int) -> list[tf.Tensor]:
    """Gradients of the recurrent weights and of the biases."""
    n_sums = found.projected.shape[-1]
    of_product = tf.reshape(found.recurrent, (-1, n_sums))
    rows = tf.reshape(states, (-1, states.shape[-1]))
    of_sums = tf.reshape(found.projected, (-1, n_sums))
    # Three times as fast as `reduce_sum` here.
    biases = [tf.raw_ops.BiasAddGrad(out_backprop=it) for it in (of_sums, of_product)]
    return [tf.matmul(rows, of_product, transpose_a=True), *biases[:n_biases]]
