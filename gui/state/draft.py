"""The draft: what the person has picked and typed so far, right or wrong.

A draft may be incomplete or invalid at any moment; the engine's answer to it says where. It is
immutable, so a question asked about a draft can be told from one about a newer draft.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from engine.spec.schema import SCHEMA_VERSION
from gui.state.draft_changes import Path, changed

if TYPE_CHECKING:
    from engine.spec.run_spec import RunSpec

Values = dict[str, Any]

SHAPING_SETTINGS: Final = ("tokens", "vocabulary", "length", "bands", "categories")
"""Settings of `PreprocessingSpec` that decide what the network receives of texts, sounds, tables;
they concern the kind of data, and inspection answers with what they lead to."""

PART_SIZES: Final = ("validation", "test")


@dataclass(frozen=True)
class Draft:
    """The settings of the next run, as JSON values that may be wrong.

    Attributes:
        source: Name of a built-in dataset or path of a file or folder; empty: nothing picked yet.
        target: Column to predict; None: the engine chooses.
        task: By the names of `engine.spec.signature.Task`, or None: found out from the target.
        format: How a file or folder is read, by the names of `engine.datasets.FORMATS`; None:
            found out.
        weights: Column that says how much each example counts; None: all count alike.
        columns: How columns are read, where that is not left to the engine: by name, the values
            of a `ColumnSpec`.
        exclude: Files that are left out.
        corrections: A file of corrected labels; None: the data as it is.
        data_parameters: Settings of the dataset.
        split: ``validation`` and ``test`` share, ``method`` and ``column``.
        preprocessing: Scaling of inputs and target; how texts are cut.
        augmentation: Random changes of the training examples.
        anomaly: How anomalies are looked for.
        model: Name of an architecture; empty: none picked yet.
        model_parameters: Settings of the architecture.
        start: What was learnt before and is begun with, and what of it stays as it is.
        training: Epochs, batch size, optimizer…; missing or None: chosen to fit.
        schedule: How the learning rate changes.
        stopping: When training ends early.
        execution: How the steps are executed: device, precision, reproducibility.
        seed: Governs everything that is random.
    """

    source: str = ""
    target: str | None = None
    task: str | None = None
    format: str | None = None
    weights: str | None = None
    columns: Values = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    corrections: str | None = None
    data_parameters: Values = field(default_factory=dict)
    split: Values = field(default_factory=dict)
    preprocessing: Values = field(default_factory=dict)
    augmentation: Values = field(default_factory=dict)
    anomaly: Values = field(default_factory=dict)
    model: str = ""
    model_parameters: Values = field(default_factory=dict)
    start: Values = field(default_factory=dict)
    training: Values = field(default_factory=dict)
    schedule: Values = field(default_factory=dict)
    stopping: Values = field(default_factory=dict)
    execution: Values = field(default_factory=dict)
    seed: Any = 0

    @property
    def has_data(self) -> bool:
        """A dataset or file is picked."""
        return bool(self.source)

    @property
    def has_model(self) -> bool:
        """An architecture is picked."""
        return bool(self.model)

    def to_spec(self) -> Values:
        """Returns the draft as the JSON values of a `RunSpec`; checked by the engine, not here."""
        return {
            "schema_version": SCHEMA_VERSION,
            "data": {
                "source": self.source,
                "format": self.format,
                "target": self.target,
                "task": self.task,
                "weights": self.weights,
                "columns": {name: _mapping(column) for name, column in self.columns.items()},
                "exclude": list(self.exclude),
                "corrections": self.corrections,
                "parameters": dict(self.data_parameters),
            },
            "split": dict(self.split),
            "preprocessing": dict(self.preprocessing),
            "augmentation": dict(self.augmentation),
            "anomaly": dict(self.anomaly),
            "model": {"name": self.model, "parameters": dict(self.model_parameters)},
            "start": dict(self.start),
            "training": dict(self.training),
            "schedule": dict(self.schedule),
            "stopping": dict(self.stopping),
            "execution": dict(self.execution),
            "seed": self.seed,
        }

    def data_question(self) -> Values:
        """Returns the part of the spec that `InspectData` needs."""
        spec = self.to_spec()
        question = {name: spec[name] for name in ("data", "split", "seed")}
        if self.anomaly:
            question["anomaly"] = spec["anomaly"]
        chosen = self.preprocessing
        text = {name: chosen[name] for name in SHAPING_SETTINGS if name in chosen}
        return {**question, "preprocessing": text} if text else question

    def batch_question(self) -> Values:
        """Returns the part of the spec that `PreviewBatch` needs."""
        spec = self.to_spec()
        parts = ("data", "split", "preprocessing", "augmentation", "anomaly", "seed")
        batch = {"batch_size", "class_weights"} & self.training.keys()
        return {
            **{name: spec[name] for name in parts},
            "training": {name: self.training[name] for name in batch},
        }

    def rate_question(self) -> Values:
        """Returns the part of the spec that decides what `FindRate` answers."""
        spec = self.to_spec()
        training = dict(self.training)
        for name in ("epochs", "learning_rate", "keep"):
            training.pop(name, None)
        parts = ("data", "split", "preprocessing", "augmentation", "anomaly", "model", "seed")
        return {
            **{name: spec[name] for name in (*parts, "execution")},
            "training": training,
        }

    @classmethod
    def from_spec(cls, spec: RunSpec) -> Draft:
        """Returns the draft that gives exactly this spec again."""
        return cls.from_values(spec.to_dict())

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Draft:
        """Reads JSON values of a spec, as `to_spec` gives them; what is missing or odd is left out.

        For drafts that were saved in the settings, which may be invalid or of an older version.
        """
        data = _mapping(values.get("data"))
        model = _mapping(values.get("model"))
        exclude = data.get("exclude")
        return cls(
            source=_text(data.get("source")),
            target=_text(data.get("target")) or None,
            task=_text(data.get("task")) or None,
            format=_text(data.get("format")) or None,
            weights=_text(data.get("weights")) or None,
            columns={name: _mapping(one) for name, one in _mapping(data.get("columns")).items()},
            exclude=tuple(exclude) if isinstance(exclude, list | tuple) else (),
            corrections=_text(data.get("corrections")) or None,
            data_parameters=_mapping(data.get("parameters")),
            split=_mapping(values.get("split")),
            preprocessing=_mapping(values.get("preprocessing")),
            augmentation=_mapping(values.get("augmentation")),
            anomaly=_mapping(values.get("anomaly")),
            model=_text(model.get("name")),
            model_parameters=_mapping(model.get("parameters")),
            start=_mapping(values.get("start")),
            training=_mapping(values.get("training")),
            schedule=_mapping(values.get("schedule")),
            stopping=_mapping(values.get("stopping")),
            execution=_mapping(values.get("execution")),
            seed=values.get("seed", 0),
        )

    def with_data(
        self,
        source: str,
        target: str | None = None,
        task: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Draft:
        """Returns a draft on other data, with everything else automatic.

        What is chosen belongs to its data; only how this machine executes steps, and the seed, do
        not.
        """
        return Draft(
            source=source,
            target=target,
            task=task,
            data_parameters=dict(parameters or {}),
            execution=dict(self.execution),
            seed=self.seed,
        )

    def automatic(self) -> Draft:
        """Returns a draft on the same data for which nothing was chosen but the model."""
        return self.with_data(self.source).with_model(self.model)

    def with_format(self, format: str | None) -> Draft:
        """Returns a draft that reads the same file or folder in another way.

        The model stays, how it is trained, and the sizes of the parts; what was set for columns,
        texts or images is forgotten.
        """
        sizes = {name: value for name, value in self.split.items() if name in PART_SIZES}
        return replace(
            self.with_data(self.source),
            format=format,
            split=sizes,
            model=self.model,
            model_parameters=self.model_parameters,
            start=self.start,
            training=self.training,
            schedule=self.schedule,
            stopping=self.stopping,
        )

    def with_data_parameters(self, parameters: Mapping[str, Any]) -> Draft:
        """Returns a draft with other settings of the dataset."""
        return replace(self, data_parameters=dict(parameters))

    def with_target(self, target: str | None, task: str | None = None) -> Draft:
        """Returns a draft that predicts another column."""
        return replace(self, target=target, task=task)

    def with_weights(self, weights: str | None) -> Draft:
        """Returns a draft whose examples count as much as another column says."""
        return replace(self, weights=weights)

    def with_column(self, name: str, **settings: Any) -> Draft:
        """Returns a draft that reads a column in another way; ``auto`` leaves it to the engine."""
        column = {**_mapping(self.columns.get(name)), **settings}
        column = {key: value for key, value in column.items() if value != "auto"}
        if column.get("gaps") != "constant":
            column.pop("constant", None)
        columns = {key: value for key, value in self.columns.items() if key != name}
        return replace(self, columns={**columns, name: column} if column else columns)

    def with_changes(self, changes: Mapping[Path, Any]) -> Draft:
        """Returns a draft with a remedy's changes.

        Args:
            changes: New values by path, as in `engine.datasets.findings.Remedy`; `REMOVED` takes
                a value away, as `gui.state.draft_changes.undoing` gives it.
        """
        return self.from_values(changed(self.to_spec(), changes))

    def with_split(self, split: Mapping[str, Any]) -> Draft:
        """Returns a draft with other parts kept aside."""
        return replace(self, split=dict(split))

    def with_preprocessing(self, preprocessing: Mapping[str, Any]) -> Draft:
        """Returns a draft with other scaling."""
        return replace(self, preprocessing=dict(preprocessing))

    def with_augmentation(self, augmentation: Mapping[str, Any]) -> Draft:
        """Returns a draft with other random changes of the training examples."""
        return replace(self, augmentation=dict(augmentation))

    def with_anomaly(self, anomaly: Mapping[str, Any]) -> Draft:
        """Returns a draft that looks for anomalies in another way."""
        return replace(self, anomaly=dict(anomaly))

    def with_model(
        self,
        model: str,
        parameters: Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> Draft:
        """Returns a draft with another architecture and, unless given, its own defaults."""
        return replace(
            self,
            model=model,
            model_parameters=dict(parameters or {}),
            start=self.start if model == self.model else {},
            training=dict(training or {}),
        )

    def with_model_parameters(self, parameters: Mapping[str, Any]) -> Draft:
        """Returns a draft with other settings of the architecture."""
        return replace(self, model_parameters=dict(parameters))

    def with_start(self, start: Mapping[str, Any]) -> Draft:
        """Returns a draft that begins with other weights."""
        return replace(self, start=dict(start))

    def with_training(self, training: Mapping[str, Any]) -> Draft:
        """Returns a draft that is trained in another way."""
        return replace(self, training=dict(training))

    def with_schedule(self, schedule: Mapping[str, Any]) -> Draft:
        """Returns a draft whose learning rate changes in another way."""
        return replace(self, schedule=dict(schedule))

    def with_stopping(self, stopping: Mapping[str, Any]) -> Draft:
        """Returns a draft with another rule for ending early."""
        return replace(self, stopping=dict(stopping))

    def with_execution(self, execution: Mapping[str, Any]) -> Draft:
        """Returns a draft whose steps are executed in another way."""
        return replace(self, execution=dict(execution))

    def with_seed(self, seed: Any) -> Draft:
        """Returns a draft with another seed."""
        return replace(self, seed=seed)

    def asks_same_data(self, other: Draft) -> bool:
        """Whether both drafts would be answered with the same profile."""
        return self.data_question() == other.data_question()

    def asks_same_batch(self, other: Draft) -> bool:
        """Whether both drafts would be answered with the same batch."""
        return self.batch_question() == other.batch_question()

    def asks_same_rate(self, other: Draft) -> bool:
        """Whether a learning rate found for one draft is one for the other."""
        return self.rate_question() == other.rate_question()


def _mapping(value: Any) -> Values:
    return dict(value) if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
