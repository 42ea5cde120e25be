"""Results of every kind and task, made in a blink: tiny data, and a network that learnt nothing.

`tiny_run` is a run as `engine.service.results` opens it; `result_of` makes everything that the
pages show of it, by the way that workers go::

    run = tiny_run(store, signature, network_for(architecture))
    result_of(run).analysis.curves
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from tiny_signatures import TINY

from engine.datasets.anomaly import only_usual
from engine.datasets.base import AnyArray, Dataset, Examples, silent
from engine.datasets.sequences.windows import Steps, WindowParameters, examples_of
from engine.datasets.split import split
from engine.events.explaining import Explained, ExplainExample
from engine.events.results import ExamplesShown
from engine.events.trying import Given, InputTried, ModelLookedAt, NearestFound
from engine.inference.contract import Contract
from engine.inference.evaluation.analysing import analyse
from engine.inference.evaluation.analysis import Analysis
from engine.inference.evaluation.evaluation import Evaluation
from engine.inference.evaluation.predictions import Predictions
from engine.preprocessing import Preprocessing
from engine.preprocessing.targets import AnomalyTargets
from engine.runs.store import RunStore
from engine.service.results.analysing import completed
from engine.service.results.evaluating import evaluate_run
from engine.service.results.examples import show_examples
from engine.service.results.explaining import explain_example
from engine.service.results.nearest import find_nearest
from engine.service.results.opened_run import OpenedRun
from engine.service.results.tried_run import TriedRun
from engine.service.results.trying import look_at_model, try_input
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Output, Signature, Task
from engine.training.defaults import resolve
from engine.training.prepared_data import PreparedData

N = 60
RATE = 2_000
WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")

Serve = Callable[[PreparedData, Contract], Any]
"""Makes what predicts as a `ServedModel`."""


# ---- data


def tiny_examples(signature: Signature) -> Examples:
    """Sixty examples of the kind and task of a signature."""
    rng = np.random.default_rng(5)
    kind, task = signature.kind, signature.task
    if task is Task.FORECASTING:
        return _series(signature, rng)
    x = _contents(signature, rng)
    names = tuple(f"c{place}" for place in range(signature.n_classes))
    more: dict[str, Any] = {}
    if task is Task.ANOMALY:
        names, more = ("usual", "odd"), {"unusual": "odd"}
    elif signature.output is Output.TOKENS:
        names = ()
    if kind in (Kind.TABLE, Kind.SERIES):
        more["feature_names"] = tuple(f"x{place}" for place in range(x.shape[-1]))
    more["rate"] = RATE if kind is Kind.AUDIO else 0
    more["frame_rate"] = 5.0 if kind is Kind.VIDEO else 0.0
    return Examples(x, _targets(signature, rng), kind, task, class_names=names, **more)


def _series(signature: Signature, rng: np.random.Generator) -> Examples:
    """One series, cut into windows as all are."""
    window, n_channels = signature.input_shape
    values = rng.normal(10.0, 2.0, (N + window + signature.n_values - 1, n_channels))
    steps = Steps.plain(values, tuple(f"x{place}" for place in range(n_channels)))
    cut = WindowParameters(window=window, horizon=signature.n_values)
    return examples_of(steps, "x0", cut, {})


def _contents(signature: Signature, rng: np.random.Generator) -> AnyArray:
    match signature.kind:
        case Kind.TEXT:
            texts = [" ".join(rng.choice(WORDS, rng.integers(2, 6))) for _ in range(N)]
            return np.array(texts, object)
        case Kind.AUDIO:
            return rng.integers(-20_000, 20_000, (N, 640)).astype(np.int16)
        case Kind.IMAGE | Kind.VIDEO:
            return rng.integers(0, 256, (N, *signature.input_shape)).astype(np.uint8)
        case _:
            return rng.normal(size=(N, *signature.input_shape))


def _targets(signature: Signature, rng: np.random.Generator) -> AnyArray:
    if signature.task is Task.ANOMALY:
        return (np.arange(N) % 5 == 0).astype(np.int64)
    match signature.output:
        case Output.CLASSES:
            return np.arange(N) % signature.n_classes
        case Output.LABELS:
            return rng.integers(0, 2, (N, signature.n_classes)).astype(np.uint8)
        case Output.TOKENS:
            return np.array(["".join(rng.choice(list("abc"), 3)) for _ in range(N)], object)
        case Output.NUMBERS:
            values = rng.normal(10.0, 2.0, (N, signature.n_values))
            return values if signature.n_values > 1 else values[:, 0]


class TinyData(Dataset):
    """What the runs say that their data is."""

    name, title, description = "tiny", "Tiny", "Made for a test."
    kind, task = Kind.TABLE, None

    def load(self, parameters: object, progress: object = silent) -> Examples:
        raise NotImplementedError


# ---- runs


def tiny_run(
    store: RunStore, signature: Signature, serve: Serve, model: str = "", **parameters: object
) -> OpenedRun:
    """A run of the store, with data and model at hand.

    Args:
        store: Where it is kept.
        signature: What kind of data, and what is predicted.
        serve: Makes its model.
        model: An architecture; empty: the recommended one.
        parameters: Of the architecture.
    """
    examples = tiny_examples(signature)
    values: dict[str, Any] = {"data": {"source": "tiny"}, "split": {"validation": 0.3, "test": 0.3}}
    if model:
        values["model"] = {"name": model, "parameters": parameters or TINY.get(model, {})}
    spec = RunSpec.from_dict(values)
    parts = only_usual(examples, split(examples, spec.split, spec.seed), spec.anomaly)
    fitted = Preprocessing.fit(examples, parts.train, spec.preprocessing)
    if isinstance(fitted.targets, AnomalyTargets):
        fitted = Preprocessing(fitted.inputs, AnomalyTargets(1.0), fitted.ranges)
    spec = resolve(spec, fitted.signature(examples))
    prepared = PreparedData(
        TinyData(), examples, parts, fitted, fitted.signature(examples), spec=spec
    )
    record = store.create(spec, "", "Tiny", model)
    run = OpenedRun(record, store.folder(record.id))
    run._prepared = prepared
    vars(run)["contract"] = Contract.of(examples, fitted)  # as if it had been read
    run.contract.save(run.folder)
    vars(run)["model"] = serve(prepared, run.contract)
    return run


def network_for(prepared: PreparedData, contract: Contract) -> Any:
    """The network that the spec names, as it is before the first step."""
    import keras

    from engine.inference.serving import ServedModel
    from engine.training.model.building import build

    keras.utils.set_random_seed(4)
    return ServedModel(build(prepared.spec, prepared.signature), contract)


class Guesser:
    """Predicts as a model of the signature does, without a network: in no time, and nothing well.

    Args:
        prepared: The data.
        contract: What it shall give.
    """

    def __init__(self, prepared: PreparedData, contract: Contract) -> None:
        self.contract = contract
        self._examples = prepared.examples

    def predict(self, x: AnyArray) -> AnyArray:
        """As `ServedModel.predict`."""
        rng, signature, n = np.random.default_rng(len(x)), self.contract.signature, len(x)
        if signature.task is Task.ANOMALY:
            return rng.uniform(0, 2, (n, 1))
        match signature.output:
            case Output.CLASSES if signature.is_binary:
                return rng.uniform(0, 1, (n, 1))
            case Output.CLASSES:
                return rng.dirichlet(np.ones(signature.n_classes), n)
            case Output.LABELS:
                return rng.uniform(0, 1, (n, signature.n_classes))
            case Output.NUMBERS:
                return rng.normal(10.0, 2.0, (n, signature.n_values))
            case Output.TOKENS:
                return rng.choice(self._examples.y, n)

    answer = predict


# ---- results


@dataclass(frozen=True, eq=False)
class TinyResult:
    """All that the pages show of a run, as it was read from its folder where it is kept.

    Attributes:
        evaluation, predictions, analysis: Of its test part.
        examples: Two of them as they are looked at.
    """

    evaluation: Evaluation
    predictions: Predictions
    analysis: Analysis
    examples: ExamplesShown


def result_of(run: OpenedRun) -> TinyResult:
    """Evaluates and analyses a run as workers do, and reads what they keep."""
    evaluate_run(run, "validation", silent)
    evaluate_run(run, "test", silent)
    predictions = Predictions.load(run.folder)
    assert predictions is not None
    analysis = analyse(predictions, Predictions.load(run.folder, "validation"))
    completed(run, analysis, predictions, silent).save(run.folder)
    evaluation, kept = Evaluation.load(run.folder), Analysis.load(run.folder)
    assert evaluation is not None
    assert kept is not None
    shown = show_examples(run, predictions.rows[:2].tolist(), silent)
    return TinyResult(evaluation, predictions, kept, shown)


def explanation_of(run: OpenedRun) -> Explained:
    """Why it says what it says of the first example of its test part."""
    row = int(run.prepared().parts.test[0])
    return explain_example(run, ExplainExample(run.record.id, row), silent)


@dataclass(frozen=True, eq=False)
class Tried:
    """What Try it shows of an example that was taken from the data."""

    look: ModelLookedAt
    answer: InputTried
    nearest: NearestFound | None


def trial_of(run: OpenedRun, with_nearest: bool = True) -> Tried:
    """Tries a run as workers do."""
    tried, given = TriedRun(run), Given(row=int(run.prepared().parts.test[0]))
    look = look_at_model(tried, silent)
    answer = try_input(tried, given, 1, silent)
    return Tried(look, answer, find_nearest(tried, given, 1, silent) if with_nearest else None)
