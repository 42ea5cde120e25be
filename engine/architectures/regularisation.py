"""Remedies for overfitting that several architectures offer, declared once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from engine.spec.parameters import parameter

if TYPE_CHECKING:
    import keras

Regularisation = Literal["none", "l1", "l2"]


def dropout_parameter(default: float, what: str) -> Any:
    """Declares Dropout.

    Args:
        default: Share that is switched off where nobody chooses.
        what: What is switched off, in words.
    """
    return parameter(
        default,
        label="Dropout",
        help=f"Share of {what} switched off at random in each training step; "
        "a remedy for overfitting.",
        ge=0.0,
        le=0.9,
    )


def regularisation_parameter() -> Any:
    """Declares which penalty there is."""
    return parameter(
        "none",
        label="Regularisation",
        help="A penalty on large weights, a remedy for overfitting: 'l2' keeps all of them small, "
        "'l1' sets useless ones to zero.",
    )


def strength_parameter(default: float) -> Any:
    """Declares how much the penalty counts."""
    return parameter(
        default,
        label="Regularisation strength",
        help="Weight of the penalty in the loss. Used only with l1 or l2.",
        gt=0.0,
        le=10.0,
    )


def penalty(name: Regularisation, strength: float) -> keras.regularizers.Regularizer | None:
    """Keras's regularizer of this name; None for none."""
    import keras

    match name:
        case "l1":
            return keras.regularizers.L1(strength)
        case "l2":
            return keras.regularizers.L2(strength)
        case _:
            return None
