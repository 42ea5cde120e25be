"""What the Model page says in words."""

from __future__ import annotations

from collections.abc import Iterable

from engine.errors import Problem
from engine.events.messages import Rejected
from gui.formatting.translation import translate


def rejection_words(
    problem: Rejected, unmarked: Iterable[Problem], is_about_data: bool
) -> tuple[str, str, str]:
    """Says why a model cannot be built.

    Args:
        problem: The engine's answer.
        unmarked: Those of its problems that are marked at no field.
        is_about_data: It is the data that stands in the way.

    Returns:
        A title, what is wrong, and what a button that leads to the way out says; empty for none.
    """
    rest = "\n".join(f"{item.message} {item.hint}".strip() for item in unmarked)
    if not problem.problems:
        text = f"{problem.message}\n{problem.hint}".strip()
    else:
        text = rest or translate("The mistake is marked at its field.")
    if is_about_data:
        # Data first: what the model makes of it cannot be told before.
        return translate("The data cannot be used yet"), text, translate("Go to Data")
    return translate("This model cannot be built yet"), text, ""


def building_words(is_worker_ready: bool) -> tuple[str, str]:
    """A title and a text while a model is being built."""
    if is_worker_ready:
        return translate("Building the model…"), ""
    return (
        translate("TensorFlow is getting ready…"),
        translate("The layers appear in a moment. Everything can be set meanwhile."),
    )


def is_all_about_data(problem: Rejected) -> bool:
    """Every problem is with settings of the Data page."""
    roots = {item.field.partition(".")[0] for item in problem.problems}
    return bool(roots and roots <= {"data", "split", "seed"})
