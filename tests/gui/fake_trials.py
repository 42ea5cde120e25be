"""What the fake engine answers to whoever tries a model: of rows of two columns, or others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.events.messages import Event, Rejected
from engine.events.results import ShownExample
from engine.events.trying import (
    ChangeFound,
    ExampleTaken,
    FindChange,
    FindNearest,
    FormField,
    InputTried,
    LookAtModel,
    ManyPredicted,
    ModelAnswer,
    ModelLookedAt,
    NearestFound,
    PredictMany,
    TakeExample,
    TrialCommand,
    TryInput,
)

ROW = ModelLookedAt(
    "",
    "table",
    "classification",
    "classes",
    (2,),
    "large",
    ("no", "yes"),
    (FormField("weight", "number", 0.0, 100.0), FormField("colour", "category", values=("red",))),
)
PICTURE = replace(
    ROW, kind="image", shape=(8, 8, 1), fields=(), is_drawable=True, suffixes=(".png",)
)
TEXT = replace(ROW, kind="text", shape=(4,), fields=())
EXAMPLE = ShownExample(
    3, "line 4", "", np.zeros(2), (("weight", "20"), ("colour", "red")), truth="no"
)


def fake_trial(command: TrialCommand, look: ModelLookedAt = ROW) -> Event:
    """Answers a question: above a weight of 50 it is large; of pictures and texts it always is."""
    run = command.run
    match command:
        case LookAtModel():
            return replace(look, run=run)
        case TakeExample():
            return ExampleTaken(run, EXAMPLE, "test")
        case TryInput(given=given, number=number):
            weight = dict(given.cells).get("weight", "100")
            try:
                is_large = float(weight or 0) > 50
            except ValueError:
                return Rejected(f"Column 'weight' must hold numbers. Received: '{weight}'.")
            share = 0.75 if is_large else 0.25
            shares = sorted((("yes", share), ("no", 1 - share)), key=lambda item: -item[1])
            answer = ModelAnswer(best=shares[0][0], shares=tuple(shares))
            return InputTried(run, number, (answer,), epoch=look.epoch)
        case FindChange():
            answer = ModelAnswer(best="yes", shares=(("yes", 0.6), ("no", 0.4)))
            return ChangeFound(run, (("weight", "20", "51"),), answer, 25)
        case FindNearest(number=number):
            by = "by their prepared inputs"
            return NearestFound(run, number, look.kind, (EXAMPLE,), by, 40, 40, False)
        case PredictMany(to=to):
            return ManyPredicted(run, to, 2, 1, 0, ("line 3: no number",))
        case _:
            return Rejected("No.")
