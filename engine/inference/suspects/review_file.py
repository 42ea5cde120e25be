"""A review as it is kept with its run, so that it goes on after a restart."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.events.review import Answer, Decision, Review, ReviewItem
from engine.files.bounded import member, names_in
from engine.files.sealed import read_sealed, write_sealed

SCHEMA_NUMBER = 1
FILE_NAME = "review.json"
_MAX_BYTES = 16 << 20


def save_review(review: Review, folder: Path) -> None:
    """Writes a review into the folder of its run.

    Raises:
        WorkspaceError: It cannot be written.
    """
    values: dict[str, Any] = {
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
    write_sealed(folder / FILE_NAME, values, folder.name, SCHEMA_NUMBER)


def load_review(folder: Path) -> Review | None:
    """Reads what `save_review` wrote; None where there is none.

    Raises:
        WorkspaceError: The file is damaged, or was written by a newer Descent.
    """

    def understood(values: dict[str, Any]) -> Review:
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

    return read_sealed(
        folder / FILE_NAME,
        folder.name,
        SCHEMA_NUMBER,
        understood,
        "review",
        "begin a new review; what was corrected so far is kept elsewhere",
        _MAX_BYTES,
    )


def _answer(values: dict[str, Any]) -> Answer:
    return Answer(**{**values, "decision": Decision(values["decision"])})
