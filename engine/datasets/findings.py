"""Findings that every kind of data shares."""

from __future__ import annotations

from engine.events.findings import MAX_NAMES, DataFinding, Trouble


def unreadable(
    names_and_reasons: list[tuple[str, str]], n_all: int, n_seen: int | None = None
) -> tuple[DataFinding, ...]:
    """The finding about files that were skipped; none where none was.

    Args:
        names_and_reasons: Each file's name with the reason.
        n_all: Files in all.
        n_seen: Files that were opened; None: all.
    """
    if not names_and_reasons:
        return ()
    count = len(names_and_reasons)
    files = "1 file" if count == 1 else f"{count:,} files"
    of_all = f"{n_all:,}"
    if n_seen is not None and n_seen < n_all:
        of_all = f"the {n_seen:,} that were opened, of {n_all:,},"
    return (
        DataFinding(
            Trouble.UNREADABLE,
            "",
            f"{files} of {of_all} cannot be used and {'is' if count == 1 else 'are'} skipped.",
            tuple(f"{name}: {reason}" for name, reason in names_and_reasons[:MAX_NAMES]),
            count,
        ),
    )
