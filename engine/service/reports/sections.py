"""The sections of a report that tell where a result comes from: question, data, model, training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from engine.architectures import ARCHITECTURES
from engine.errors import DescentError
from engine.events.profile import ColumnProfile, Profile
from engine.service.reports import charts
from engine.service.reports.document import Block, Heading, Paragraph, Picture, Table
from engine.service.reports.facts import RunFacts, formulas_of
from engine.service.reports.formulas import formula_picture
from engine.service.reports.words import Words
from engine.service.results.exporting.tensorboard import flat
from engine.spec.formatting import duration_text, percent_text, scaled_text, shape_text
from engine.spec.signature import Kind, Signature, Task

MAX_COLUMNS: Final = 60
_MAX_NAMES: Final = 5
_MAX_BOXES: Final = 14
_MAX_LAYERS: Final = 200
_MAX_CHANGES: Final = 50
_MAX_ENVIRONMENTS: Final = 4
_LARGE: Final = ("", "k", "M", "G", "T")
_DIVIDED: Final = {
    "random": "at random",
    "stratified": "at random, each class with its share",
    "group": "in whole groups",
    "time": "by time",
    "given": "as the data says",
}


def number(value: float | None) -> str:
    """A number in four figures; a dash where there is none."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.4g}"


# ---- question


def question(facts: RunFacts, say: Words) -> Iterator[Block]:
    """What is to be predicted, from what."""
    signature = _signature(facts)
    yield Heading(say("Question"))
    if signature is None:
        titles = (facts.record.dataset_title, facts.record.model_title)
        yield Paragraph(say(", ").join(map(say.sentence, titles)) + say(". ").rstrip())
        return
    inputs = _inputs(facts, signature, say)
    target = _target(facts)
    if signature.task is Task.ANOMALY:
        yield Paragraph(say("Find what is unusual among {inputs}.", inputs=inputs))
    else:
        yield Paragraph(say("Predict '{target}' from {inputs}.", target=target, inputs=inputs))
    yield Paragraph(say("It is a task of {task}.", task=say(signature.task.value)), "muted")


def _signature(facts: RunFacts) -> Signature | None:
    if facts.contract is not None:
        return facts.contract.signature
    return facts.profile.signature if facts.profile is not None else None


def _target(facts: RunFacts) -> str:
    if facts.contract is not None:
        return facts.contract.target_name
    return facts.profile.target_name if facts.profile is not None else ""


def _inputs(facts: RunFacts, signature: Signature, say: Words) -> str:
    contract, profile = facts.contract, facts.profile
    names = contract.feature_names if contract is not None else ()
    names = names or (profile.feature_names if profile is not None else ())
    match signature.kind:
        case Kind.TABLE:
            return say("{n} columns of a table", n=len(names) or signature.input_shape[0])
        case Kind.SERIES:
            return say("series of {n} channels", n=len(names) or signature.input_shape[-1])
        case Kind.IMAGE:
            return say("pictures")
        case Kind.TEXT:
            return say("texts")
        case Kind.AUDIO:
            return say("sounds")
        case Kind.VIDEO:
            return say("videos")


# ---- data and its division


def data(facts: RunFacts, say: Words) -> Iterator[Block]:
    """What the data is, its fingerprint, and what is wrong with it."""
    profile = facts.profile
    yield Heading(say("Data"))
    rows = [(say("source"), _source(facts, say))]
    if profile is not None:
        rows += [
            (say("examples"), f"{profile.n_samples:,}"),
            (say("target"), profile.target_name),
            *((say.sentence(it), say.sentence(value, facts.names)) for it, value in profile.facts),
        ]
    if facts.fingerprint:
        rows.append((say("fingerprint (SHA-256)"), facts.fingerprint))
    yield Table(rows)
    if profile is None:
        return
    if not facts.is_same_data:
        text = say("The data is no longer what the run was trained on.")
        yield Paragraph(text, "warning", say("Warning"))
    if profile.columns:
        yield from _columns(profile, say)
    elif len(profile.class_names):
        counts = profile.class_counts.tolist()
        pairs = list(zip(profile.class_names, counts, strict=False))
        yield Table(
            [(name, f"{count:,}") for name, count in pairs[:MAX_COLUMNS]],
            (say("class"), say("examples")),
            (1,),
            left_out(len(pairs) - MAX_COLUMNS, say),
        )
    yield Heading(say("Problems of the data"), 3)
    if not profile.findings and not profile.notes:
        yield Paragraph(say("Nothing was found to be wrong with the data."))
    for finding in profile.findings:
        names = "; ".join(say.sentence(it, facts.names) for it in finding.names[:_MAX_NAMES])
        more = f" ({names}{' …' if len(finding.names) > _MAX_NAMES else ''})" if names else ""
        yield Paragraph(f"{say.sentence(finding.text)}{more}", "note")
    for note in profile.notes:
        yield Paragraph(say.sentence(note), "note")


def _source(facts: RunFacts, say: Words) -> str:
    """What people call the data; of the place where it lies only the name: reports are shared."""
    source = str((facts.record.settings.get("data") or {}).get("source", ""))
    name = source.replace("\\", "/").rstrip("/").rpartition("/")[2]
    title = facts.record.dataset_title
    said = say.sentence(title)
    return said if name in ("", title) else f"{said} ({name})"


def _columns(profile: Profile, say: Words) -> Iterator[Block]:
    rows = [_column(column, say) for column in profile.columns[:MAX_COLUMNS]]
    left = len(profile.columns) - MAX_COLUMNS
    header = ("column", "type", "missing", "different", "range or most frequent")
    yield Table(
        rows,
        tuple(map(say, header)),
        (2, 3),
        left_out(left, say),
    )


def left_out(n_left: int, say: Words) -> str:
    """Says that a table was cut; empty: it was not."""
    return say("{n} more are not shown.", n=f"{n_left:,}") if n_left > 0 else ""


def _column(column: ColumnProfile, say: Words) -> tuple[str, ...]:
    kind = say.sentence(column.type)
    kind = kind if column.is_used else f"{kind}, {say('not used')}"
    held = ", ".join(f"{value} ({count:,})" for value, count in column.values[:4])
    if not held and math.isfinite(column.minimum):
        held = say(
            "{low} to {high}, mean {mean}",
            low=number(column.minimum),
            high=number(column.maximum),
            mean=number(column.mean),
        )
    return column.name, kind, f"{column.n_missing:,}", f"{column.n_distinct:,}", held


def division(facts: RunFacts, say: Words) -> Iterator[Block]:
    """How large each part is, and how the data was divided."""
    profile, settings = facts.profile, facts.record.settings
    if profile is None:
        return
    yield Heading(say("Division"))
    total = max(1, sum(profile.split_sizes))
    names = ("training", "validation", "test")
    yield Table(
        [
            (say(name), f"{size:,}", percent_text(size / total))
            for name, size in zip(names, profile.split_sizes, strict=True)
        ],
        (say("part"), say("examples"), say("share")),
        (1, 2),
    )
    how = say.sentence(_DIVIDED.get(profile.split_method, profile.split_method))
    text = "The parts were divided {how}. The seed is {seed}."
    yield Paragraph(say(text, how=how, seed=settings.get("seed", 0)), "muted")


# ---- model and training


def model(facts: RunFacts, say: Words) -> Iterator[Block]:
    """What the model is made of, as a picture where its layers stand in a row, and its formula."""
    yield Heading(say("Model"))
    name = str((facts.record.settings.get("model") or {}).get("name") or "")
    described = facts.model
    rows = [(say("architecture"), say.sentence(facts.record.model_title))]
    if described is not None:
        rows += [
            (say("weights"), f"{described.n_parameters:,}"),
            (say("that are trained"), f"{described.n_trainable:,}"),
            (say("multiply-adds for an example"), scaled_text(described.n_macs, 1000, _LARGE)),
        ]
    yield Table(rows)
    formulas = formulas_of(name, say.language)
    pictures = [formula_picture(latex) for latex in formulas]
    if any(pictures):
        yield Heading(say("Formula"), 3)
        yield from (picture for picture in pictures if picture is not None)
    elif plain := _plain_formula(name):
        yield Heading(say("Formula"), 3)
        yield Paragraph(plain)
    if described is not None and described.layers:
        yield Heading(say("Layers"), 3)
        yield from _layers(facts, say)


def _plain_formula(name: str) -> str:
    try:
        return str(ARCHITECTURES[name].formula)
    except DescentError:  # of a plug-in that is not here
        return ""


def _layers(facts: RunFacts, say: Words) -> Iterator[Picture | Table]:
    assert facts.model is not None
    layers = facts.model.layers
    is_row = all(later.inputs == (earlier.name,) for earlier, later in pairwise(layers))
    if is_row and len(layers) <= _MAX_BOXES:
        rows = [(it.type, it.details, shape_text(it.output_shape)) for it in layers]
        yield charts.layers(rows, say("Layers"))
    header = ("layer", "type", "settings", "output", "weights", "inputs")
    yield Table(
        [
            (
                it.name,
                it.type,
                it.details,
                shape_text(it.output_shape),
                f"{it.n_parameters:,}",
                ", ".join(it.inputs),
            )
            for it in layers[:_MAX_LAYERS]
        ],
        tuple(map(say, header)),
        (4,),
        left_out(len(layers) - _MAX_LAYERS, say),
    )


def training(facts: RunFacts, say: Words) -> Iterator[Block]:
    """How it was trained, its curves, and what was changed on the way."""
    record = facts.record
    yield Heading(say("Training"))
    done = say("{done} of {planned}", done=record.epochs_done, planned=record.epochs_planned)
    rows = [
        (say("state"), f"{say(record.state.value)}{say('. ')}{say.sentence(record.reason)}"),
        (say("begun"), f"{record.created_at:%Y-%m-%d %H:%M} UTC"),
        (say("epochs"), done),
        (say("best epoch"), "–" if record.best_epoch is None else str(record.best_epoch)),
        (say("duration"), duration_text(record.duration_s)),
    ]
    if record.plan:
        rows.append((say("device"), str(record.plan.get("device", ""))))
        rows.append((say("execution"), say.sentence(str(record.plan.get("reason", "")))))
    yield Table(rows)
    pictures = list(_curves(facts, say))
    if pictures:
        yield Heading(say("Curves"), 3)
        yield from pictures
        if record.best_epoch:
            yield Paragraph(say("The dashed line marks the best epoch."), "muted")
    if facts.changes:
        yield Heading(say("Changes on the way"), 3)
        header = ("epoch", "setting", "before", "after", "reason")
        yield Table(
            [
                (
                    str(it.epoch),
                    it.setting,
                    number(it.before),
                    number(it.after),
                    say.sentence(it.reason),
                )
                for it in facts.changes[:_MAX_CHANGES]
            ],
            tuple(map(say, header)),
            (0, 2, 3),
            left_out(len(facts.changes) - _MAX_CHANGES, say),
        )


def _curves(facts: RunFacts, say: Words) -> Iterator[Picture]:
    """Of the loss, and of the other metrics, each with its validation in one picture."""
    names = dict.fromkeys(name for epoch in facts.epochs for name in epoch.metrics)
    own = [name for name in names if not name.startswith("val_")]
    mark = facts.record.best_epoch
    for name in own[:4]:
        lines = [
            charts.Line(say(part), *_points(facts, metric))
            for part, metric in (("training", name), ("validation", f"val_{name}"))
            if metric in names
        ]
        yield charts.curves(lines, metric_words(name, say), say("epoch"), mark)


def _points(facts: RunFacts, metric: str) -> tuple[Sequence[float], Sequence[float]]:
    epochs = [epoch for epoch in facts.epochs if metric in epoch.metrics]
    return [float(it.epoch) for it in epochs], [it.metrics[metric] for it in epochs]


def metric_words(name: str, say: Words) -> str:
    """A metric as people read it."""
    return say.sentence(name.replace("_", " "))


def environments(facts: RunFacts, say: Words) -> Iterator[Block]:
    """On what it was trained; of a run that went on elsewhere, on all of them."""
    yield Heading(say("Trained with"))
    found = facts.environments
    if not found:
        yield Paragraph(say("It was not kept on what this run was trained."), "note")
        return
    if found[0].epochs_done:
        text = "It was not kept on what the first {n} epochs were trained."
        yield Paragraph(say(text, n=found[0].epochs_done), "note")
    shown = found[-_MAX_ENVIRONMENTS:]
    names = dict.fromkeys(name for it in shown for name in it.versions)
    kinds = dict.fromkeys(name for it in shown for name in it.machine)
    rows = [(name, *(it.versions.get(name, "–") for it in shown)) for name in names]
    rows += [(say(name), *(it.machine.get(name, "–") for it in shown)) for name in kinds]
    header = [say("from epoch {n}", n=it.epochs_done + 1) for it in shown]
    caption = left_out(len(found) - len(shown), say)
    yield Table(rows, ["", *header] if len(shown) > 1 else (), caption=caption)


def settings(facts: RunFacts, say: Words) -> Iterator[Block]:
    """Every setting of the run, as it is typed on the command line; no place of files."""
    values = {**facts.record.settings}
    values["data"] = {**(values.get("data") or {}), "source": _source(facts, say)}
    yield Heading(say("Settings"))
    yield Table(list(flat(values)), (say("setting"), say("value")))
