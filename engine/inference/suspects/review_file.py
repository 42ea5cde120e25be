"""A review as it is kept with its run, so that it goes on after a restart."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.bounded import DAMAGED, member, names_in, read_object, reason_of, sealed_text, unsealed
from engine.errors import WorkspaceError
from engine.events.review import Answer, Decision, Review, ReviewItem
from engine.files import atomic_write

SCHEMA_NUMBER = 1
FILE_NAME = "review.json"
_MAX_BYTES = 16 << 20


def save_review(review: Review, folder: Path) -> None:
    """Writes a review into the folder of its run.

    Raises:
        WorkspaceError: It cannot be written.
    """
    values: dict[str, Any] = {
        "schema_number": SCHEMA_NUMBER,
        "source": review.source,
        "target": review.target,
        "fingerprint": review.fingerprint,
        "output": review.output,
        "choices": list(review.choices),
        "items": [asdict(item) for item in review.items],
        "answers": {str(place): asdict(answer) for place, answer in review.answers.items()},
        "seen": sorted(review.seen),
        "history": [
            [place, None if before is None else asdict(before)] for place, before in review.history
        ],
        "done": list(review.done),
        "place": review.place,
        "taken_back": sorted(review.taken_back),
    }
    atomic_write(folder / FILE_NAME, sealed_text(values, folder.name))


def load_review(folder: Path) -> Review | None:
    """Reads what `save_review` wrote; None where there is none.

    Raises:
        WorkspaceError: The file is damaged, or was written by a newer Descent.
    """
    path = folder / FILE_NAME
    try:
        values = unsealed(read_object(path, _MAX_BYTES), folder.name)
        if member(values, "schema_number", int) > SCHEMA_NUMBER:
            raise WorkspaceError(
                f"'{path}' was written by a newer version of Descent. "
                f"Received: schema {values['schema_number']}.",
                "Update Descent, or begin a new review.",
            )
        return Review(
            folder.name,
            member(values, "source", str),
            member(values, "target", str),
            member(values, "fingerprint", str),
            member(values, "output", str),
            names_in(values["choices"], "choices"),
            tuple(ReviewItem(**item) for item in member(values, "items", list)),
            {int(p): _answer(item) for p, item in member(values, "answers", dict).items()},
            frozenset(int(place) for place in member(values, "seen", list)),
            tuple(
                (int(place), None if before is None else _answer(before))
                for place, before in member(values, "history", list)
            ),
            tuple(int(row) for row in member(values, "done", list)),
            member(values, "place", int),
            frozenset(int(place) for place in values.get("taken_back", ())),
        )
    except FileNotFoundError:
        return None
    except DAMAGED as error:
        raise WorkspaceError(
            f"The review in '{path}' cannot be read: {reason_of(error)}.",
            "Begin a new review; what was corrected so far is kept elsewhere.",
        ) from error


def _answer(values: dict[str, Any]) -> Answer:
    return Answer(**{**values, "decision": Decision(values["decision"])})
