"""Writes a run as a script or a notebook, once what it says is proven to be the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.datasets.base import Progress
from engine.errors import DescentError
from engine.events.exporting import RunExported
from engine.files import atomic_write
from engine.service.results.exporting.places import handed_over, place_of
from engine.service.results.exporting.script import (
    data_arrays,
    data_csv,
    data_folders,
    data_tables,
    division,
    network,
    preparation,
)
from engine.service.results.exporting.script.checking import check_apart
from engine.service.results.exporting.script.document import Document, Section
from engine.service.results.exporting.script.notes import head_of, notes_of
from engine.service.results.exporting.script.refusals import subject_of
from engine.service.results.exporting.script.subject import NotWritten, Subject
from engine.service.results.exporting.script.testing import test_section
from engine.service.results.exporting.script.training import training_section

if TYPE_CHECKING:
    from engine.service.results.opened_run import OpenedRun

_SUFFIXES: Final = {"script": ".py", "notebook": ".ipynb"}
_DOING: Final = "Writing the script"

Names = dict[str, Any]


def write(run: OpenedRun, format: str, to: Path, progress: Progress) -> RunExported:
    """Writes ``script`` or ``notebook``; see `engine.service.results.exporting.Export`.

    What cannot be written is told as the reason, and nothing is left behind.

    Raises:
        DescentError: The run's data or model cannot be read, or nothing can be written there.
        Cancelled: Someone asked to stop.
    """
    suffix = _SUFFIXES[format]
    place = place_of(to, suffix, f"train{suffix}")
    done: RunExported
    try:
        with handed_over(place) as aside:
            done = _written(run, format, aside / place.file, place.folder, progress)
    except NotWritten as refusal:
        done = RunExported(run.record.id, format, str(to), reason=refusal.message)
    return done


def _written(
    run: OpenedRun, format: str, to: Path, folder: Path, progress: Progress
) -> RunExported:
    """Writes all files, aside from where they will lie in the end."""
    subject = subject_of(run, progress)
    progress(_DOING, 1, 4)
    beside: list[Path] = []
    document = document_of(subject, to, beside)
    text = document.script() if format == "script" else document.notebook()
    check_apart(document, subject, to, progress)
    atomic_write(to, text)
    files = [to, *beside]
    return RunExported(
        run.record.id,
        format,
        str(folder / to.name),
        files=tuple(file.name for file in files),
        size_bytes=sum(file.stat().st_size for file in files),
        notes=notes_of(subject, document, [file.name for file in beside]),
    )


def document_of(subject: Subject, to: Path, beside: list[Path]) -> Document:
    """Chooses the first way of each section that gives the same as Descent.

    Args:
        subject: The run.
        to: Where the script will lie.
        beside: Files that were written for it are added to it.

    Raises:
        NotWritten: A section has no way.
        OSError: A file cannot be written.
    """
    sections = _Bench(subject, to, beside).sections()
    return Document(head_of(subject), subject.spec.seed, sections)


class _Bench:
    """Tries sections one after the other, each after those before it.

    Args:
        subject: The run.
        to: Where the script will lie.
        beside: Files that were written for it; added to here.
    """

    def __init__(self, subject: Subject, to: Path, beside: list[Path]) -> None:
        self._subject, self._to, self._beside = subject, to, beside
        self._names: Names = {
            "HERE": to.parent,
            "SEED": subject.spec.seed,
            "__name__": "script",
        }

    def sections(self) -> tuple[Section, ...]:
        """All sections, in order.

        Raises:
            NotWritten: One has no way that gives the same.
        """
        subject = self._subject
        data, parts = self._with_guard(self._data()), self._division()
        prepared = self._first(
            preparation.ways(subject), lambda names: preparation.is_prepared(subject, names)
        )
        weights = self._beside_path("first_weights.npz")
        built = self._first(
            network.ways(subject, weights), lambda names: network.is_built(subject, names), weights
        )
        return data, parts, prepared, built, training_section(subject), test_section(subject)

    def _with_guard(self, data: Section) -> Section:
        """A file of the person's own may be another by the time the script is run."""
        if "DATA = " not in data.code:
            return data
        n_samples = self._subject.examples.n_samples
        guard = f'assert len(y) == {n_samples}, "The data is not what the run learnt from."'
        return replace(data, code=f"{data.code}\n{guard}")

    def _beside_path(self, what: str) -> Path:
        return self._to.with_name(f"{self._to.stem}_{what}")

    def _data(self) -> Section:
        subject = self._subject
        if subject.is_table:
            path = self._beside_path("data.csv")
            return self._first(
                self._table_ways(path),
                lambda names: data_tables.is_read(subject, names),
                path,
            )
        path, files = self._beside_path("data.npz"), self._beside_path("files.csv")
        return self._first(
            self._array_ways(path, files),
            lambda names: data_arrays.is_read(subject, names),
            path,
            path.with_suffix(".jsonl"),
            files,
        )

    def _table_ways(self, path: Path) -> Iterator[Section | None]:
        yield data_tables.from_library(self._subject)
        yield from data_csv.from_own_file(self._subject)
        yield data_tables.from_copy(self._subject, path)

    def _array_ways(self, path: Path, files: Path) -> Iterator[Section | None]:
        yield data_arrays.from_library(self._subject)
        yield from data_folders.from_own_files(self._subject, files)
        yield data_arrays.from_copy(self._subject, path)

    def _division(self) -> Section:
        subject, path = self._subject, self._beside_path("parts.csv")
        parts = subject.prepared.parts
        return self._first(
            division.ways(subject, path), lambda names: division.fits(parts, names), path
        )

    def _first(
        self,
        sections: Iterable[Section | None],
        is_right: Callable[[Names], bool],
        *files: Path,
    ) -> Section:
        """The first section that leaves the right things behind.

        Args:
            sections: To be tried; None: there is no such way.
            is_right: Looks at what a section has left.
            files: What one of them may write beside the script.

        Raises:
            NotWritten: None does.
        """
        title, reason = "", ""
        for section in sections:
            if section is None:
                continue
            title, names = section.title, dict(self._names)
            written = [it for it in files if it.exists() and it.name in section.code]
            self._beside += written
            code = "\n".join([*section.imports, section.code])
            try:
                exec(compile(code, title, "exec"), names)
                if is_right(names):
                    self._names = names
                    return section
                reason = "it does not give the same as Descent"
            except DescentError:
                raise
            except Exception as error:  # whatever code of some data may raise
                reason = f"{type(error).__name__}: {error}"
            for file in written:
                self._beside.remove(file)
                file.unlink(missing_ok=True)
        raise NotWritten(f"'{title}' cannot be written as plain code: {reason}.")


__all__ = ["write"]
