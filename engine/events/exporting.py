"""Taking a run's result away: what is asked, and what was handed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.events.results import ResultAnswer, ResultCommand


@dataclass(frozen=True)
class ExportRun(ResultCommand):
    """Hand a run's result over as a file or folder. Answered by `RunExported`.

    Attributes:
        format: By its name in `engine.service.results.exporting.FORMATS`.
        to: Where to, as a path.
        language: Of a report: ``en`` or ``zh_CN``.
        others: Ids of runs that a report compares it with.
        with_examples: A report explains a few examples of the data, which then are in it.
    """

    format: str = ""
    to: str = ""
    language: str = "en"
    others: tuple[str, ...] = ()
    with_examples: bool = True


@dataclass(frozen=True)
class Latency:
    """How long an exported model takes here.

    Attributes:
        threads: How many it may use.
        batch: Examples at once.
        median_ms: For each example, in milliseconds.
        p95_ms: The same, of 95 in 100 calls no more.
    """

    threads: int
    batch: int
    median_ms: float
    p95_ms: float


@dataclass(frozen=True)
class RunExported(ResultAnswer):
    """What was handed over, and the proof that it is right; or why nothing was.

    Attributes:
        format: As asked.
        path: What was written.
        reason: Why nothing was handed over, in a sentence; empty: it was.
        files: What lies there, by names relative to the folder of `path`.
        checked: Examples that were asked of the file by its own runtime; 0: it holds no model.
        largest_difference: Between its answers and those of the run's model; None: they are texts.
        tolerance: Up to which difference it is handed over.
        same_class: Share of examples with the same class or text; None: numbers.
        test_metrics: Of the file's own answers on the test part, by name with ``test_``.
        run_metrics: The same of the run's model, on the same examples.
        latencies: How long it takes here.
        memory_bytes: What the process of the runtime took more after loading and asking it.
        size_bytes: Of everything that was written.
        notes: What people should know, one sentence each.
    """

    format: str
    path: str
    reason: str = ""
    files: tuple[str, ...] = ()
    checked: int = 0
    largest_difference: float | None = None
    tolerance: float | None = None
    same_class: float | None = None
    test_metrics: Mapping[str, float] = field(default_factory=dict)
    run_metrics: Mapping[str, float] = field(default_factory=dict)
    latencies: tuple[Latency, ...] = ()
    memory_bytes: int | None = None
    size_bytes: int = 0
    notes: tuple[str, ...] = ()

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds for one example alone, on one thread; None: not measured."""
        return next((it.median_ms for it in self.latencies if it.threads == it.batch == 1), None)

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        latencies = [vars(item) for item in self.latencies]
        values = {name: value for name, value in vars(self).items() if name != "key"}
        return {**values, "latency_ms": self.latency_ms, "latencies": latencies}
