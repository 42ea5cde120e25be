"""Handwritten digits that come with scikit-learn, as 28×28 images."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.spec.signature import Kind, Task

_SOURCE_SIZE = 8
_SOURCE_MAXIMUM = 16.0
_SIZE = 28


class Digits(Dataset):
    """1,797 digits of the UCI "Optical Recognition of Handwritten Digits" data."""

    name = "digits"
    title = "Handwritten digits"
    description = (
        "1,797 handwritten digits, 0 to 9, as grey images of 28×28 pixels (enlarged from 8×8). "
        "From the UCI repository, shipped with scikit-learn."
    )
    kind = Kind.IMAGE
    task = Task.CLASSIFICATION
    recommended_model = "cnn"

    def load(self, parameters: Any, progress: Progress = silent) -> Examples:
        """Returns x as uint8 (n_samples, 28, 28, 1) and y as the digits themselves."""
        from scipy import ndimage
        from sklearn.datasets import load_digits

        images, digits = load_digits(return_X_y=True)
        images = images.reshape(-1, _SOURCE_SIZE, _SOURCE_SIZE)
        zoom = _SIZE / _SOURCE_SIZE
        # grid_mode aligns the pixels' edges, not their centres: the usual image resize.
        large = ndimage.zoom(images, (1, zoom, zoom), order=1, mode="nearest", grid_mode=True)
        return Examples(
            x=np.rint(large * (255.0 / _SOURCE_MAXIMUM)).astype(np.uint8)[..., np.newaxis],
            y=digits.astype(np.int64),
            kind=self.kind,
            task=self.task,
            target_name="digit",
            class_names=tuple(str(digit) for digit in range(10)),
        )
