"""What is to be learnt: the kind of data, the task, and the shapes a model must fit."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

MAX_EMBEDDING = 50
_MAX_SIZE = 1 << 40


class Kind(StrEnum):
    """What one example is."""

    TABLE = "table"
    IMAGE = "image"
    TEXT = "text"
    AUDIO = "audio"
    VIDEO = "video"
    SERIES = "series"


class Task(StrEnum):
    """What the model predicts."""

    CLASSIFICATION = "classification"
    MULTILABEL = "multilabel"
    REGRESSION = "regression"
    FORECASTING = "forecasting"
    TRANSLATION = "translation"
    TRANSCRIPTION = "transcription"
    CONTROL = "control"
    ANOMALY = "anomaly"


class Output(StrEnum):
    """What a prediction consists of, whatever the task is called."""

    CLASSES = "classes"
    LABELS = "labels"
    NUMBERS = "numbers"
    TOKENS = "tokens"


@dataclass(frozen=True)
class Signature:
    """Everything an architecture needs to know of the data, as the network receives it.

    Attributes:
        kind: What one example is.
        task: What is predicted.
        input_shape: Shape of one example for the network: (features,) of a table, (height, width,
            channels) of an image, (tokens,) of a text, (frames, bands, 1) of a recording's
            spectrogram, (frames, height, width, channels) of a clip, (steps, channels) of a series.
        n_classes: Number of classes, or of labels where an example may have several; of tasks that
            predict tokens, how many tokens there are, padding (token 0) included. 0 where numbers
            are predicted.
        n_values: How many numbers are predicted at once: 1 for regression, the horizon for
            forecasting, the action's dimensions for control. For anomalies the network's one output
            is the score itself, and training makes it small.
        n_tokens: Where the input is a text: how many tokens there are, padding (token 0) and
            unknown ones (token 1) included; else 0.
        target_length: Where tokens are predicted: how many at most; else 0.
        category_sizes: Of a table, where categories are to be embedded: the last features of each
            example are indices of categories, from 0, and this is how many there are of each.
        n_separators: Where tokens are letters without regard to case: how many of them stand
            between words, such as spaces and full stops; they are the tokens from 2 on, the space
            first. Else 0.
        n_train: Examples to train with, where that is known; else 0. Two signatures that differ
            in nothing else are the same: any model of the one fits the other.
    """

    kind: Kind
    task: Task
    input_shape: tuple[int, ...]
    n_classes: int = 0
    n_values: int = 1
    n_tokens: int = 0
    target_length: int = 0
    category_sizes: tuple[int, ...] = ()
    n_separators: int = 0
    n_train: int = field(default=0, compare=False)

    @property
    def output(self) -> Output:
        """What a prediction consists of."""
        return output_of(self.task, self.n_classes)

    @property
    def is_binary(self) -> bool:
        """Two classes, predicted by one sigmoid unit."""
        return self.output is Output.CLASSES and self.n_classes == 2

    @property
    def n_outputs(self) -> int:
        """Units of the output layer (for tokens: at each position)."""
        if self.output is Output.NUMBERS:
            return self.n_values
        return 1 if self.is_binary else self.n_classes

    @property
    def n_inputs(self) -> int:
        """Numbers in one example."""
        return math.prod(self.input_shape)

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Signature:
        """Rebuilds what `to_dict` returned; what an older version did not know has its default.

        Raises:
            KeyError, TypeError, ValueError: The values are of something else.
        """
        return cls(
            Kind(values["kind"]),
            Task(values["task"]),
            _sizes(values["input_shape"]),
            _size(values["n_classes"]),
            _size(values.get("n_values", 1)),
            _size(values.get("n_tokens", 0)),
            _size(values.get("target_length", 0)),
            _sizes(values.get("category_sizes", [])),
            _size(values.get("n_separators", 0)),
            _size(values.get("n_train", 0)),
        )


def _sizes(values: Any) -> tuple[int, ...]:
    if not isinstance(values, list | tuple):
        raise TypeError(f"sizes are a list. Received: {values!r}")
    return tuple(map(_size, values))


def _size(value: Any) -> int:
    """A count that was read, from 0 to `_MAX_SIZE`."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_SIZE:
        raise TypeError(f"sizes are whole numbers. Received: {value!r}")
    return value


def output_of(task: Task, n_classes: int) -> Output:
    """What a prediction consists of; control is of classes where its actions are."""
    if task in (Task.TRANSLATION, Task.TRANSCRIPTION):
        return Output.TOKENS
    if task is Task.ANOMALY:
        return Output.NUMBERS
    if task is Task.MULTILABEL:
        return Output.LABELS
    return Output.CLASSES if n_classes else Output.NUMBERS


def output_activation(signature: Signature) -> str:
    """What the last layer of a network for such data ends with, by Keras's name."""
    if signature.task is Task.TRANSCRIPTION or signature.output is Output.NUMBERS:
        return "linear"
    return "sigmoid" if signature.is_binary or signature.output is Output.LABELS else "softmax"


def metrics_of(signature: Signature) -> tuple[str, ...]:
    """What is watched beside the loss, by Keras's names."""
    if signature.task is Task.ANOMALY:
        return ()  # the loss is the mean score already
    if signature.task is Task.TRANSCRIPTION:
        return ()  # positions of the output and of the text do not correspond
    if signature.output is Output.LABELS:
        return ("binary_accuracy",)
    return ("mean_absolute_error",) if signature.output is Output.NUMBERS else ("accuracy",)


def embedding_width(n_categories: int) -> int:
    """Numbers that are learnt for each of so many categories: half of them, at most 50.

    The rule of Guo and Berkhahn (2016), "Entity embeddings of categorical variables", as fastai
    used it first.
    """
    return min(MAX_EMBEDDING, (n_categories + 1) // 2)
