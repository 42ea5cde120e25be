"""What contradicts itself in how a training begins, as far as that is known without its source."""

from __future__ import annotations

from engine.errors import Problem
from engine.spec.training_spec import StartSpec


def start_problems(start: StartSpec, epochs: int | None) -> list[Problem]:
    """Finds settings that cannot be, or that would change nothing.

    Args:
        start: What a training begins with.
        epochs: How many it has.
    """
    keeps = start.freeze != "nothing" or start.freeze_up_to is not None
    if start.source is None and keeps:
        field = "freeze" if start.freeze != "nothing" else "freeze_up_to"
        return [
            _problem(
                field,
                "What begins from nothing knows nothing worth keeping.",
                getattr(start, field),
                "Name a run or a model in start.source, or let everything learn.",
            )
        ]
    if start.thaw_after is None:
        return []
    told = [
        (start.source is None or not keeps,
         "No layer is kept as it is, so none can begin to learn.",
         "Name a run or a model in start.source and keep its body, or leave this open."),
        (start.freeze == "everything",
         "Nothing would learn until then.",
         "Use start.freeze=body, or leave this open."),
        (epochs is not None and start.thaw_after >= epochs,
         f"The training is over by then: it has {epochs} epochs.",
         "Let them learn earlier, or train for longer."),
    ]  # fmt: skip
    found = ((message, hint) for is_so, message, hint in told if is_so)
    return [_problem("thaw_after", it[0], start.thaw_after, it[1]) for it in found][:1]


def _problem(field: str, message: str, received: object, hint: str) -> Problem:
    return Problem(f"start.{field}", f"{message} Received: {received}.", hint)
