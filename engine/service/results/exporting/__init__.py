"""What a run's result can be taken away as.

To add a format: a module here with a function as `Export` says, and a line in `FORMATS`. What the
window lists imports nothing heavy: the function is imported when it is asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from engine.datasets.base import Progress
from engine.errors import DescentError, UnknownNameError
from engine.events.exporting import RunExported
from engine.service.results.exporting.options import ReportOptions

if TYPE_CHECKING:
    from engine.service.results.opened_run import OpenedRun

_USUAL: Final = ReportOptions()
INSTALL: Final = "python -m pip install 'descent[export]'"


class Export(Protocol):
    """Writes a run's result, whole or not at all."""

    def __call__(self, run: OpenedRun, format: str, to: Path, progress: Progress) -> RunExported:
        """Writes to a path.

        Args:
            run: The run.
            format: The name of the format, for functions that write several.
            to: A file with the format's suffix, or a folder.
            progress: Told how far it is.

        Raises:
            DescentError: The run has no model, its data is gone, or nothing can be written there.
            Cancelled: Someone asked to stop.
        """


class ReportExport(Protocol):
    """As `Export`, of formats of which more can be chosen."""

    def __call__(
        self, run: OpenedRun, format: str, to: Path, progress: Progress, options: ReportOptions
    ) -> RunExported:
        """Writes to a path."""


@dataclass(frozen=True)
class ExportFormat:
    """A format.

    Attributes:
        name: What people type.
        title: What people read.
        about: What it is for, in a sentence.
        where: Module and function that write it, as ``module:function``.
        suffix: Of the file; empty: a folder.
        packages: What must be installed beyond Descent's own needs, by the name of import.
        is_model: It holds a model, and comes with proof.
        other_suffixes: With which the same is written in another way.
        is_report: It is read by people: its language and runs to compare with can be chosen.
        holds_examples: Examples of the data may be in it.
    """

    name: str
    title: str
    about: str
    where: str
    suffix: str = ""
    packages: tuple[str, ...] = ()
    is_model: bool = False
    other_suffixes: tuple[str, ...] = ()
    is_report: bool = False
    holds_examples: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """Packages that are not installed."""
        return tuple(name for name in self.packages if not _is_installed(name))

    def export(
        self,
        run: OpenedRun,
        to: Path,
        progress: Progress,
        options: ReportOptions = _USUAL,
    ) -> RunExported:
        """Writes a run's result; see `Export`.

        Args:
            run, to, progress: As there.
            options: What was chosen, where it is a report.

        Raises:
            DescentError: As `Export`, or a package is missing.
        """
        if self.missing:
            raise DescentError(
                f"{self.title} needs packages that are not installed: {', '.join(self.missing)}.",
                f"Install them with: {INSTALL}",
            )
        module, _, name = self.where.partition(":")
        if self.is_report:
            report: ReportExport = getattr(importlib.import_module(module), name)
            return report(run, self.name, to, progress, options)
        function: Export = getattr(importlib.import_module(module), name)
        return function(run, self.name, to, progress)


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):  # a damaged one
        return False


_MODELS: Final = "engine.service.results.exporting.models:export_model"
_TABLES: Final = "engine.service.results.exporting.tables"
_REPORTS: Final = "engine.service.reports.exporting"
_SCRIPT: Final = "engine.service.results.exporting.script.writing:write"
_LITERT: Final = ("ai_edge_litert",)

FORMATS: Final[tuple[ExportFormat, ...]] = (
    ExportFormat(
        "keras",
        "Keras",
        "One file with everything inside, for programs in Python with Keras.",
        _MODELS,
        ".keras",
        is_model=True,
    ),
    ExportFormat(
        "saved_model",
        "TensorFlow SavedModel",
        "A folder for TensorFlow and TensorFlow Serving.",
        _MODELS,
        is_model=True,
    ),
    ExportFormat(
        "onnx",
        "ONNX",
        "One file for ONNX Runtime: servers, browsers, C#, C++, Java and others.",
        _MODELS,
        ".onnx",
        ("tf2onnx", "onnx", "onnxruntime"),
        is_model=True,
    ),
    ExportFormat(
        "litert",
        "LiteRT",
        "One file for LiteRT (TensorFlow Lite): telephones and small machines.",
        _MODELS,
        ".tflite",
        _LITERT,
        is_model=True,
    ),
    ExportFormat(
        "litert_float16",
        "LiteRT, 16 bit",
        "The same with weights of 16 bits: half as large, almost as exact.",
        _MODELS,
        ".tflite",
        _LITERT,
        is_model=True,
    ),
    ExportFormat(
        "litert_int8",
        "LiteRT, 8 bit",
        "The same with whole numbers of 8 bits: a quarter as large, fast on small machines.",
        _MODELS,
        ".tflite",
        _LITERT,
        is_model=True,
    ),
    ExportFormat(
        "script",
        "Python script",
        "One file of plain Keras, pandas and NumPy that reads, trains and tests the same.",
        _SCRIPT,
        ".py",
    ),
    ExportFormat(
        "notebook",
        "Notebook",
        "The same as a Jupyter notebook.",
        _SCRIPT,
        ".ipynb",
    ),
    ExportFormat(
        "report",
        "Report",
        "One file for any browser: question, data, model, curves, results and verdict.",
        f"{_REPORTS}:export_report",
        ".html",
        is_report=True,
        holds_examples=True,
    ),
    ExportFormat(
        "pdf",
        "Report as PDF",
        "The same report on pages, to be printed or sent.",
        f"{_REPORTS}:export_pdf",
        ".pdf",
        is_report=True,
        holds_examples=True,
    ),
    ExportFormat(
        "card",
        "Model card",
        "What the model is for and what it is worth, as Markdown, to lie beside its file.",
        f"{_REPORTS}:export_card",
        ".md",
        is_report=True,
    ),
    ExportFormat(
        "history",
        "History",
        "A table with a row for each epoch, as CSV or Parquet.",
        f"{_TABLES}:export_history",
        ".csv",
        other_suffixes=(".parquet",),
    ),
    ExportFormat(
        "predictions",
        "Predictions",
        "A table with a row for each example: what is true, and what the model says.",
        f"{_TABLES}:export_predictions",
        ".csv",
        other_suffixes=(".parquet",),
    ),
    ExportFormat(
        "tensorboard",
        "TensorBoard",
        "A folder of event files: the curves and the settings, for TensorBoard.",
        "engine.service.results.exporting.tensorboard:export_tensorboard",
    ),
    ExportFormat(
        "run",
        "Run",
        "One file with everything but the data, which another Descent brings in.",
        "engine.service.exchange.outgoing:export_run",
        ".descent",
    ),
)


def format_named(name: str) -> ExportFormat:
    """A format by its name.

    Raises:
        UnknownNameError: There is none.
    """
    found = next((item for item in FORMATS if item.name == name), None)
    if found is None:
        raise UnknownNameError("export format", name, [item.name for item in FORMATS])
    return found
