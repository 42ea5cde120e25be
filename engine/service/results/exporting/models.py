"""Exports a run's model: written aside, asked by its own runtime, handed over if it is right."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.datasets.base import AnyArray, Progress
from engine.errors import DescentError
from engine.events.exporting import Latency, RunExported
from engine.files.bounded_arrays import read_arrays
from engine.inference.evaluation.analysis import Analysis
from engine.inference.export.card import FILE_NAME as CARD
from engine.inference.export.composing import FILE_NAME as PREDICT
from engine.inference.export.composing import example_code, predict_code
from engine.inference.export.proof import LIMITS, TOLD_BELOW, asked, make_proof, save_proof
from engine.inference.export.references import inputs_of
from engine.service.results.exporting.places import BESIDE, EXAMPLE, handed_over, place_of
from engine.service.results.exporting.questions import Questions, metrics_of
from engine.service.results.exporting.target import size_of
from engine.spec.formatting import percent_text
from engine.spec.parameters import shorten

if TYPE_CHECKING:
    from engine.inference.serving import ServedModel
    from engine.service.results.opened_run import OpenedRun

logger = logging.getLogger(__name__)

_WEIGHTS_ONLY: Final = "Weights alone are of 8 bits. With all of it:"
_ASKING: Final = "Asking the model that was written"
_MOST_ANSWERS: Final = 1 << 30
_DIAGNOSED: Final = 8
"""Examples by which a layer is looked for that answers otherwise."""
_FILES: Final = {"keras": "model.keras", "onnx": "model.onnx", "saved_model": "saved_model"}
_SUFFIXES: Final = {"keras": ".keras", "onnx": ".onnx", "saved_model": ""}


def export_model(run: OpenedRun, format: str, to: Path, progress: Progress) -> RunExported:
    """Writes a model in a format, with what proves it; see `Export`.

    Raises:
        DescentError: The run has no model, or nothing can be written there.
        Cancelled: Someone asked to stop.
    """
    suffix, file = _SUFFIXES.get(format, ".tflite"), _FILES.get(format, "model.tflite")
    place = place_of(to, suffix, file, BESIDE)
    progress("Opening the model", 0, 4)
    questions = Questions.of(run, progress)
    try:
        with handed_over(place) as folder:
            done = _best_of(run, format, folder / place.file, questions, progress)
            names = tuple(sorted(_names(folder)))
            size = size_of(folder / place.file)
    except _NotHandedOver as ended:
        return replace(ended.answer, path=str(to))
    return replace(done, path=str(place.folder / place.file), files=names, size_bytes=size)


def _best_of(
    run: OpenedRun, format: str, path: Path, given: Questions, progress: Progress
) -> RunExported:
    """Writes a model and proves it; of 8 bits with weights alone, where all of it is too coarse."""
    done = _written_and_proven(run, format, path, given, progress)
    if done.reason and format == "litert_int8":
        note = f"{_WEIGHTS_ONLY} {shorten(done.reason, limit=200)}"
        light = replace(given, samples=given.samples[:0], notes=(*given.notes, note))
        done = _written_and_proven(run, format, path, light, progress)
    if done.reason:
        raise _NotHandedOver(done)
    return done


def _written_and_proven(
    run: OpenedRun, format: str, path: Path, given: Questions, progress: Progress
) -> RunExported:
    progress("Writing the model", 1, 4)
    try:
        card = _write(run, format, path, given)
    except _NotHandedOver as ended:
        return ended.answer
    return _proven(run, card, path.parent, given, partial(progress, _ASKING, 2, 4))


class _NotHandedOver(Exception):
    """What was written is thrown away.

    Args:
        answer: Says why.
    """

    def __init__(self, answer: RunExported) -> None:
        super().__init__(answer.reason)
        self.answer = answer


def _names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _write(run: OpenedRun, format: str, path: Path, asked: Questions) -> dict[str, Any]:
    """Writes the model, its card and the code that uses it."""
    from engine.inference.export.writing import write_model

    model, folder = run.model, path.parent
    try:
        card = write_model(model, format, path, _about(run), asked.samples)
    except DescentError:
        raise
    except Exception as error:  # the converters' have nothing in common
        logger.info("A model cannot be written as %s", format, exc_info=True)
        reason = _cannot(error, model)
        raise _NotHandedOver(RunExported(run.record.id, format, "", reason)) from error
    _save(folder / CARD, json.dumps(card, indent=1, ensure_ascii=_has_halves(card)))
    _save(folder / PREDICT, predict_code(card))
    first = inputs_of(run.contract, asked.x[:1])
    _save(folder / EXAMPLE, example_code(card, first, _answer(card, asked.expected[:1])))
    return card


def _save(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


def _has_halves(card: Mapping[str, Any]) -> bool:
    """Some text in it is no Unicode, and must be written by its numbers."""
    try:
        json.dumps(card, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _answer(card: Mapping[str, Any], expected: AnyArray) -> Any:
    from engine.inference.export.standalone.restore import answers

    return answers(expected, dict(card))


def _about(run: OpenedRun) -> dict[str, Any]:
    """What a card says of the run."""
    record = run.record
    analysis = Analysis.load(run.folder)
    intervals = (
        {} if analysis is None else {name: list(it) for name, it in analysis.intervals.items()}
    )
    return {
        "name": record.name,
        "run": record.id,
        "trained_at": record.created_at.isoformat(),
        "data": record.dataset_title,
        "model": record.model_title,
        "metrics": {k: v for k, v in record.metrics.items() if k.startswith("test_")},
        "intervals": intervals,
    }


def _proven(
    run: OpenedRun,
    card: dict[str, Any],
    folder: Path,
    given: Questions,
    watch: Callable[[], None],
) -> RunExported:
    """Makes the proof, and asks the model for it."""
    inputs = inputs_of(run.contract, given.x)
    proof = make_proof(folder, card, inputs, given.expected, len(given.rows))
    with tempfile.TemporaryDirectory() as aside:
        kept = Path(aside) / "outputs.npz"
        found = asked(folder, "--measure", "--outputs", str(kept), watch=watch)
        answered = read_arrays(kept, _MOST_ANSWERS)["outputs"] if kept.exists() else None
    done = RunExported(run.record.id, card["format"], "", notes=given.notes)
    if found["problems"]:
        return replace(done, reason=" ".join([*found["problems"], *_where(run, card, given)]))
    latencies = [Latency(1, **item) for item in found["latencies"]]
    n_threads = os.cpu_count() or 1
    if n_threads > 1:
        more = asked(folder, "--only-measure", threads=n_threads, watch=watch)
        latencies += [Latency(n_threads, **item) for item in more.get("latencies", ())]
    proof["measured"] = [vars(item) for item in latencies]
    save_proof(folder, {key: value for key, value in proof.items() if key != "seal"})
    return replace(
        done,
        checked=found["checked"],
        largest_difference=found["largest_difference"],
        tolerance=proof["limits"]["difference"],
        same_class=found["same"],
        test_metrics=metrics_of(run, given, answered),
        run_metrics=metrics_of(run, given, given.expected),
        latencies=tuple(latencies),
        memory_bytes=found["memory_bytes"],
        notes=(*given.notes, *_doubts(card, found)),
    )


def _where(run: OpenedRun, card: Mapping[str, Any], given: Questions) -> list[str]:
    """The layer from which on the model answers otherwise, where that can be found out."""
    if card["format"] not in ("onnx", "litert") or "writes" in card:
        return []
    from engine.inference.export.diagnosing import asked_in, first_different

    network = run.model.network
    prepared = run.contract.preprocessing.transform_x(given.x[:_DIAGNOSED])
    try:
        layer = first_different(network, prepared, asked_in(card["format"]))
    except Exception:  # a part may have no form in the format, though the whole has
        logger.info("The layer cannot be found", exc_info=True)
        return []
    if layer is None:
        return ["Each layer alone answers as it should: what stands before or behind them differs."]
    return [f"It differs from the layer '{layer.name}' ({type(layer).__name__}) on."]


def _doubts(card: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What is to be said of a model that answers otherwise within what its format allows."""
    same = found["same"]
    if card["format"] not in LIMITS or same is None or same >= TOLD_BELOW:
        return []
    return [f"Only {percent_text(same, 1)} of the answers are the same: 8 or 16 bits cost so much."]


def _cannot(error: Exception, model: ServedModel) -> str:
    """Why a model cannot be written, with the layer that is in the way where that is known."""
    text = " ".join(str(error).split()) or type(error).__name__
    layer = next(
        (it for it in model.network.layers if f"/{it.name}/" in text or f"'{it.name}'" in text),
        None,
    )
    where = f" at the layer '{layer.name}' ({type(layer).__name__})" if layer is not None else ""
    return f"The format has no form for this model{where}: {text[:300]}"
