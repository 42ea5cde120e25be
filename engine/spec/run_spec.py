"""RunSpec: everything that determines a run, as validated JSON.

A spec may leave choices open (None); `engine.training.defaults.resolve` closes them for the data
at hand, and the resolved spec is what a run stores.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from engine.spec.parameters import Parameters, parameter, validate
from engine.spec.schema import SCHEMA_VERSION
from engine.spec.signature import Task
from engine.spec.training_spec import (
    ExecutionSpec,
    ScheduleSpec,
    StartSpec,
    StoppingSpec,
    TrainingSpec,
)

ColumnType = Literal[
    "auto", "number", "category", "boolean", "date", "text", "identifier", "ignore"
]
GapStrategy = Literal[
    "auto",
    "zero",
    "constant",
    "mean",
    "median",
    "most_frequent",
    "own_category",
    "indicator",
    "drop_rows",
    "drop_column",
]


class ColumnSpec(Parameters):
    """How one column of a table is read, where that is not left to the program."""

    type: ColumnType = parameter(
        "auto", label="Type", help="What the column holds; 'ignore' leaves it out."
    )
    gaps: GapStrategy = parameter(
        "auto",
        label="Gaps",
        help="What stands in for a missing value: in training, and later in prediction. "
        "'indicator' fills with the median (or most frequent value) and adds a feature that says "
        "where a value was missing. A category never seen in training is treated as a gap.",
    )
    constant: float | str | None = Field(None, title="Constant")
    decimal: Literal["auto", "point", "comma"] = parameter(
        "auto",
        label="Decimal sign",
        help="Of the column's numbers, where 1.234 or 1,234 could be read in two ways; the other "
        "sign groups thousands.",
    )


class DataSpec(Parameters):
    """Which examples: a built-in dataset by name, or a file or folder by path."""

    source: str = Field(min_length=1, title="Data")
    format: str | None = Field(None, title="Read as")
    target: str | None = parameter(
        None, label="Target", help="The column to predict. Built-in datasets know theirs."
    )
    task: Task | None = Field(None, title="Task")
    weights: str | None = parameter(
        None,
        label="Weights",
        help="A column of numbers that says how much each example counts in training.",
        advanced=True,
    )
    columns: dict[str, ColumnSpec] = Field(default_factory=dict)
    exclude: tuple[str, ...] = Field((), title="Left out")
    parameters: dict[str, Any] = Field(default_factory=dict)
    corrections: str | None = Field(None, min_length=1, title="Corrections")
    """A file of corrected labels, as the review of labels writes it."""


class SplitSpec(Parameters):
    """How the examples are divided; the seed decides what the method leaves open."""

    method: Literal["auto", "random", "stratified", "group", "time", "given"] = parameter(
        "auto",
        label="Divide",
        help="'stratified' keeps each class's share in every part, 'group' keeps what has the same "
        "value in a column together, 'time' tests on the latest examples, 'given' follows folders "
        "named train and test, or a column. 'auto' takes what the data offers: given, then group, "
        "then time, then stratified for classes and labels, else random; of a column, what it "
        "holds: parts, dates, else groups.",
    )
    column: str | None = parameter(
        None,
        label="By column",
        help="The column of groups, of times, or of the part (train, validation, test).",
    )
    column_is_input: bool = parameter(
        False,
        label="Learn from it, too",
        help="Whether the column that divides is an input as well. It would have to be given for "
        "each prediction; values of its own in each part, such as groups, teach nothing of others.",
        advanced=True,
    )
    whole_times: bool = parameter(
        True,
        label="Keep times whole",
        help="Divided by time, rows of the same time are in one part, so that shares may differ "
        "a little, and rows without a time in none. Off: shares are exact.",
        advanced=True,
    )
    by_labels: bool = parameter(
        True,
        label="Keep shares of labels",
        help="Where an example may have several labels: whether 'stratified' and 'auto' keep each "
        "label's share in every part, rare ones first. Off: such examples are drawn at random.",
        advanced=True,
    )
    leave_out: tuple[str, ...] = parameter(
        (),
        label="In no part",
        help="Examples by name, such as 'line 12' or 'cats/7.png', that no part holds. The others "
        "stay where they are: the division is not drawn anew, as it is where something is "
        "excluded from the data.",
        advanced=True,
    )
    refit: bool = parameter(
        False,
        label="Learn from the validation part",
        help="The validation part is drawn as ever and then learnt from, too; the test part stays "
        "what it was. For a last training, once it is known how many epochs are good: nothing is "
        "left to see when to stop.",
        advanced=True,
    )
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

    @property
    def watched(self) -> float:
        """Share of the examples that tells how the model does on data it does not learn from."""
        return 0.0 if self.refit else self.validation

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

    scaling: Literal["auto", "standard", "minmax", "piecewise", "none"] = parameter(
        "auto",
        label="Scale inputs",
        help="'standard' gives each feature mean 0 and deviation 1, 'minmax' the range 0 to 1. "
        "'piecewise' is for tables: each number also becomes up to 16 features, of stretches "
        "between quantiles, so that a network can bend at each. 'auto' takes what suits the model. "
        "Images are divided by 255 unless 'none'; of recordings, decibels are scaled.",
    )
    target_scaling: Literal["standard", "none"] = parameter(
        "standard",
        label="Scale target",
        help="For regression: learn the target in standard deviations. "
        "Predictions and results are given in the target's own unit.",
    )
    categories: Literal["auto", "one_hot", "embedding", "mixed"] = parameter(
        "auto",
        label="Categories",
        help="How a table's categories reach the network: 'one_hot' makes a feature of 0 or 1 of "
        "each value, 'embedding' a few numbers that are learnt, which is shorter where values are "
        "many, 'mixed' that for more than 64 values. 'auto' takes what suits the model.",
    )
    tokens: Literal["auto", "word", "character", "letter"] = parameter(
        "auto",
        label="Tokens",
        help="What a text is cut into; letters are characters without regard to case. 'auto' takes "
        "what suits the model; for most, characters for short texts without spaces, else words.",
    )
    vocabulary: int = parameter(
        10_000,
        label="Vocabulary",
        help="How many different tokens are kept, the most frequent first; the rest is 'unknown'.",
        unit="tokens",
        ge=10,
        le=1_000_000,
    )
    length: int | None = parameter(
        None,
        label="Text length",
        help="Longer texts are cut, shorter ones padded. Left open: long enough for 95 of 100, of "
        "letters for 99.",
        unit="tokens",
        ge=1,
        le=16_000,
    )
    bands: int | None = parameter(
        None,
        label="Bands",
        help="How finely a recording's spectrogram tells pitches apart. Left open: 40 up to "
        "8 kHz, else 64.",
        unit="bands",
        ge=8,
        le=128,
    )

    def decided(
        self, scaling: str = "standard", categories: str = "one_hot", tokens: str = "auto"
    ) -> PreprocessingSpec:
        """The same with these in the place of what is left open."""
        usual = {"scaling": scaling, "categories": categories, "tokens": tokens}
        return self.model_copy(
            update={name: value for name, value in usual.items() if getattr(self, name) == "auto"}
        )


class AnomalySpec(Parameters):
    """How anomalies are looked for; of no effect on other tasks."""

    unusual: str | None = parameter(
        None,
        label="Unusual class",
        help="Where the data has classes: the one to be found. Left open: the one with fewest "
        "examples. It is used to measure, never as an input.",
        coerce_numbers_to_str=True,
    )
    training: Literal["usual", "all"] = parameter(
        "usual",
        label="Learn from",
        help="'usual' keeps examples that are known to be unusual out of training and validation, "
        "so that the network learns what is normal; 'all' learns as if nothing were known.",
    )
    threshold: float | None = parameter(
        None,
        label="Threshold",
        help="An example is called unusual where its score is above that of this share of the "
        "training part. Lower finds more, and gives more false alarms. Left open: chosen by the "
        "examples that are known to be unusual and did not train, else by the scores' tail, for "
        "1 false alarm in 100.",
        ge=0.5,
        lt=1.0,
    )


class AugmentationSpec(Parameters):
    """Changes made at random to each training example in each step: more data from the same.

    Validation and test examples are never changed. Settings that do not fit the kind of data are
    refused (`engine.preprocessing.augmentation` says which fit).
    """

    flip: Literal["none", "horizontal", "vertical", "both"] = parameter(
        "none", label="Flip", help="Mirrors images. Not where left and right matter, as in digits."
    )
    rotate: float = parameter(
        0.0, label="Rotate", help="Turns images by up to this angle.", unit="degrees", ge=0, le=180
    )
    shift: float | None = parameter(
        None,
        label="Shift",
        help="Moves images in both directions, and recordings in time, by up to this share. Left "
        "open: 0, or what suits the model where examples are few.",
        ge=0,
        le=0.5,
    )
    zoom: float = parameter(
        0.0, label="Zoom", help="Enlarges or shrinks images by up to this share.", ge=0, le=0.9
    )
    brightness: float = parameter(
        0.0, label="Brightness", help="Brightens or darkens by up to this share.", ge=0, le=1
    )
    noise: float = parameter(
        0.0,
        label="Noise",
        help="Adds normal noise of this deviation: of the range of images, else of the values as "
        "the network receives them, scaled.",
        ge=0,
        le=1,
    )
    time_mask: float | None = parameter(
        None,
        label="Time mask",
        help="Blanks out a stretch of a recording, up to this share of its length (SpecAugment). "
        "Left open: as for shifts.",
        ge=0,
        le=0.5,
    )
    frequency_mask: float | None = parameter(
        None,
        label="Frequency mask",
        help="Blanks out a band of a recording's spectrogram, up to this share (SpecAugment). Left "
        "open: as for shifts.",
        ge=0,
        le=0.5,
    )
    token_dropout: float = parameter(
        0.0,
        label="Token dropout",
        help="Share of a text's tokens that are replaced by 'unknown'.",
        ge=0,
        le=0.9,
    )
    scale: float = parameter(
        0.0, label="Scale", help="Stretches the values of a series by up to this share.", ge=0, le=1
    )
    plugins: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Those of other packages that are used, by name, each with its settings."""

    def decided(self, usual: Mapping[str, float]) -> AugmentationSpec:
        """Says what was left open.

        Args:
            usual: Of `shift`, `time_mask` and `frequency_mask`, those that are not 0.
        """
        names = ("shift", "time_mask", "frequency_mask")
        left_open = {name: usual.get(name, 0.0) for name in names if getattr(self, name) is None}
        return self.model_copy(update=left_open)


class ModelSpec(Parameters):
    """Which architecture, with which parameters. Without a name: what suits the data."""

    name: str | None = Field(None, min_length=1, title="Model")
    parameters: dict[str, Any] = Field(default_factory=dict)

    @property
    def chosen(self) -> str:
        """The name, which a resolved spec always has.

        Raises:
            ValueError: It is still open.
        """
        if self.name is None:
            raise ValueError("A resolved spec is needed. Received one without a model.")
        return self.name


class RunSpec(Parameters):
    """A run, complete: data, split, preprocessing, model, how it learns and is executed, seed."""

    schema_version: Literal[1] = SCHEMA_VERSION
    data: DataSpec
    split: SplitSpec = SplitSpec()
    preprocessing: PreprocessingSpec = PreprocessingSpec()
    augmentation: AugmentationSpec = AugmentationSpec()
    anomaly: AnomalySpec = AnomalySpec()
    model: ModelSpec = ModelSpec()
    start: StartSpec = StartSpec()
    training: TrainingSpec = TrainingSpec()
    schedule: ScheduleSpec = ScheduleSpec()
    stopping: StoppingSpec = StoppingSpec()
    execution: ExecutionSpec = ExecutionSpec()
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

        Names and parameters of datasets and models are checked by `engine.training.defaults.parse`.

        Raises:
            SpecError: With every wrong field at once.
        """
        return validate(cls, values)

    def to_dict(self) -> dict[str, Any]:
        """Returns the spec as JSON-ready values."""
        return self.model_dump(mode="json")
