"""The draft: what the person has picked and typed so far, right or wrong.

A draft may be incomplete or invalid at any moment; the engine's answer to it says where. It is
immutable, so a question asked about a draft can be told from one about a newer draft.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.spec import SCHEMA_VERSION, RunSpec

Values = dict[str, Any]


@dataclass(frozen=True)
class Draft:
    """The settings of the next run, as JSON values that may be wrong.

    Attributes:
        source: Name of a built-in dataset or path of a file; empty: nothing picked yet.
        target: Column to predict; None: the dataset knows.
        task: ``classification``, ``regression``, or None: found out from the target.
        data_parameters: Settings of the dataset.
        split: ``validation`` and ``test`` share.
        preprocessing: Scaling of inputs and target.
        model: Name of an architecture; empty: none picked yet.
        model_parameters: Settings of the architecture.
        training: Epochs, batch size, optimizer…; missing or None: chosen to fit.
        seed: Governs everything that is random.
    """

    source: str = ""
    target: str | None = None
    task: str | None = None
    data_parameters: Values = field(default_factory=dict)
    split: Values = field(default_factory=dict)
    preprocessing: Values = field(default_factory=dict)
    model: str = ""
    model_parameters: Values = field(default_factory=dict)
    training: Values = field(default_factory=dict)
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
                "target": self.target,
                "task": self.task,
                "parameters": dict(self.data_parameters),
            },
            "split": dict(self.split),
            "preprocessing": dict(self.preprocessing),
            "model": {"name": self.model, "parameters": dict(self.model_parameters)},
            "training": dict(self.training),
            "seed": self.seed,
        }

    def data_question(self) -> Values:
        """Returns the part of the spec that `InspectData` needs."""
        spec = self.to_spec()
        return {name: spec[name] for name in ("data", "split", "seed")}

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
        return cls(
            source=_text(data.get("source")),
            target=_text(data.get("target")) or None,
            task=_text(data.get("task")) or None,
            data_parameters=_mapping(data.get("parameters")),
            split=_mapping(values.get("split")),
            preprocessing=_mapping(values.get("preprocessing")),
            model=_text(model.get("name")),
            model_parameters=_mapping(model.get("parameters")),
            training=_mapping(values.get("training")),
            seed=values.get("seed", 0),
        )

    def with_data(
        self,
        source: str,
        target: str | None = None,
        task: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Draft:
        """Returns a draft on other data; split, seed and model stay."""
        return replace(
            self, source=source, target=target, task=task, data_parameters=dict(parameters or {})
        )

    def with_data_parameters(self, parameters: Mapping[str, Any]) -> Draft:
        """Returns a draft with other settings of the dataset."""
        return replace(self, data_parameters=dict(parameters))

    def with_target(self, target: str | None, task: str | None = None) -> Draft:
        """Returns a draft that predicts another column."""
        return replace(self, target=target, task=task)

    def with_split(self, split: Mapping[str, Any]) -> Draft:
        """Returns a draft with other parts kept aside."""
        return replace(self, split=dict(split))

    def with_preprocessing(self, preprocessing: Mapping[str, Any]) -> Draft:
        """Returns a draft with other scaling."""
        return replace(self, preprocessing=dict(preprocessing))

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
            training=dict(training or {}),
        )

    def with_model_parameters(self, parameters: Mapping[str, Any]) -> Draft:
        """Returns a draft with other settings of the architecture."""
        return replace(self, model_parameters=dict(parameters))

    def with_training(self, training: Mapping[str, Any]) -> Draft:
        """Returns a draft that is trained in another way."""
        return replace(self, training=dict(training))

    def with_seed(self, seed: Any) -> Draft:
        """Returns a draft with another seed."""
        return replace(self, seed=seed)

    def asks_same_data(self, other: Draft) -> bool:
        """Whether both drafts would be answered with the same profile."""
        return self.data_question() == other.data_question()


def _mapping(value: Any) -> Values:
    return dict(value) if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
