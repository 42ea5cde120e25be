"""Contract: what a saved model takes and gives, in the words of the data it was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.datasets.base import Examples, InputSpec
from engine.errors import DatasetError, WorkspaceError
from engine.files import atomic_write
from engine.files.bounded import (
    DAMAGED,
    member,
    names_in,
    read_object,
    reason_of,
    sealed_text,
    unsealed,
)
from engine.preprocessing import Preprocessing
from engine.preprocessing.targets import (
    AnomalyTargets,
    ClassTargets,
    LabelTargets,
    NumberTargets,
    TokenTargets,
)
from engine.spec.parameters import shorten
from engine.spec.signature import Kind, Output, Signature

SCHEMA_VERSION = 1
FILE_NAME = "contract.json"
MODEL_FILE_NAME = "model.keras"
_TARGETS: dict[Output, tuple[type, ...]] = {
    Output.CLASSES: (ClassTargets,),
    Output.LABELS: (LabelTargets,),
    Output.NUMBERS: (NumberTargets, AnomalyTargets),
    Output.TOKENS: (TokenTargets,),
}


@dataclass(frozen=True, eq=False)
class Contract:
    """What a model takes and gives.

    Attributes:
        signature: Kind, task and shapes.
        feature_names: Columns of a table, in order; empty for images.
        target_name: What is predicted.
        class_names: Classes in the order of their probabilities; empty for regression.
        preprocessing: What is done to raw values before the network, and after it.
        reading: How new inputs are read; see `Examples.reading`.
        beam_width: How many beginnings are followed where a text is written token by token.
        source_columns: All columns of the table it was trained on, seen by the model or not; empty:
            there is none, or the file is of an older version.
        model_digest: BLAKE2b of the model's file, which belongs to no other contract; empty: not
            known.
    """

    signature: Signature
    feature_names: tuple[str, ...]
    target_name: str
    class_names: tuple[str, ...]
    preprocessing: Preprocessing
    reading: Mapping[str, Any] = field(default_factory=dict)
    beam_width: int = 1
    source_columns: tuple[str, ...] = ()
    model_digest: str = ""

    @classmethod
    def of(cls, examples: Examples, preprocessing: Preprocessing, beam_width: int = 1) -> Contract:
        """The contract of a model trained on these examples."""
        return cls(
            preprocessing.signature(examples),
            examples.feature_names,
            examples.target_name,
            examples.class_names,
            preprocessing,
            dict(examples.reading),
            beam_width,
            examples.source_columns,
        )

    @property
    def input_spec(self) -> InputSpec:
        """What a file of new inputs is read into."""
        return InputSpec(
            self.signature,
            self.feature_names,
            tuple(self.preprocessing.inputs.raw_shape),
            self.reading,
        )

    def check(self, examples: Examples) -> None:
        """Makes sure that examples are of the kind the model was trained on.

        Raises:
            DatasetError: Their columns, classes or shapes are others: the file was changed.
        """
        for what, trained_on, found in (
            ("columns", self.feature_names, examples.feature_names),
            ("categories", _categories(self.reading), _categories(examples.reading)),
            ("thousands", _grouped(self.reading), _grouped(examples.reading)),
            ("classes", self.class_names, examples.class_names),
            (
                "black and white",
                _ranges(self.reading, self.signature.kind),
                _ranges(examples.reading, examples.kind),
            ),
            ("shape", self.preprocessing.inputs.raw_shape, examples.x.shape[1:]),
        ):
            if trained_on != found:
                raise DatasetError(
                    f"The data has changed since the model was trained; its {what} were "
                    f"{_listing(trained_on)}. Received: {_listing(found)}.",
                    "Bring the data back as it was, or train anew.",
                )

    def save(self, folder: Path) -> None:
        """Writes it beside the model.

        Raises:
            WorkspaceError: It cannot be written.
        """
        values: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "signature": self.signature.to_dict(),
            "feature_names": self.feature_names,
            "target_name": self.target_name,
            "class_names": self.class_names,
            "preprocessing": self.preprocessing.to_dict(),
            "reading": dict(self.reading),
            "beam_width": self.beam_width,
            "source_columns": self.source_columns,
            "ranges": self.preprocessing.ranges,
            "model_digest": self.model_digest,
        }
        atomic_write(folder / FILE_NAME, sealed_text(values, folder.name, indent=1))

    @classmethod
    def load(cls, folder: Path) -> Contract:
        """Reads the contract of a run's model.

        Raises:
            WorkspaceError: The run has no saved model, or the file is damaged.
        """
        try:
            values = unsealed(read_object(folder / FILE_NAME), folder.name)
            version = member(values, "schema_version", int)
            if version > SCHEMA_VERSION:
                raise WorkspaceError(
                    f"'{folder / FILE_NAME}' was written by a newer version of Descent. "
                    f"Received: schema {version}; this version knows {SCHEMA_VERSION}.",
                    "Update Descent, or train the model again.",
                )
            found = cls._from_values(values)
            found._check_itself()
            return found
        except FileNotFoundError:
            raise WorkspaceError(
                "This run has no saved model.",
                "A model is saved when a run finishes, or is stopped and kept.",
            ) from None
        except DAMAGED as error:
            raise WorkspaceError(
                f"The model of this run cannot be used: '{FILE_NAME}' is damaged "
                f"({reason_of(error)}).",
                "Train it again with the same settings.",
            ) from error

    @classmethod
    def _from_values(cls, values: dict[str, Any]) -> Contract:
        signature = Signature.from_dict(values["signature"])
        preprocessing = Preprocessing.from_dict(values["preprocessing"], signature.input_shape)
        return cls(
            signature,
            names_in(values["feature_names"], "feature_names"),
            member(values, "target_name", str),
            names_in(values["class_names"], "class_names"),
            replace(preprocessing, ranges=_number_ranges(values.get("ranges", ()))),
            member({"reading": {}, **values}, "reading", dict),
            member({"beam_width": 1, **values}, "beam_width", int),
            names_in(values.get("source_columns", []), "source_columns"),
            member({"model_digest": "", **values}, "model_digest", str),
        )

    def _check_itself(self) -> None:
        """Makes sure that what it says of inputs and outputs goes together.

        Raises:
            ValueError: It does not.
        """
        signature, inputs = self.signature, self.preprocessing.inputs
        targets = self.preprocessing.targets
        n_named, n_values = len(self.class_names), 1
        if isinstance(targets, NumberTargets):
            n_values = len(targets.offset)
            if targets.offset.shape != targets.scale.shape or targets.offset.ndim != 1:
                raise ValueError("offset and scale of the target are of different lengths")
        pairs: list[tuple[str, object, object]] = [
            ("the shape of inputs", tuple(inputs.output_shape), signature.input_shape),
            ("what is predicted", type(targets) in _TARGETS[signature.output], True),
        ]
        if signature.output in (Output.CLASSES, Output.LABELS):
            pairs.append(("the number of classes", n_named, signature.n_classes))
        if signature.output is Output.NUMBERS and isinstance(targets, NumberTargets):
            pairs.append(("the number of values", n_values, signature.n_values))
        if isinstance(targets, LabelTargets):
            pairs.append(("the number of thresholds", targets.thresholds.shape, (n_named,)))
        for what, said, other in pairs:
            if said != other:
                raise ValueError(f"{what} is {said} in one place, {other} in another")


def _grouped(reading: Mapping[str, Any]) -> tuple[str, ...]:
    """Columns with numbers such as 1,234 that are read as thousands; once they were fractions."""
    columns = [item for item in reading.get("columns", ()) if isinstance(item, Mapping)]
    return tuple(item["name"] for item in columns if item.get("grouped"))


def _number_ranges(
    values: Iterable[Sequence[float] | None],
) -> tuple[tuple[float, float] | None, ...]:
    return tuple(None if pair is None else (pair[0], pair[1]) for pair in values)


def _categories(reading: Mapping[str, Any]) -> tuple[str, ...]:
    """The categories of each column of a table: their order is what the model knows them by."""
    columns = [item for item in reading.get("columns", ()) if isinstance(item, Mapping)]
    found = [(item["name"], item["values"]) for item in columns if item.get("values")]
    return tuple(f"{name} ({', '.join(map(str, values))})" for name, values in found)


def _ranges(reading: Mapping[str, Any], kind: Kind) -> tuple[str, ...]:
    """Which values of pixels were black and white, by how they are stored, where it is unusual."""
    if kind not in (Kind.IMAGE, Kind.VIDEO):
        return ()
    usual = {"bytes": [0, 255], "integers": [0, 65_535], "arrays": [0, 255]}
    arrays = [reading.get("low", 0), reading.get("high", 255)]
    found = {**usual, "arrays": arrays, **reading.get("ranges", {})}
    return tuple(
        f"{name} {low:g} to {high:g}"
        for name, (low, high) in sorted(found.items())
        if usual.get(name) != [low, high]
    )


def _listing(items: tuple[object, ...]) -> str:
    return shorten(", ".join(map(str, items)), limit=200)
