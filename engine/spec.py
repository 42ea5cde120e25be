"""RunSpec: everything that determines a run, as validated JSON.

A spec may leave choices open (None); `engine.defaults.resolve` closes them for the data at hand,
and the resolved spec is what a run stores.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from engine.parameters import Parameters, parameter, validate
from engine.problem import Task

SCHEMA_VERSION: Literal[1] = 1

OptimizerName = Literal["sgd", "adam", "adamw", "rmsprop", "adagrad", "nadam"]
LossName = Literal[
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "binary_crossentropy",
    "sparse_categorical_crossentropy",
]


class DataSpec(Parameters):
    """Which examples: a built-in dataset by name, or a file by path."""

    source: str = Field(min_length=1, title="Data")
    target: str | None = parameter(
        None, label="Target", help="The column to predict. Built-in datasets know theirs."
    )
    task: Task | None = Field(None, title="Task")
    parameters: dict[str, Any] = Field(default_factory=dict)


class SplitSpec(Parameters):
    """How the examples are divided. Classification is stratified; the seed decides the rest."""

    validation: float = parameter(
        0.15,
        label="Validation part",
        help="Share of the examples kept aside to watch the model on data it does not learn from.",
        ge=0.0,
        le=0.8,
    )
    test: float = parameter(
        0.15,
        label="Test part",
        help="Share of the examples used once, at the end, for an honest result.",
        ge=0.0,
        le=0.8,
    )

    @model_validator(mode="after")
    def _leaves_training_data(self) -> Self:
        if self.validation + self.test > 0.9:
            raise ValueError(
                "Validation and test part together leave less than a tenth for training. "
                f"Received: {self.validation:g} + {self.test:g}."
            )
        return self


class PreprocessingSpec(Parameters):
    """What is done to the numbers before the network sees them; fitted on the training part."""

    scaling: Literal["standard", "minmax", "none"] = parameter(
        "standard",
        label="Scale inputs",
        help="'standard' gives each feature mean 0 and deviation 1, 'minmax' the range 0 to 1. "
        "Images are divided by 255 unless 'none'.",
    )
    target_scaling: Literal["standard", "none"] = parameter(
        "standard",
        label="Scale target",
        help="For regression: learn the target in standard deviations. "
        "Predictions and results are given in the target's own unit.",
    )


class ModelSpec(Parameters):
    """Which architecture, with which parameters."""

    name: str = Field(min_length=1, title="Model")
    parameters: dict[str, Any] = Field(default_factory=dict)


class TrainingSpec(Parameters):
    """How the weights are learnt. None means: chosen to fit the model and the task."""

    epochs: int | None = parameter(
        None,
        label="Epochs",
        help="How many times the model sees the whole training part.",
        ge=1,
        le=100_000,
    )
    batch_size: int | None = parameter(
        None,
        label="Batch size",
        help="Examples per step. Small batches learn in more, noisier steps.",
        unit="examples",
        ge=1,
        le=65_536,
    )
    optimizer: OptimizerName | None = parameter(
        None, label="Optimizer", help="The rule that turns gradients into steps, by Keras's name."
    )
    learning_rate: float | None = parameter(
        None,
        label="Learning rate",
        help="Size of a step. Too large diverges, too small crawls.",
        gt=0.0,
        le=100.0,
    )
    loss: LossName | None = parameter(
        None, label="Loss", help="What training makes small, by Keras's name.", advanced=True
    )
    keep: Literal["best", "last"] = parameter(
        "best",
        label="Keep weights of",
        help="'best' keeps the epoch with the lowest validation loss, 'last' the final epoch.",
        advanced=True,
    )


class RunSpec(Parameters):
    """A run, complete: data, split, preprocessing, model, training and seed."""

    schema_version: Literal[1] = SCHEMA_VERSION
    data: DataSpec
    split: SplitSpec = SplitSpec()
    preprocessing: PreprocessingSpec = PreprocessingSpec()
    model: ModelSpec
    training: TrainingSpec = TrainingSpec()
    seed: int = parameter(
        0,
        label="Seed",
        help="Governs split, first weights, shuffling and Dropout: same seed, same run.",
        ge=0,
        le=2**31 - 1,
    )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RunSpec:
        """Checks and builds a spec.

        Names and parameters of datasets and models are checked by `engine.defaults.parse`.

        Raises:
            SpecError: With every wrong field at once.
        """
        return validate(cls, values)

    def to_dict(self) -> dict[str, Any]:
        """Returns the spec as JSON-ready values."""
        return self.model_dump(mode="json")
