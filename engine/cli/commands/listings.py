"""The commands that look and change nothing: data, models, runs, devices."""

from __future__ import annotations

import dataclasses
import time
from argparse import Namespace
from typing import Any

from engine.architectures import ARCHITECTURES
from engine.architectures.base import Architecture
from engine.cli.commands.deleted_runs import list_deleted
from engine.cli.commands.output import Output, number, numbers, table
from engine.cli.commands.own_models import (
    CUSTOM,
    graph_of,
    library,
    own_model,
    own_table,
    own_values,
)
from engine.cli.commands.settings import inspection_values, spec_values
from engine.cli.commands.verdicts import verdict_lines
from engine.datasets import DATASETS, FORMATS
from engine.devices.diagnoses import Diagnosis
from engine.errors import DescentError, WorkspaceError
from engine.events.findings import DataFinding
from engine.events.messages import ModelDescribed
from engine.events.profile import Profile
from engine.runs.record import RunRecord
from engine.runs.schema import REPAIR_HINT
from engine.runs.store import RunStore
from engine.spec.formatting import bytes_text, duration_text, shape_text
from engine.spec.parameters import Parameter, describe
from engine.training.agreement import disagreements, disputed_test_metrics

# Time between two readings, so that the load is that of now.
_LOAD_PERIOD_S = 0.25
_NAMES_SHOWN = 10
_IN_DOUBT = " (in doubt, see runs show)"
_VALUES_SHOWN = 6
# The first of these that a run has stands for it in a list.
_TELLING = ("test_accuracy", "test_r2_score", "test_exact_match", "val_loss", "loss")


def list_data(arguments: Namespace, output: Output) -> int:
    """Lists the datasets in the box."""
    if output.as_json:
        output.object(
            {
                "datasets": [
                    {
                        "name": dataset.name,
                        "title": dataset.title,
                        "description": dataset.description,
                        "kind": dataset.kind,
                        "task": dataset.task,
                        "recommended_model": dataset.recommended_model,
                        "parameters": [_parameter(item) for item in describe(dataset.parameters)],
                    }
                    for dataset in DATASETS
                ]
            }
        )
        return 0
    rows = [(d.name, d.title, d.kind.value, d.task.value if d.task else "") for d in DATASETS]
    output.lines(*table(("name", "title", "kind", "task"), rows))
    titles = "; ".join(item.title for item in FORMATS)
    output.lines("", f"Or give the path of a file or folder of your own. {titles}.")
    return 0


def inspect_data(arguments: Namespace, output: Output) -> int:
    """Loads a dataset and says what is in it."""
    from engine.service import execution

    profile = execution.inspect_data(inspection_values(arguments)).profile
    values = profile.to_dict()
    if output.as_json:
        output.object(values)
        return 0
    shape = shape_text(profile.signature.input_shape)
    sizes = "  ".join(f"{part} {count:,}" for part, count in values["split"].items())
    output.lines(
        f"{profile.title}: {profile.n_samples:,} examples, each {shape} ({values['kind']})",
        f"{values['task'].capitalize()} of '{profile.target_name}'",
        f"Parts: {sizes} ({profile.split_method})",
        *(f"{label}: {value}" for label, value in profile.facts),
    )
    if profile.class_names:
        rows = [(name, f"{count:,}") for name, count in values["classes"].items()]
        output.lines("", *table((profile.target_name, "examples"), rows))
    if profile.columns:
        output.lines("", *_columns(profile))
    if profile.notes:
        output.lines("", *profile.notes)
    for finding in profile.findings:
        output.lines("", *finding_lines(finding))
    return 0


def finding_lines(finding: DataFinding) -> list[str]:
    """A finding in words, and the first of what it is about by name."""
    about = f"{finding.subject}: " if finding.subject else ""
    names = [f"  {name}" for name in finding.names[:_NAMES_SHOWN]]
    return [f"{finding.trouble.capitalize()}. {about}{finding.text}", *names]


def _columns(profile: Profile) -> list[str]:
    """A table of the columns: numbers with their range, categories with their values."""
    rows = []
    for column in profile.columns:
        what = ", ".join(f"{value} ({count:,})" for value, count in column.values[:_VALUES_SHOWN])
        if len(column.histogram) and not what:
            what = (
                f"{number(column.minimum)} to {number(column.maximum)}, "
                f"mean {number(column.mean)}, deviation {number(column.deviation)}"
            )
        use = "" if column.is_used else "not used"
        rows.append((column.name, column.type, f"{column.n_missing:,}", what, use))
    return table(("column", "type", "missing", "values", ""), rows)


def list_models(arguments: Namespace, output: Output) -> int:
    """Lists the architectures, and the own models of the workspace."""
    own, unreadable = library(arguments.workspace).models()
    if output.as_json:
        output.object(
            {
                "models": [_architecture(item) for item in ARCHITECTURES],
                "own_models": [own_values(item) for item in own],
                "unreadable": list(unreadable),
            }
        )
        return 0
    rows = [
        (item.name, item.title, ", ".join(item.kinds), ", ".join(item.tasks))
        for item in ARCHITECTURES
    ]
    output.lines(*table(("name", "title", "data", "tasks"), rows))
    if own:
        output.lines("", *own_table(own))
    if unreadable:
        output.lines("", *unreadable)
    return 0


def describe_model(arguments: Namespace, output: Output) -> int:
    """Says what an architecture is; with data, builds it and lists its layers."""
    own = own_model(arguments.model, arguments.workspace)
    architecture = ARCHITECTURES[CUSTOM if own is not None else arguments.model]
    if arguments.data is None:
        if arguments.code or arguments.graph:
            raise DescentError(
                "The layers depend on the data. Received no data.",
                "Give --data NAME or --data PATH.",
            )
        _write_architecture(architecture, None, output)
        return 0
    from engine.service import execution

    built = execution.describe_model(spec_values(arguments))
    if arguments.code:
        if output.as_json:
            output.object({"code": built.code})
        else:
            output.lines(*built.code.splitlines())
    elif arguments.graph:
        output.object({"title": own.title if own else architecture.title, **graph_of(built)})
    else:
        _write_architecture(architecture, built, output)
    return 0


def _write_architecture(
    architecture: Architecture, built: ModelDescribed | None, output: Output
) -> None:
    """Writes what an architecture is, and what was built of it for some data."""
    if output.as_json:
        output.object(_architecture(architecture) | (_built(built) if built else {}))
        return
    output.lines(f"{architecture.title} ({architecture.name})", architecture.summary)
    if architecture.formula:
        output.lines(architecture.formula)
    rows = [
        (item.name, _default(item), item.range_text, item.unit, item.help)
        for item in describe(architecture.parameters)
    ]
    if rows:
        output.lines("", *table(("parameter", "default", "allowed", "unit", "what it does"), rows))
    if built is not None:
        _write_layers(built, output)


def _write_layers(built: ModelDescribed, output: Output) -> None:
    layers = [
        (
            layer.name,
            layer.type,
            shape_text(layer.output_shape),
            str(layer.n_parameters),
            layer.details,
        )
        for layer in built.layers
    ]
    output.lines("", *table(("layer", "type", "output", "parameters", "settings"), layers))
    output.lines("", f"{built.n_parameters} parameters, {built.n_trainable} trainable")


def _built(built: ModelDescribed) -> dict[str, Any]:
    """A model that was built, as JSON values."""
    return {
        "spec": built.spec.to_dict(),
        "layers": [dataclasses.asdict(layer) for layer in built.layers],
        "n_parameters": built.n_parameters,
        "n_trainable": built.n_trainable,
        "n_macs": built.n_macs,
        "memory_bytes": built.memory_bytes,
        "graph": built.graph,
        "code": built.code,
    }


def list_runs(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Lists all runs, the newest first; with --deleted, those that can be brought back."""
    store.mark_interrupted()
    if arguments.deleted:
        return list_deleted(store, output)
    records, _, bad_rows = store.listing()
    for bad in bad_rows:
        output.warn("run_unreadable", bad, run=bad.run)
    disputed = {
        record.id: found
        for record in records
        if (found := disputed_test_metrics(record, store.folder(record.id)))
    }
    if output.as_json:
        listed = [
            {**record.to_dict(), **({"findings": found} if found else {})}
            for record in records
            for found in [disputed.get(record.id)]
        ]
        output.object({"runs": listed})
        return 0
    if not records:
        output.lines("There is no run yet. Start one: train --data iris")
        return 0
    rows = [
        (
            record.id,
            record.name,
            record.state.value,
            f"{record.epochs_done}/{record.epochs_planned}",
            duration_text(record.duration_s),
            _telling_metric(record) + (_IN_DOUBT if record.id in disputed else ""),
        )
        for record in records
    ]
    output.lines(*table(("run", "name", "state", "epochs", "time", "result"), rows))
    return 0


def show_run(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Shows everything about a run."""
    store.mark_interrupted()
    record = store.get(arguments.run)
    epochs = store.epochs(record.id)
    for text in store.bad_epochs(record.id):
        output.warn("epoch_unreadable", WorkspaceError(text, REPAIR_HINT), run=record.id)
    findings = disagreements(record, epochs, store.folder(record.id))
    folder = str(store.folder(record.id))
    if output.as_json:
        listed = [
            {
                "epoch": epoch.epoch,
                "metrics": epoch.metrics,
                "duration_s": epoch.duration_s,
                "is_best": epoch.is_best,
            }
            for epoch in epochs
        ]
        output.object(
            {**record.to_dict(), "folder": folder, "epochs": listed, "findings": findings}
        )
        return 0
    created = record.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    output.lines(
        f"{record.name}  ({record.id})",
        f"{record.dataset_title}, {record.model_title}; started {created}",
        f"{record.state.value.capitalize()}. {record.reason}".strip(),
        *([record.hint] if record.hint else []),
        *verdict_lines(record.findings),
        *([f"Note: {record.note}"] if record.note else []),
        *([f"Begun again from: {_named(store, record.origin)}"] if record.origin else []),
        f"Folder: {folder}",
        numbers(record.metrics),
        *(finding["text"] for finding in findings),
    )
    if epochs:
        names = tuple(epochs[0].metrics)
        rows = [
            (
                f"{epoch.epoch}{' *' if epoch.is_best else ''}",
                *(number(epoch.metrics.get(name)) for name in names),
                duration_text(epoch.duration_s),
            )
            for epoch in epochs
        ]
        output.lines("", *table(("epoch", *names, "time"), rows), "* best so far")
    if record.details:
        output.lines("", *record.details.splitlines())
    return 0


def show_devices(arguments: Namespace, output: Output) -> int:
    """Says what the machine has, how busy it is, and what TensorFlow can use of it."""
    from engine.devices.sampler import DeviceSampler
    from engine.service import execution

    sampler = DeviceSampler()
    info = sampler.describe()
    time.sleep(_LOAD_PERIOD_S)
    sample = sampler.sample()
    sampler.close()
    ready = execution.warm_up()
    if output.as_json:
        output.object(
            {
                **dataclasses.asdict(info),
                "now": dataclasses.asdict(sample),
                "tensorflow": {
                    "version": ready.tensorflow_version,
                    "keras_version": ready.keras_version,
                    "devices": ready.devices,
                },
                "diagnoses": [dataclasses.asdict(found) for found in ready.diagnoses],
            }
        )
        return 0
    cores = f"{info.physical_cores or '?'} cores, {info.logical_cores} threads"
    memory = f"{bytes_text(sample.memory_used)} of {bytes_text(sample.memory_total)} used"
    output.lines(
        f"Processor  {info.cpu_model}, {cores}, {sample.cpu_percent:.0f} % busy",
        f"Memory     {memory}",
        *(f"GPU        {name}" for name in info.gpus),
        f"TensorFlow {ready.tensorflow_version} (Keras {ready.keras_version}) "
        f"trains on {', '.join(ready.devices)}",
        *(line for found in ready.diagnoses for line in _in_lines(found)),
    )
    return 0


def _in_lines(found: Diagnosis) -> list[str]:
    """A diagnosis with the command that mends it, which stands by itself to be copied."""
    steps = f"To mend it: {found.steps}" if found.is_problem else found.steps
    commands = [f"    {command}" for command in found.command.splitlines()]
    return ["", found.what, *(text for text in (found.why, steps) if text), *commands]


def _named(store: RunStore, run: str) -> str:
    """A run by its name and id, by the id alone where it is gone."""
    try:
        return f"{store.get(run).name} ({run})"
    except DescentError:
        return run


def _telling_metric(record: RunRecord) -> str:
    name = next((name for name in _TELLING if name in record.metrics), None)
    return f"{name} {number(record.metrics[name])}" if name else ""


def _architecture(architecture: Architecture) -> dict[str, Any]:
    return {
        "name": architecture.name,
        "title": architecture.title,
        "summary": architecture.summary,
        "formula": architecture.formula,
        "kinds": list(architecture.kinds),
        "tasks": list(architecture.tasks),
        "parameters": [_parameter(item) for item in describe(architecture.parameters)],
        "training": dataclasses.asdict(architecture.defaults),
    }


def _parameter(item: Parameter) -> dict[str, Any]:
    return dataclasses.asdict(item)


def _default(item: Parameter) -> str:
    if item.default is None:
        return "automatic"
    if isinstance(item.default, tuple):
        return ",".join(map(str, item.default))
    return str(item.default)
