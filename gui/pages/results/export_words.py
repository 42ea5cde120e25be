"""What is said of exports: formats in a table, proofs in a sentence."""

from __future__ import annotations

from engine.events.exporting import RunExported
from engine.service.results.exporting import ExportFormat
from engine.spec.formatting import bytes_text, percent_text
from gui.formatting.numbers import count_text, value_text
from gui.formatting.run_words import metric_text
from gui.formatting.translation import translate

_DIGITS = 3


def headings() -> tuple[str, ...]:
    """Of the table of formats."""
    return (
        translate("Format"),
        translate("Size"),
        translate("ms an example"),
        translate("Largest difference"),
        translate("Same answer"),
    )


def row_of(format: ExportFormat, done: RunExported | None) -> tuple[str, ...]:
    """What the table says of a format; what was handed over tells the rest."""
    title = translate(format.title)
    if done is None or done.reason:
        return (title, "", "", "", "")
    latency, apart, same = done.latency_ms, done.largest_difference, done.same_class
    return (
        title,
        bytes_text(done.size_bytes),
        "" if latency is None else value_text(latency, _DIGITS),
        "" if apart is None else f"{apart:.1g}",
        "" if same is None else percent_text(same, 1),
    )


def proof_text(done: RunExported) -> str:
    """The proof, for whoever takes the model away."""
    if not done.checked:
        return translate("Written: {path}").format(path=done.path)
    parts = [
        translate("Asked by its own runtime: {n} examples").format(n=count_text(done.checked)),
    ]
    if done.largest_difference is not None:
        text = translate("largest difference {value}")
        parts.append(text.format(value=f"{done.largest_difference:.1g}"))
    if done.same_class is not None:
        share = percent_text(done.same_class, 1)
        text = translate("the same answer in {share}")
        parts.append(text.format(share=translate("all") if done.same_class == 1.0 else share))
    name = next(iter(done.test_metrics), "")
    if name:
        here = metric_text(name, done.test_metrics[name])
        before = metric_text(name, done.run_metrics.get(name, float("nan")))
        text = translate("{name} {here} (the run: {before})")
        parts.append(text.format(name=name.replace("_", " "), here=here, before=before))
    return f"{', '.join(parts)}."


def latency_rows(done: RunExported) -> list[tuple[str, ...]]:
    """How long it takes: threads, examples at once, median and 95th percentile."""
    return [
        (
            str(it.threads),
            str(it.batch),
            value_text(it.median_ms, _DIGITS),
            value_text(it.p95_ms, _DIGITS),
        )
        for it in done.latencies
    ]


def latency_headings() -> tuple[str, ...]:
    """Of the table of how long it takes."""
    return (
        translate("Threads"),
        translate("At once"),
        translate("ms an example"),
        translate("95 % within"),
    )


def default_name(run: str, format: ExportFormat) -> str:
    """What a file or folder is called that holds a run's export."""
    plain = "".join(sign if sign.isalnum() or sign in "-_ " else "-" for sign in run).strip()
    ending = "" if format.suffix and not format.is_model else f"-{format.name}"
    return f"{plain or 'model'}{ending}{'' if format.is_model else format.suffix}"
