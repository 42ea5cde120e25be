"""What the engine can be asked to do, from a worker process or from the command line.

Each function takes plain values and returns an event; TensorFlow is imported where it is needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Progress, silent
from engine.devices.doctor import diagnose
from engine.devices.machine import look_at_machine, look_at_tensorflow
from engine.devices.out_of_memory import MEMORY_HINT, is_out_of_memory, memory_text
from engine.devices.tensorflow import load_tensorflow
from engine.errors import DatasetError, TrainingError
from engine.events.messages import (
    DataDownloaded,
    DataInspected,
    Event,
    ModelDescribed,
    RatesTried,
    TrainingEstimated,
    WorkerReady,
)
from engine.events.watch import Watch
from engine.inference.contract import Contract
from engine.inference.evaluation.analysis import Analysis
from engine.inference.evaluation.evaluation import Evaluation
from engine.service.starting import beginning_of
from engine.spec.run_spec import RunSpec
from engine.training.data_changes import DataChange
from engine.training.defaults import parse, resolve
from engine.training.prepared_data import look, prepare

if TYPE_CHECKING:
    from engine.runs.store import RunStore

Emit = Callable[[Event], None]


def inspect_data(values: dict[str, Any], progress: Progress = silent) -> DataInspected:
    """Loads and profiles a dataset; needs no TensorFlow.

    Args:
        values: A `RunSpec`; what concerns the model alone is not looked at and may be missing.
        progress: Told how far it is.

    Raises:
        SpecError: A value is wrong.
        DatasetError: The data cannot be read or divided.
        Cancelled: Someone asked to stop.
    """
    parts = ("data", "split", "preprocessing", "anomaly", "seed")
    wanted: dict[str, Any] = {key: values[key] for key in parts if key in values}
    spec = RunSpec.from_dict(wanted)
    # What the data holds itself, before a model has it cut into pieces.
    spec = spec.model_copy(update={"preprocessing": spec.preprocessing.decided()})
    return DataInspected(look(spec, progress).profile(spec.data.source, spec.seed))


def download_data(name: str, progress: Progress = silent) -> DataDownloaded:
    """Downloads a data set into its cache; needs no TensorFlow. Ask first.

    Raises:
        DatasetError: It is none that can be downloaded, or cannot be had.
        Cancelled: Someone asked to stop.
    """
    from engine.datasets import DATASETS
    from engine.datasets.box.keras_data import KerasDataset, download

    dataset = DATASETS[name]
    if not isinstance(dataset, KerasDataset):
        raise DatasetError(f"'{name}' is here already: there is nothing to download.")
    download(dataset, progress)
    return DataDownloaded(name)


def warm_up() -> WorkerReady:
    """Imports TensorFlow and Keras and finds the devices."""
    started = time.perf_counter()
    load_tensorflow()
    import keras
    import tensorflow as tf

    from engine.training import job  # noqa: F401  so that Start finds it imported

    devices = tuple(
        device.name.rpartition("device:")[2] for device in tf.config.list_logical_devices()
    )
    seconds = time.perf_counter() - started
    found = diagnose(look_at_tensorflow(look_at_machine()))
    return WorkerReady(tf.__version__, keras.__version__, devices, seconds, found)


def describe_model(values: dict[str, Any]) -> ModelDescribed:
    """Builds the model of a spec and lists its layers.

    Raises:
        SpecError: A value is wrong, or the model does not fit the data.
        DatasetError: The data cannot be read.
    """
    spec = parse(values)
    divided = look(spec, opens=False)
    signature = divided.signature
    resolved = resolve(spec, signature, divided.dataset.recommended_model)
    load_tensorflow()
    from engine.service.describe import describe_network
    from engine.training.model.placement import place

    place(resolved, signature)  # refuses, at its field, what this machine cannot do
    parts = divided.parts
    return describe_network(resolved, signature, len(parts.train) + len(parts.validation))


def find_rate(
    values: dict[str, Any],
    emit: Emit,
    should_stop: Callable[[], bool] = lambda: False,
    store: RunStore | None = None,
) -> RatesTried:
    """Tries learning rates from small to large on a scratch model; no run is made.

    Args:
        values: A `RunSpec` as JSON values.
        emit: Told how far the reading of data is, and every `RateTried`.
        should_stop: Asked now and then; what was tried until then is the answer.
        store: Where the run is that a training would start from.

    Raises:
        SpecError: A value is wrong, or the model takes more memory than there is.
        DatasetError: The data cannot be read.
        TrainingError: Memory ran out.
        Cancelled: A stop was asked for while the data was read.
    """
    prepared = prepare(parse(values), Watch(emit, should_stop))
    load_tensorflow()
    from engine.training.model.memory_check import check_memory
    from engine.training.trials import rate_finder

    check_memory(prepared)
    beginning = beginning_of(prepared, store)
    try:
        return rate_finder.find_rate(prepared, emit, should_stop, beginning)
    except Exception as error:
        if is_out_of_memory(error):
            raise TrainingError(memory_text(error), MEMORY_HINT) from error
        raise


def estimate(
    values: dict[str, Any],
    progress: Progress = silent,
    should_stop: Callable[[], bool] = lambda: False,
    store: RunStore | None = None,
) -> TrainingEstimated:
    """Measures what a training would take of time and memory; no run is made.

    Args:
        values: A `RunSpec` as JSON values.
        progress: Told how far the reading of data is.
        should_stop: Asked now and then.
        store: Where the run is that a training would start from.

    Raises:
        SpecError: A value is wrong, or no batch size fits into memory.
        DatasetError: The data cannot be read.
        TrainingError: Memory ran out.
        Cancelled: A stop was asked for.
    """
    prepared = prepare(parse(values), progress)
    load_tensorflow()
    from engine.training.trials import estimate as estimating

    beginning = beginning_of(prepared, store)
    try:
        return estimating.estimate(prepared, should_stop, beginning)
    except Exception as error:
        if is_out_of_memory(error):
            raise TrainingError(memory_text(error), MEMORY_HINT) from error
        raise


def evaluate(
    reference: str,
    store: RunStore,
    part: str | None = None,
    tell: Callable[[DataChange], None] = lambda change: None,
) -> Evaluation:
    """Evaluates the saved model of a run anew.

    Args:
        reference: A run's id, the beginning of one, or its name.
        store: Where the run is kept.
        part: ``test``, ``validation`` or ``train``; None: the test part, and where there is none,
            what it learnt from.
        tell: Told what of the data has changed since the run was trained, if anything.

    Raises:
        UnknownNameError: There is no such run.
        WorkspaceError: The run has no saved model, or it is damaged.
        DatasetError: The data is gone, or is no longer what the model was trained on.
        PluginError: A plug-in it was made with is gone, or is left out.
    """
    from engine.service.results.evaluating import evaluate_part_of
    from engine.service.results.opened_run import OPENED

    run = OPENED.get(reference, store)
    evaluation, _ = evaluate_part_of(run, part, silent)
    if run.change:
        tell(run.change)
    return evaluation


def analyse(
    reference: str,
    store: RunStore,
    part: str | None = None,
    tell: Callable[[DataChange], None] = lambda change: None,
    progress: Progress = silent,
) -> tuple[Evaluation, Analysis]:
    """Evaluates the saved model of a run anew, and says how far its numbers can be trusted.

    Args:
        reference: As for `evaluate`.
        store: As for `evaluate`; what is found is kept with the run, where it can be.
        part: As for `evaluate`.
        tell: As for `evaluate`.
        progress: Told how far it is.

    Raises:
        DescentError: As for `evaluate`.
        Cancelled: Someone asked to stop.
    """
    from engine.service.results.analysing import analysis_now
    from engine.service.results.evaluating import evaluate_part_of
    from engine.service.results.opened_run import OPENED

    run = OPENED.get(reference, store)
    evaluation, predictions = evaluate_part_of(run, part, progress)
    if run.change:
        tell(run.change)
    return evaluation, analysis_now(run, predictions, progress)


def predict(reference: str, store: RunStore, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Predicts with the saved model of a run.

    Args:
        reference: A run's id, the beginning of one, or its name.
        store: Where the run is kept.
        x: Raw inputs as in `Examples.x` of the data it was trained on, (n_samples, *shape).

    Returns:
        Numbers: values in the target's own unit, (n_samples,) or (n_samples, n_values). Classes:
        the probability of each, (n_samples, n_classes). Tokens: texts, (n_samples,). Anomalies:
        scores, (n_samples,); the threshold stands in the contract.

    Raises:
        UnknownNameError: There is no such run.
        WorkspaceError: The run has no saved model.
        DatasetError: The inputs have another shape than the model.
    """
    folder = store.folder(store.get(reference).id)
    contract = Contract.load(folder)
    expected = contract.preprocessing.inputs.raw_shape
    if x.shape[1:] != expected:
        raise DatasetError(
            f"The model takes inputs of shape {expected}. Received: {x.shape[1:]}.",
            f"Its columns are {', '.join(contract.feature_names)}."
            if contract.feature_names
            else "Give examples of the shape it was trained on.",
        )
    load_tensorflow()
    from engine.inference.serving import ServedModel

    outputs = ServedModel.load(folder).predict(x)
    if contract.signature.is_binary:
        return np.concatenate([1.0 - outputs, outputs], axis=1)
    return outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs
