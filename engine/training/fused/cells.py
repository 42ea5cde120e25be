"""Recurrent cells with their gradients written by hand, all steps at once where they can be.

For workers only. Each cell has the mathematics of Keras's layer of the same name. Going forward,
only what depends on the step before is done step by step: the inputs were projected together.
Going backward, what depends on no later gradient is prepared for all steps together, and the
gradients of the weights are single products over all steps, made by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import tensorflow as tf

from engine.training.fused.scanning import Tensors, scan


@dataclass(frozen=True)
class Seen:
    """Which steps there are; at the others a cell keeps its state.

    Attributes:
        there: 1 where there is a step, (time, batch, 1).
    """

    there: tf.Tensor

    @property
    def missing(self) -> tf.Tensor:
        """1 where there is no step, (time, batch, 1)."""
        return 1.0 - self.there


@dataclass(frozen=True)
class Backward:
    """Gradients that a cell found.

    Attributes:
        projected: Of the projected inputs, (time, batch, gates × units).
        recurrent: Of the product with the recurrent weights, likewise; often the same.
        state: Of the state at the beginning, (batch, units) each.
    """

    projected: tf.Tensor
    recurrent: tf.Tensor
    state: Tensors


class Cell(Protocol):
    """A recurrent cell."""

    def arranged(self, weights: tf.Tensor) -> tf.Tensor:
        """Gates of weights, (…, gates × units), from Keras's order into the cell's own."""

    def forward(
        self, projected: tf.Tensor, state: Tensors, weights: Tensors, seen: Seen | None
    ) -> tuple[Tensors, Tensors]:
        """Runs all steps.

        Args:
            projected: Inputs times weights, plus bias, (time, batch, gates × units).
            state: At the beginning, (batch, units) each.
            weights: Recurrent weights, (units, gates × units), and the bias of their product,
                (gates × units,), if it has one of its own; arranged, like all gates here.
            seen: Which steps there are; None: all.

        Returns:
            The state at the end, and what `backward` needs; first of it the outputs of all steps,
            (time, batch, units).
        """

    def backward(
        self,
        kept: Tensors,
        state: Tensors,
        weights: Tensors,
        seen: Seen | None,
        of_outputs: tf.Tensor | None,
        of_state: Tensors,
    ) -> Backward:
        """Goes back through all steps.

        Args:
            kept: As `forward` returned it.
            state: At the beginning.
            weights: As for `forward`.
            seen: As for `forward`.
            of_outputs: Gradient of the outputs of all steps; None: none of them was used.
            of_state: Gradient of the state at the end.
        """


def before(values: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
    """At each step what was at the step before, (time, batch, units)."""
    return tf.concat([first[tf.newaxis], values[:-1]], 0)


def _held(new: tf.Tensor, old: tf.Tensor, there: Tensors) -> tf.Tensor:
    """The new state where there is a step."""
    return tf.where(there[0] > 0, new, old) if there else new


def _masks(seen: Seen | None) -> Tensors:
    return () if seen is None else (seen.there,)


class LstmCell:
    """Hochreiter and Schmidhuber 1997.

    Keras's order of gates is input, forget, candidate, output; here the output is before the
    candidate, so that those of one function are beside each other.
    """

    def arranged(self, weights: tf.Tensor) -> tf.Tensor:
        """As `Cell.arranged`."""
        i, f, candidate, o = tf.split(weights, 4, -1)
        return tf.concat([i, f, o, candidate], -1)

    def forward(
        self, projected: tf.Tensor, state: Tensors, weights: Tensors, seen: Seen | None
    ) -> tuple[Tensors, Tensors]:
        """As `Cell.forward`; kept: h, c, [i, f, o], candidate, tanh(c)."""
        units = int(state[0].shape[-1])
        recurrent = weights[0]

        def step(state: Tensors, parts: Tensors) -> tuple[Tensors, Tensors]:
            h, c = state
            sums = tf.matmul(h, recurrent) + parts[0]
            gates, candidate = tf.split(sums, [3 * units, units], 1)
            gates, candidate = tf.sigmoid(gates), tf.tanh(candidate)
            i, f, o = tf.split(gates, 3, 1)
            new_c = f * c + i * candidate
            bent = tf.tanh(new_c)
            new_h = _held(o * bent, h, parts[1:])
            new_c = _held(new_c, c, parts[1:])
            return (new_h, new_c), (new_h, new_c, gates, candidate, bent)

        return scan(step, (projected, *_masks(seen)), state)

    def backward(
        self,
        kept: Tensors,
        state: Tensors,
        weights: Tensors,
        seen: Seen | None,
        of_outputs: tf.Tensor | None,
        of_state: Tensors,
    ) -> Backward:
        """As `Cell.backward`."""
        _, c, gates, candidate, bent = kept
        i, f, o = tf.split(gates, 3, 2)
        into_c = o * (1.0 - bent * bent)
        slopes = gates * (1.0 - gates) * tf.concat([candidate, before(c, state[1]), bent], 2)
        slopes = tf.concat([slopes, i * (1.0 - candidate * candidate)], 2)
        if seen is not None:
            into_c, slopes = into_c * seen.there, slopes * seen.there
            f = f * seen.there + seen.missing
        back = tf.transpose(weights[0])
        n_inputs = 0 if of_outputs is None else 1

        def step(state: Tensors, parts: Tensors) -> tuple[Tensors, Tensors]:
            dh, dc = state
            into_c, slopes, f, *others = parts
            if of_outputs is not None:
                dh = dh + others[0]
            dc = dh * into_c + dc
            gradient = slopes * tf.concat([dc, dc, dh, dc], 1)
            new_dh = tf.matmul(gradient, back)
            for missing in others[n_inputs:]:
                new_dh = new_dh + missing * dh
            return (new_dh, dc * f), (gradient,)

        given = () if of_outputs is None else (of_outputs,)
        masks = () if seen is None else (seen.missing,)
        before_all, (gradient,) = scan(
            step, (into_c, slopes, f, *given, *masks), of_state, is_reversed=True
        )
        return Backward(gradient, gradient, before_all)


class _InOrder:
    """A cell that has Keras's order of gates."""

    def arranged(self, weights: tf.Tensor) -> tf.Tensor:
        """As `Cell.arranged`."""
        return weights


class GruCell(_InOrder):
    """Cho et al. 2014, as cuDNN computes it: the reset gate works on the recurrent product.

    Gates in Keras's order: update, reset, candidate.
    """

    def forward(
        self, projected: tf.Tensor, state: Tensors, weights: Tensors, seen: Seen | None
    ) -> tuple[Tensors, Tensors]:
        """As `Cell.forward`; kept: h, [z, r], candidate, recurrent product of the candidate."""
        units = int(state[0].shape[-1])
        recurrent, *biases = weights

        def step(state: Tensors, parts: Tensors) -> tuple[Tensors, Tensors]:
            (h,) = state
            inner = tf.matmul(h, recurrent)
            for bias in biases:
                inner = tf.nn.bias_add(inner, bias)
            x_gates, x_candidate = tf.split(parts[0], [2 * units, units], 1)
            h_gates, h_candidate = tf.split(inner, [2 * units, units], 1)
            gates = tf.sigmoid(x_gates + h_gates)
            z, r = tf.split(gates, 2, 1)
            candidate = tf.tanh(x_candidate + r * h_candidate)
            new_h = _held(candidate + z * (h - candidate), h, parts[1:])
            return (new_h,), (new_h, gates, candidate, h_candidate)

        return scan(step, (projected, *_masks(seen)), state)

    def backward(
        self,
        kept: Tensors,
        state: Tensors,
        weights: Tensors,
        seen: Seen | None,
        of_outputs: tf.Tensor | None,
        of_state: Tensors,
    ) -> Backward:
        """As `Cell.backward`."""
        h, gates, candidate, h_candidate = kept
        z, r = tf.split(gates, 2, 2)
        bend = (1.0 - z) * (1.0 - candidate * candidate)
        to_update = (before(h, state[0]) - candidate) * z * (1.0 - z)
        to_reset = bend * h_candidate * r * (1.0 - r)
        # Of the recurrent product; of the projected inputs only the candidate's differs.
        slopes = tf.concat([to_update, to_reset, bend * r], 2)
        if seen is not None:
            slopes, bend = slopes * seen.there, bend * seen.there
            z = z * seen.there + seen.missing
        back = tf.transpose(weights[0])

        def step(state: Tensors, parts: Tensors) -> tuple[Tensors, Tensors]:
            (dh,) = state
            slopes, z, *given = parts
            for of_output in given:
                dh = dh + of_output
            gradient = slopes * tf.concat([dh, dh, dh], 1)
            return (tf.matmul(gradient, back) + dh * z,), (gradient, dh)

        given = () if of_outputs is None else (of_outputs,)
        before_all, (recurrent, dh) = scan(step, (slopes, z, *given), of_state, is_reversed=True)
        gates_part = recurrent[:, :, : 2 * int(z.shape[-1])]
        return Backward(tf.concat([gates_part, dh * bend], 2), recurrent, before_all)


class PlainCell(_InOrder):
    """Elman 1990, with the hyperbolic tangent."""

    def forward(
        self, projected: tf.Tensor, state: Tensors, weights: Tensors, seen: Seen | None
    ) -> tuple[Tensors, Tensors]:
        """As `Cell.forward`; kept: h, and h as if all steps were there."""

        def step(state: Tensors, parts: Tensors) -> tuple[Tensors, Tensors]:
            (h,) = state
            new = tf.tanh(tf.matmul(h, weights[0]) + parts[0])
            held = _held(new, h, parts[1:])
            return (held,), (held, new) if parts[1:] else (held,)

        return scan(step, (projected, *_masks(seen)), state)

    def backward(
        self,
        kept: Tensors,
        state: Tensors,
        weights: Tensors,
        seen: Seen | None,
        of_outputs: tf.Tensor | None,
        of_state: Tensors,
    ) -> Backward:
        """As `Cell.backward`."""
        slopes = 1.0 - kept[-1] * kept[-1]
        if seen is not None:
            slopes = slopes * seen.there
        back = tf.transpose(weights[0])
        n_inputs = 0 if of_outputs is None else 1

        def step(state: Tensors, parts: Tensors) -> tuple[Tensors, Tensors]:
            (dh,) = state
            slopes, *others = parts
            if of_outputs is not None:
                dh = dh + others[0]
            gradient = slopes * dh
            new_dh = tf.matmul(gradient, back)
            for missing in others[n_inputs:]:
                new_dh = new_dh + missing * dh
            return (new_dh,), (gradient,)

        given = () if of_outputs is None else (of_outputs,)
        masks = () if seen is None else (seen.missing,)
        before_all, (gradient,) = scan(step, (slopes, *given, *masks), of_state, is_reversed=True)
        return Backward(gradient, gradient, before_all)
