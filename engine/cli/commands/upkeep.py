"""The command `workspace check`: what of a workspace is damaged, and with --repair mends it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from engine.cli.commands.output import Output
from engine.runs.workspace import default_workspace
from engine.runs.workspace_lock import WorkspaceLock

_SHOWN = 50


def check(arguments: Namespace, output: Output) -> int:
    """Looks at a workspace, and mends it where that is asked.

    Returns:
        The exit code: 0 nothing is damaged any more, 1 something is.

    Raises:
        DescentError: There is no workspace, or somebody else uses what is to be mended.
    """
    workspace: Path = arguments.workspace or default_workspace()
    from engine.service.upkeep.checking import check_workspace

    if arguments.repair:
        return _repair(workspace, output)
    found = check_workspace(workspace)
    if output.as_json:
        output.object(found.to_dict())
    else:
        output.lines(*_summary(found))
        if found.can_be_repaired:
            output.lines("", "To mend what can be: workspace check --repair")
    return 1 if found.problems else 0


def _repair(workspace: Path, output: Output) -> int:
    from engine.service.upkeep.checking import check_workspace
    from engine.service.upkeep.repairing import repair_workspace

    check_workspace(workspace)  # before a lock is made where there is no workspace
    with WorkspaceLock(workspace):
        done = repair_workspace(workspace)
    if output.as_json:
        output.object(
            {
                **done.after.to_dict(),
                "repaired": [problem.text for problem in done.before.problems if problem.remedy],
                "found_again": list(done.found_again),
                "left_out": list(done.left_out),
                "base": done.base,
                "aside": str(done.aside) if done.aside else None,
            }
        )
        return 1 if done.after.problems else 0
    if done.after is done.before:
        output.lines(*_summary(done.after))
        return 1 if done.after.problems else 0
    n_found = len(done.found_again)
    output.lines(*_summary(done.before), "")
    output.lines(f"Repaired: {_counted(n_found, 'run', 'runs')} found again.")
    if done.base:
        output.lines(f"The copy '{done.base}' was taken for what the folders do not hold.")
    if done.left_out:
        output.lines(f"Left out: {', '.join(done.left_out)}.")
    if done.aside is not None:
        output.lines(f"What was there before lies in '{done.aside}'.")
    output.lines("", *_summary(done.after))
    return 1 if done.after.problems else 0


def _summary(found: Any) -> list[str]:
    """What was found, in lines."""
    copies = f"{_counted(found.n_copies, 'copy', 'copies')} of the database kept"
    head = f"{found.workspace}: {_counted(found.n_runs, 'run', 'runs')}, {copies}"
    if not found.problems:
        return [head, "Nothing is damaged."]
    lines = [head]
    for problem in found.problems[:_SHOWN]:
        lines.append(f"{problem.subject}: {problem.text}")
        if problem.remedy:
            lines.append(f"  {problem.remedy}")
    more = len(found.problems) - _SHOWN
    return [*lines, f"And {more} more."] if more > 0 else lines


def _counted(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"
