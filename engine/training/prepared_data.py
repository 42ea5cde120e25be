"""From a spec to what a training needs: data loaded, divided, prepared; open choices closed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from engine.datasets import load_examples
from engine.datasets.anomaly import only_usual, with_unusual_class
from engine.datasets.base import AnyArray, Dataset, Examples, Progress, silent
from engine.datasets.content import Content, noting_content
from engine.datasets.corrections.applying import corrected
from engine.datasets.division import division_findings, without_divider
from engine.datasets.formats import FileDataset
from engine.datasets.leakage import across_parts
from engine.datasets.packed_cache import noting_packed
from engine.datasets.packing import packed, readable
from engine.datasets.profile import profile
from engine.datasets.sequences.offer import series_offer
from engine.datasets.split import Parts, split
from engine.events.profile import Profile, Trace
from engine.preprocessing import Preprocessing
from engine.preprocessing.scope import Scope
from engine.spec.plugins.record import Group
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Output, Signature
from engine.training.defaults import preparation, resolve


@dataclass(frozen=True)
class DividedData:
    """Loaded and divided data, with what is done to it.

    Attributes:
        dataset: Where it is from.
        examples: All of it.
        parts: Which example is in which part.
        preprocessing: Fitted on the training part.
        signature: What the network receives.
    """

    dataset: Dataset
    examples: Examples
    parts: Parts
    preprocessing: Preprocessing
    signature: Signature

    @property
    def scope(self) -> Scope:
        """What changes at random may touch."""
        return Scope.of(self.examples, self.preprocessing)

    def profile(self, source: str, seed: int = 0) -> Profile:
        """What was found, small enough to send to a window."""
        examples, dataset = self.examples, self.dataset
        found = across_parts(examples, self.parts)
        return profile(
            source,
            dataset.title,
            replace(
                examples,
                findings=(
                    *examples.findings,
                    *series_offer(examples),
                    *division_findings(examples, self.parts),
                    *found,
                ),
                facts=(*examples.facts, *self.preprocessing.facts),
                traces=_with_ends(examples, self.parts),
            ),
            self.signature,
            self.parts.sizes,
            seed,
            dataset.format.name if isinstance(dataset, FileDataset) else "",
            self.parts.method,
        )

    def training_weights(
        self, class_weights: str
    ) -> np.ndarray[tuple[int], np.dtype[np.float32]] | None:
        """Weight of each example of the training part, (n_train,); None: all equal.

        Args:
            class_weights: As in `TrainingSpec`.
        """
        examples, train = self.examples, self.parts.train
        weights: AnyArray | None = None if examples.weights is None else examples.weights[train]
        if class_weights == "balanced" and examples.output is Output.CLASSES:
            by_class = balanced_weights(examples.y[train], len(examples.class_names))
            of_class = by_class[examples.y[train]]
            weights = of_class if weights is None else weights * of_class
        return None if weights is None else weights.astype(np.float32)


@dataclass(frozen=True)
class PreparedData(DividedData):
    """Prepared data whose files are all read.

    Attributes:
        spec: Fits the data; every open choice is closed.
        packed_names: What of the cache on disk it uses.
        content: Its files, and what was seen of them.
    """

    spec: RunSpec
    packed_names: frozenset[str] = frozenset()
    content: Content = field(default_factory=Content)

    @property
    def names(self) -> tuple[tuple[Group, str], ...]:
        """Everything that was picked by a name, and so may come from another package."""
        data = (Group.DATASETS, self.dataset.name)
        if isinstance(self.dataset, FileDataset):
            data = (Group.FORMATS, self.dataset.format.name)
        return (
            data,
            (Group.ARCHITECTURES, self.spec.model.chosen),
            *((Group.AUGMENTATIONS, name) for name in self.spec.augmentation.plugins),
        )


def _with_ends(examples: Examples, parts: Parts) -> tuple[Trace, ...]:
    """The series, with the times at which the training and the validation part end."""
    order = examples.order
    if parts.method != "time" or order is None:
        return examples.traces
    ends = tuple(float(order[part].max()) for part in (parts.train, parts.validation) if len(part))
    return tuple(replace(trace, ends=ends) for trace in examples.traces)


def balanced_weights(
    y: np.ndarray[tuple[int], np.dtype[np.int64]], n_classes: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Weight of each class, n / (classes × examples of the class), as scikit-learn's `balanced`.

    Args:
        y: Class indices, (n,).
        n_classes: How many classes there are; absent ones weigh 0.
    """
    counts = np.bincount(y, minlength=n_classes)
    present = np.count_nonzero(counts)
    return np.where(counts > 0, len(y) / (present * np.maximum(counts, 1)), 0.0)


def look(spec: RunSpec, progress: Progress = silent, opens: bool = True) -> DividedData:
    """Loads and divides data; the model does not matter.

    Args:
        spec: Its model may be missing.
        progress: Told how far it is.
        opens: Open files, where they are not too many, so that only those count that can be read.

    Raises:
        SpecError: A parameter of the data is wrong.
        DatasetError: The data cannot be read or divided.
        Cancelled: Someone asked to stop.
    """
    dataset, examples = load_examples(spec.data, progress)
    return _prepared(dataset, readable(examples, progress) if opens else examples, spec)


def prepare(spec: RunSpec, progress: Progress = silent) -> PreparedData:
    """Loads, reads and divides the data of a spec and closes its open choices.

    Raises:
        SpecError: The spec does not fit the data.
        DatasetError: The data cannot be read or divided.
        Cancelled: Someone asked to stop.
    """
    with noting_packed() as names, noting_content() as content:
        dataset, examples = load_examples(spec.data, progress)
        found = _prepared(dataset, packed(examples, progress), spec)
    # The dataset's own name is the absolute path of a file, which holds from any folder.
    data = spec.data.model_copy(update={"source": dataset.name})
    resolved = resolve(
        spec.model_copy(update={"data": data}), found.signature, dataset.recommended_model
    )
    return PreparedData(
        **vars(found), spec=resolved, packed_names=frozenset(names), content=content
    )


def _prepared(dataset: Dataset, examples: Examples, spec: RunSpec) -> DividedData:
    examples = with_unusual_class(examples, spec.anomaly)
    parts = split(examples, spec.split, spec.seed)
    # Divided as the data is: corrections move nothing from one part to another.
    examples, parts = corrected(examples, parts, spec.data, dataset.name)
    parts = only_usual(examples, parts, spec.anomaly)
    examples = without_divider(examples, spec.split, parts)
    wanted = preparation(spec, examples.kind, examples.task, dataset.recommended_model)
    preprocessing = Preprocessing.fit(examples, parts.train, wanted)
    signature = replace(preprocessing.signature(examples), n_train=len(parts.train))
    return DividedData(dataset, examples, parts, preprocessing, signature)
