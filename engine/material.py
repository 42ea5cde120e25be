"""From a spec to what a training needs: data loaded, divided, scaled; open choices closed."""

from __future__ import annotations

from dataclasses import dataclass

from engine.datasets import load_examples
from engine.datasets.base import Dataset, Examples
from engine.datasets.profile import Profile, profile
from engine.datasets.split import Parts, split
from engine.defaults import resolve
from engine.preprocessing import Preprocessing
from engine.spec import RunSpec


@dataclass(frozen=True)
class Material:
    """Loaded and divided data, with a spec that fits it."""

    spec: RunSpec
    dataset: Dataset
    examples: Examples
    parts: Parts
    preprocessing: Preprocessing

    @property
    def profile(self) -> Profile:
        return profile(self.spec.data.source, self.dataset.title, self.examples, self.parts.sizes)


def prepare(spec: RunSpec) -> Material:
    """Loads and divides the data of a spec and closes its open choices.

    Raises:
        SpecError: The spec does not fit the data.
        DatasetError: The data cannot be read or divided.
    """
    dataset, examples = load_examples(spec.data)
    # The dataset's own name is the absolute path of a file, which holds from any folder.
    data = spec.data.model_copy(update={"source": dataset.name})
    resolved = resolve(spec.model_copy(update={"data": data}), examples.signature)
    parts = divide(examples, resolved)
    preprocessing = Preprocessing.fit(examples, parts.train, resolved.preprocessing)
    return Material(resolved, dataset, examples, parts, preprocessing)


def divide(examples: Examples, spec: RunSpec) -> Parts:
    """Divides examples as a spec says.

    Raises:
        DatasetError: There are too few of them.
    """
    return split(examples.y, examples.task, spec.split, spec.seed, examples.class_names)
