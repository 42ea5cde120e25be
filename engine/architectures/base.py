"""What every architecture offers: declared parameters, a check against the data, a Keras model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from engine.errors import Problem
from engine.spec.parameters import Parameters
from engine.spec.signature import (
    MAX_EMBEDDING,
    Kind,
    Signature,
    Task,
    embedding_width,
    output_activation,
)

if TYPE_CHECKING:
    import keras

    from engine.architectures.known_examples import KnownExamples


@dataclass(frozen=True)
class TrainingDefaults:
    """How this architecture is usually trained.

    Attributes:
        optimizer, learning_rate, epochs, batch_size: As in `TrainingSpec`.
        weight_decay: As there; None: the optimizer's own.
        augmentation: Of `AugmentationSpec`, what may be left open and is not 0.
        patience: As in `StoppingSpec`; None: by the number of epochs, as `usual_patience` says.
    """

    optimizer: str
    learning_rate: float
    epochs: int
    batch_size: int
    weight_decay: float | None = None
    patience: int | None = None
    augmentation: Mapping[str, float] = field(default_factory=dict)


class Architecture(ABC):
    """A family of networks.

    Attributes:
        name: What people type.
        title: What people read.
        short_title: What they read where room is scarce, and in the names of runs.
        summary: One or two sentences: the idea, and when to use it.
        formula: The idea as a formula in plain text; may be empty.
        kinds: Kinds of data it fits.
        tasks: Tasks it can learn.
        parameters: Its declared parameters.
        defaults: How it is usually trained.
        prepares: How what it takes is prepared where nobody says otherwise: settings of
            `PreprocessingSpec` by name, ``scaling``, ``categories`` and ``tokens``.
        recommended_for: Kinds of data and tasks it is the one to start with for, and why: a
            sentence that people read beside it.
        smaller: Settings that are taken instead of the defaults where data is too small for those
            (`check` says so), the first that fit: such as fewer blocks for images of few pixels.
        reading: Books and papers to go on with, by author, year and title.
        embeds_categories: It takes `Signature.category_sizes`, by `embedded`.
        convolves_images: Of images it learns filters, which can be looked at.
        computes: What `start` sets weights to, in words; empty: nothing.
        transfers: It can begin with the weights of another network of its kind.
        is_linear: Its only weights are one kernel and one bias, so coefficients can be read off.
        is_autoregressive: It writes one token after another. The network's input is (batch,
            tokens of the source + target_length), int32: the source, then the target shifted by
            one with `n_classes` as its first token; its output the probabilities of each token of
            the target. `engine.inference.decoding` asks it token by token when it predicts.

    Example::

        class WideParameters(Parameters):
            units: int = parameter(64, label="Units", help="Width of the layer.", ge=1, le=4096)

        class Wide(Architecture):
            name, title, short_title = "wide", "One wide layer", "Wide"
            summary = "A single hidden layer, as wide as you like."
            kinds, tasks, parameters = (Kind.TABLE,), (Task.CLASSIFICATION,), WideParameters
            defaults = TrainingDefaults("adam", 0.01, epochs=20, batch_size=32)

            def build(self, signature, parameters):
                import keras  # here, not above: the window imports this file

                inputs = keras.Input(signature.input_shape)
                hidden = keras.layers.Dense(parameters.units, activation="relu")(inputs)
                return keras.Model(inputs, output_layer(signature)(hidden))
    """

    name: str
    title: str
    short_title: str
    summary: str
    formula: str = ""
    kinds: tuple[Kind, ...]
    tasks: tuple[Task, ...]
    parameters: type[Parameters]
    defaults: TrainingDefaults
    prepares: ClassVar[Mapping[str, str]] = {}
    recommended_for: ClassVar[Mapping[tuple[Kind, Task], str]] = {}
    smaller: tuple[Mapping[str, Any], ...] = ()
    reading: tuple[str, ...] = ()
    computes: str = ""
    convolves_images: bool = False
    transfers: bool = False
    is_linear: bool = False
    is_autoregressive: bool = False
    embeds_categories: bool = False

    def smaller_in(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Which of `smaller` settings like these are; empty: none."""
        fitting = [
            smaller
            for smaller in self.smaller
            if all(values.get(name) == value for name, value in smaller.items())
        ]
        return max(fitting, key=len, default={})

    def title_of(self, values: Mapping[str, Any]) -> str:
        """What people call it, set like this: the short title, unless it has one of its own.

        Args:
            values: Its settings by name; any may be missing.
        """
        return self.short_title

    def misfit(self, kind: Kind, task: Task) -> str:
        """Says why this architecture does not fit such data; empty where it fits."""
        if kind not in self.kinds:
            return f"{self.title} is for {_listing(self.kinds)} data; this is {kind.value} data."
        if task not in self.tasks:
            return f"{self.title} is for {_listing(self.tasks)}; this data asks for {task.value}."
        return ""

    def defaults_for(self, signature: Signature) -> TrainingDefaults:
        """How it is usually trained on such data."""
        return self.defaults

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        """Finds settings that cannot work on data of this shape.

        Returns:
            Problems whose fields are names in `self.parameters`.
        """
        return []

    @abstractmethod
    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        """Returns an uncompiled model.

        Its input is (batch, *signature.input_shape), scaled; its output (batch, n_outputs):
        a sigmoid or softmax for classification, a sigmoid for each of several labels, linear for
        regression.
        """

    def start(  # noqa: B027 - most have nothing to compute
        self, network: keras.Model, parameters: Parameters, known: KnownExamples
    ) -> None:
        """Sets first weights that can be computed from the examples, where there are such.

        Asked once, before the first step of a run; not where a run goes on.
        """


def _listing(items: tuple[Kind, ...] | tuple[Task, ...]) -> str:
    return " or ".join(item.value for item in items)


P = TypeVar("P", bound=Parameters)


def require(parameters: Parameters, kind: type[P]) -> P:
    """Returns `parameters` as `kind`.

    Raises:
        TypeError: They belong to another architecture.
    """
    if not isinstance(parameters, kind):
        raise TypeError(f"Expected {kind.__name__}. Received: {type(parameters).__name__}.")
    return parameters


def embedded(
    features: keras.KerasTensor, signature: Signature, most: int = MAX_EMBEDDING
) -> keras.KerasTensor:
    """Puts a few learnt numbers in the place of each category's index.

    Args:
        features: (batch, features), of which the last are indices, as `signature.category_sizes`
            says.
        signature: Of the data.
        most: Numbers that a category becomes, at most.

    Returns:
        (batch, more features); `features` itself where no categories are embedded. A category of
        n values becomes min(50, (n + 1) // 2) numbers, as Guo and Berkhahn's "Entity Embeddings of
        Categorical Variables" (2016) is commonly applied.
    """
    import keras

    sizes = signature.category_sizes
    if not sizes:
        return features
    n_plain = signature.input_shape[0] - len(sizes)
    parts = [features[:, :n_plain]] if n_plain else []
    for place, size in enumerate(sizes):
        index = keras.ops.cast(features[:, n_plain + place], "int32")
        width = min(most, embedding_width(size))
        parts.append(keras.layers.Embedding(size, width, name=f"category_{place + 1}")(index))
    return (
        keras.layers.Concatenate(name="features_and_categories")(parts) if parts[1:] else parts[0]
    )


def output_layer(signature: Signature, **options: Any) -> keras.layers.Layer:
    """The last layer for a task: linear, one sigmoid unit, a sigmoid each, or a softmax."""
    import keras

    activation = output_activation(signature)
    return keras.layers.Dense(signature.n_outputs, activation=activation, name="output", **options)
