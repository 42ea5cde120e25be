"""Bringing a run in from a file: what is asked, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.events.results import ResultAnswer, ResultCommand


@dataclass(frozen=True)
class ImportRun(ResultCommand):
    """Bring in a run that another Descent exported. Answered by `RunImported`.

    Attributes:
        run: Empty: which one it is, the file says.
        file: Its path.
    """

    run: str = ""
    file: str = ""


@dataclass(frozen=True)
class RunImported(ResultAnswer):
    """The run is here.

    Attributes:
        name: What people call it.
        is_new: It was not here before.
        notes: What people should know of it, one sentence each.
    """

    name: str = ""
    is_new: bool = True
    notes: tuple[str, ...] = ()
