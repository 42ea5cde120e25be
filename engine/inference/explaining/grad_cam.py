"""Grad-CAM: where the last convolution found what speaks for a class. Imported by workers only."""

from __future__ import annotations

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.explaining.base import Case, Contributions, Effort, Method
from engine.inference.explaining.readouts import Readout
from engine.inference.explaining.subject import Subject
from engine.preprocessing.scaling import FloatArray
from engine.spec.signature import Kind, Task

_KINDS = (Kind.IMAGE, Kind.AUDIO, Kind.VIDEO)


class GradCam(Method):
    """Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391.

    Each filter's answers, weighted by the mean slope of the class's score, before its activation,
    along them. The paper keeps what is above zero; what is below speaks for other classes, and is
    kept here with its sign.
    """

    name = "grad_cam"
    title = "Grad-CAM"
    reading = "Selvaraju et al. 2017, Grad-CAM: Visual Explanations from Deep Networks"
    summary = "Where the last convolution finds what speaks for it, and against it; coarse."

    def fits(self, subject: Subject) -> bool:
        signature = subject.signature
        if signature.kind not in _KINDS or signature.task is Task.ANOMALY:
            return False
        return subject.map_layer is not None

    def rank(self, subject: Subject) -> int:
        # A tone is as narrow as a band, of which the last convolution knows nothing.
        return 1 if subject.signature.kind is Kind.AUDIO else 0

    def explain(
        self, subject: Subject, case: Case, readout: Readout, effort: Effort
    ) -> Contributions:
        answers, slopes = subject.maps(case.prepared, readout)
        answers, slopes = answers[0].astype(np.float64), slopes[0].astype(np.float64)
        places = tuple(range(answers.ndim - 1))
        weights = slopes.mean(axis=places)
        found = _as_grid(answers @ weights, len(subject.input_shape) - 1, case.signature.kind)
        return Contributions(_enlarged(found, subject.input_shape[:-1]))


def _as_grid(found: FloatArray, n_axes: int, kind: Kind) -> FloatArray:
    if found.ndim == n_axes:
        return found
    if kind is Kind.AUDIO:  # a convolution along time alone
        return found[:, np.newaxis]
    side = round(len(found) ** 0.5)
    return found.reshape(side, side)


def _enlarged(values: AnyArray, shape: tuple[int, ...]) -> FloatArray:
    """A map as large as the input, between its values linearly."""
    from scipy.ndimage import zoom

    factors = [side / found for side, found in zip(shape, values.shape, strict=True)]
    large = zoom(values, factors, order=1, grid_mode=True, mode="nearest")
    return np.asarray(large, np.float64)
