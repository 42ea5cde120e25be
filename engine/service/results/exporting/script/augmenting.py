"""What is changed at random in each step, in plain TensorFlow."""

from __future__ import annotations

from engine.preprocessing.augmentation import changes_something
from engine.service.results.exporting.script.subject import NotWritten, Subject


def augmenting_code(subject: Subject) -> tuple[str, tuple[str, ...]]:
    """A function ``changed`` of a batch and a seed; empty where nothing is changed.

    Raises:
        NotWritten: It is changed in a way that has no code here.
    """
    if not changes_something(subject.spec.augmentation):
        return "", ()
    raise NotWritten("Augmentation.")
