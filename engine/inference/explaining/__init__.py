"""Why a model says what it says of an example. Imported by workers only.

To add a way to explain: a file with a `Method`, and a line here.
"""

from __future__ import annotations

from engine.inference.explaining.base import Method
from engine.inference.explaining.grad_cam import GradCam
from engine.inference.explaining.integrated_gradients import IntegratedGradients
from engine.inference.explaining.leave_one_out import LeaveOneOut
from engine.inference.explaining.occlusion import Occlusion
from engine.inference.explaining.reconstruction import Reconstruction
from engine.inference.explaining.shapley import Shapley
from engine.inference.explaining.subject import Subject
from engine.spec.registry import Registry

__all__ = ["METHODS", "Method", "Subject", "methods_for"]

METHODS: Registry[Method] = Registry(
    "method",
    [
        Reconstruction(),
        GradCam(),
        IntegratedGradients(),
        Shapley(),
        LeaveOneOut(),
        Occlusion(),
    ],
)


def methods_for(subject: Subject) -> tuple[Method, ...]:
    """Those that can explain what a network says of its data; the first is taken by default."""
    fitting = [method for method in METHODS if method.fits(subject)]
    return tuple(sorted(fitting, key=lambda method: method.rank(subject)))
