"""What every kind of input offers between raw rows and the network, and the ways of numbers.

A transform does its arithmetic in NumPy while training, and as Keras operations in the model that
is saved, so that the model's file takes raw rows. Tests hold the two equal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from engine.datasets.base import AnyArray
from engine.preprocessing.scaling import FloatArray, fit_columns

if TYPE_CHECKING:
    import keras

IMAGE_MAXIMUM = 255.0


class InputTransform(ABC):
    """A fitted way from raw rows to what the network receives.

    Attributes:
        type: Its name in files.
        raw_shape: Shape of one raw row.
        output_shape: Shape of one example for the network.
        n_tokens: Where the output is token ids: how many there are; else 0.
        n_separators: As in `engine.spec.signature.Signature`.
        feature_names: One per column of the output, for tables; else empty.
        category_sizes: As in `engine.spec.signature.Signature`.
    """

    type: ClassVar[str]
    raw_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    n_tokens: int = 0
    n_separators: int = 0
    feature_names: tuple[str, ...] = ()

    @property
    def category_sizes(self) -> tuple[int, ...]:
        return ()

    @abstractmethod
    def transform(self, rows: AnyArray) -> AnyArray:
        """Returns (n, *output_shape): float32, or int32 for token ids."""

    def build(self, reserved: Collection[str] = ()) -> tuple[Any, keras.KerasTensor]:
        """Returns Keras's input of raw rows (or inputs by name), and what the network receives.

        By default the network's own input, for transforms that Keras cannot express.

        Args:
            reserved: Names that no input may take, as the layers behind it have them.
        """
        import keras

        dtype = "int32" if self.n_tokens else "float32"
        inputs = keras.Input(self.output_shape, dtype=dtype, name="inputs")
        return inputs, inputs

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What people should know of it, as label and value."""
        return ()

    def linear_terms(self) -> tuple[FloatArray, FloatArray]:
        """Offset and scale of each feature, (features,), for reading coefficients off."""
        n_features = int(np.prod(self.output_shape))
        return np.zeros(n_features), np.ones(n_features)

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values, without the type."""

    @classmethod
    @abstractmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuilds what `to_dict` returned."""


class ScaledInputs(InputTransform):
    """Numbers, ``(value - offset) / scale``; series by channel, images divided by 255.

    Args:
        raw_shape: Shape of one row.
        offset: Subtracted, of a shape that broadcasts to `raw_shape`.
        scale: Divides, likewise; never 0.
        feature_names: Columns of a table.
    """

    type = "scaled"

    def __init__(
        self,
        raw_shape: tuple[int, ...],
        offset: FloatArray,
        scale: FloatArray,
        feature_names: tuple[str, ...] = (),
    ) -> None:
        self.raw_shape = self.output_shape = raw_shape
        self.offset, self.scale = offset, scale
        self.feature_names = feature_names

    @classmethod
    def of_images(cls, raw_shape: tuple[int, ...], scaling: str) -> ScaledInputs:
        """Divides by 255 unless `scaling` is ``none``."""
        return cls(raw_shape, np.zeros(()), np.asarray(1.0 if scaling == "none" else IMAGE_MAXIMUM))

    @classmethod
    def fit(cls, rows: AnyArray, scaling: str, feature_names: tuple[str, ...] = ()) -> ScaledInputs:
        """Learns an offset and a scale for each number of the last axis.

        Args:
            rows: Of the training part, (n, *raw_shape).
            scaling: ``standard``, ``minmax`` or ``none``.
            feature_names: Columns of a table.
        """
        offset, scale = fit_columns(rows.reshape(-1, rows.shape[-1]), scaling)
        return cls(rows.shape[1:], offset, scale, feature_names)

    def transform(self, rows: AnyArray) -> AnyArray:
        if self.offset.ndim == 0:
            # Images are many: no float64 copy of them.
            return np.divide(rows, self.scale, dtype=np.float32, casting="unsafe")
        return ((rows.astype(np.float64) - self.offset) / self.scale).astype(np.float32)

    def linear_terms(self) -> tuple[FloatArray, FloatArray]:
        return (
            np.broadcast_to(self.offset, self.raw_shape).ravel(),
            np.broadcast_to(self.scale, self.raw_shape).ravel(),
        )

    def build(self, reserved: Collection[str] = ()) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Images as float32; other numbers as float64, from which the offset is taken first.

        Seconds since 1970 have more digits than float32 holds.
        """
        import keras

        if self.offset.ndim == 0:
            inputs = keras.Input(self.raw_shape, name="inputs")
            return inputs, keras.layers.Rescaling(float(1.0 / self.scale), name="scaling")(inputs)
        inputs = keras.Input(self.raw_shape, dtype="float64", name="inputs")
        scaled = keras.ops.divide(keras.ops.subtract(inputs, self.offset), self.scale)
        return inputs, keras.ops.cast(scaled, "float32")

    def to_dict(self) -> dict[str, Any]:
        return {
            "raw_shape": list(self.raw_shape),
            "offset": self.offset.tolist(),
            "scale": self.scale.tolist(),
            "feature_names": list(self.feature_names),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ScaledInputs:
        return cls(
            tuple(values["raw_shape"]),
            np.asarray(values["offset"], dtype=np.float64),
            np.asarray(values["scale"], dtype=np.float64),
            tuple(values["feature_names"]),
        )
