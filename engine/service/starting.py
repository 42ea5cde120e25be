"""Finds what a training shall start from: a run, or a model that was brought in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.architectures import ARCHITECTURES
from engine.errors import DescentError, Problem, SpecError, UnknownNameError, WorkspaceError
from engine.graph.library import ModelLibrary
from engine.inference.contract import Contract
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Output, Signature

if TYPE_CHECKING:
    import keras

    from engine.runs.store import RunStore
    from engine.training.model.transfer import Beginning
    from engine.training.prepared_data import PreparedData


@dataclass(frozen=True)
class Source:
    """What is started from.

    Attributes:
        reference: Stands for it in a spec: the id of a run, or the name of an own model.
        title: In words.
        folder: Of the run; None: it is a model that was brought in.
        weights: Of such a model: its file and digest.
        spec: Of the run.
    """

    reference: str
    title: str
    folder: Path | None = None
    weights: tuple[Path, str] | None = None
    spec: RunSpec | None = None


def find_source(reference: str, store: RunStore) -> Source:
    """Finds a run or a model by what people call it.

    Raises:
        SpecError: There is neither, or it has no weights.
    """
    library = ModelLibrary(store.workspace)
    try:
        weights = library.weights_of(library.load(reference)) if reference in library else None
    except DescentError:
        weights = None
    if weights is not None:
        return Source(reference, f"the model '{reference}'", weights=weights)
    try:
        record = store.get(reference)
        Contract.load(store.folder(record.id))
    except (UnknownNameError, WorkspaceError) as error:
        hint = f"{error.hint} Or name a model that was brought in."
        raise SpecError([Problem("start.source", error.message, hint.strip())]) from None
    title = f"the run '{record.name}'"
    return Source(record.id, title, folder=store.folder(record.id), spec=record.spec)


def named(spec: RunSpec, store: RunStore) -> RunSpec:
    """The spec with what it starts from by its id, which stays the same.

    Raises:
        SpecError: There is no such thing.
    """
    if spec.start.source is None:
        return spec
    found = find_source(spec.start.source, store)
    start = spec.start.model_copy(update={"source": found.reference})
    return spec.model_copy(update={"start": start})


def beginning_of(
    prepared: PreparedData, store: RunStore | None, known: Path | None = None
) -> Beginning | None:
    """What a training begins with; loads TensorFlow where it does.

    Args:
        prepared: The data, and a resolved spec.
        store: Where the runs are; None: nothing can be started from.
        known: The folder of a run that goes on from a checkpoint, which holds the weights.

    Raises:
        SpecError: What was found does not fit the data or the model.
        WorkspaceError: Its file is damaged.
    """
    start = prepared.spec.start
    if start.source is None:
        return None
    from engine.training.model.transfer import Beginning, matched

    begun = Beginning.load(known) if known is not None else None
    if begun is not None:
        return begun
    if store is None:
        raise _problem(
            "Workers that share a model begin with the same weights, and only one of them has this "
            "run or model.",
            "Train on one machine, or start from nothing.",
        )
    source = find_source(start.source, store)
    contract = Contract.load(source.folder) if source.folder is not None else None
    _check_fits(prepared, contract, source)
    from engine.graph.unallocated import unallocated
    from engine.training.model.building import build

    before = _network(source)
    with unallocated():
        network = build(prepared.spec, prepared.signature)
        return matched(before, network, start, source.title, _is_same_head(prepared, contract))


def _network(source: Source) -> keras.Model:
    from engine.inference.model_file import load_model
    from engine.inference.serving import ServedModel

    if source.folder is not None:
        return ServedModel.load(source.folder).network
    assert source.weights is not None
    return load_model(*source.weights)


def _check_fits(prepared: PreparedData, contract: Contract | None, source: Source) -> None:
    """Makes sure that what the weights were learnt from means the same here.

    Raises:
        SpecError: It does not.
    """
    signature, examples = prepared.signature, prepared.examples
    architecture = ARCHITECTURES[prepared.spec.model.chosen]
    if not architecture.transfers:
        raise _problem(
            f"{architecture.title} does not start from what was learnt elsewhere.",
            f"Models that can: {', '.join(it.name for it in ARCHITECTURES if it.transfers)}.",
        )
    if signature.n_tokens:
        raise _problem(
            "A word has another number in each data set, so weights for texts mean nothing in "
            "another one.",
            "Start from nothing.",
        )
    if contract is None:
        return
    before: Signature = contract.signature
    if before.kind is not signature.kind:
        raise _problem(
            f"It learnt from {before.kind.value} data; this is {signature.kind.value} data.",
            "Start from a run on such data.",
        )
    is_by_name = signature.kind in (Kind.TABLE, Kind.SERIES)
    if is_by_name and contract.feature_names != examples.feature_names:
        raise _problem(
            f"It learnt from the columns {', '.join(contract.feature_names)[:200]}; these are "
            f"{', '.join(examples.feature_names)[:200]}.",
            "Start from a run on the same columns.",
        )
    scaling = prepared.spec.preprocessing.scaling
    if source.spec is not None and source.spec.preprocessing.scaling != scaling:
        raise _problem(
            f"Its inputs were scaled by '{source.spec.preprocessing.scaling}'; here it is "
            f"'{scaling}'.",
            f"Set preprocessing.scaling={source.spec.preprocessing.scaling}.",
        )


def _is_same_head(prepared: PreparedData, contract: Contract | None) -> bool:
    """Whether what comes out stands for the same as before, as far as that is known."""
    if contract is None:
        return True
    if contract.signature.output is not prepared.signature.output:
        return False
    if prepared.signature.output in (Output.CLASSES, Output.LABELS):
        return contract.class_names == prepared.examples.class_names
    return contract.target_name == prepared.examples.target_name


def _problem(message: str, hint: str) -> SpecError:
    return SpecError([Problem("start.source", message, hint)])
