"""The errors people are meant to see: what is wrong, what was received, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar


class DescentError(Exception):
    """An expected failure, worded for the person in front of the program.

    Args:
        message: What is wrong, with the value that was received.
        hint: What to do next. May be empty.

    Attributes:
        option: What is typed to do it, where it is an option of the command that failed; a window
            has a button instead.
    """

    option: ClassVar[str] = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class DatasetError(DescentError):
    """The data cannot be read, or does not hold what was asked of it."""


class DataChanged(DatasetError):
    """The data is no longer what a run was trained on.

    Args:
        message: What changed.
    """

    option = "--accept-changed-data"

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            "Bring the data back as it was, start a new run, or go on with the changed data.",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message,))


class Cancelled(DescentError):
    """Someone asked to stop what was under way."""

    def __init__(self) -> None:
        super().__init__("Cancelled.")

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), ())


class WorkspaceError(DescentError):
    """The workspace folder or a run in it cannot be used."""


class DatabaseDamaged(WorkspaceError):
    """The database of the runs is damaged or lost; they are found again from their folders."""


class WorkspaceGone(WorkspaceError):
    """The workspace, or the folder of a run, is no longer where it was."""


class CheckpointsLost(WorkspaceError):
    """A run has nothing to go on from any more; it can only be begun again, as a new run."""

    option = "--from-start"


class TrainingError(DescentError):
    """Training started and could not go on."""


class PluginError(DescentError):
    """A plug-in, which is someone else's, failed.

    Args:
        message: Which one, at what, with what was received.
        hint: What to do next.
        details: The traceback, for its authors.
    """

    def __init__(self, message: str, hint: str = "", details: str = "") -> None:
        super().__init__(message, hint)
        self.details = details

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message, self.hint, self.details))


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a specification.

    Attributes:
        field: Dotted path of the field, such as ``model.parameters.filters``.
        message: What is wrong, with what was received.
        hint: What to do next. May be empty.
    """

    field: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.field}: {self.message}" if self.field else self.message
        return f"{text} {self.hint}".strip()


class SpecError(DescentError):
    """A specification with one or more problems, all of them reported at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.problems,))


class UnknownNameError(DescentError):
    """A name that is not in a registry; the message offers the nearest match.

    Args:
        what: What is looked for, such as ``dataset``.
        name: The name that was received.
        known: The names there are.
        why: Why it is missing, as a sentence, where that is known.
    """

    def __init__(self, what: str, name: str, known: Iterable[str], why: str = "") -> None:
        known = tuple(known)
        nearest = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
        listing = ", ".join(known) or "none"
        hint = f"Did you mean '{nearest[0]}'? " if nearest else ""
        super().__init__(
            f"There is no {what} named '{name}'. {why}".rstrip(), f"{hint}Available: {listing}."
        )
        self._arguments = (what, name, known, why)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), self._arguments)
