"""Readiness: what Start would do with the draft, or why it cannot yet and where to mend it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.architectures import ARCHITECTURES
from engine.events.messages import Rejected
from engine.spec.parameters import Parameters, describe
from engine.spec.run_spec import PreprocessingSpec, SplitSpec
from engine.spec.training_spec import (
    ExecutionSpec,
    ScheduleSpec,
    StartSpec,
    StoppingSpec,
    TrainingSpec,
)
from gui.formatting.estimate_words import estimate_text, too_large_texts
from gui.formatting.numbers import counted
from gui.formatting.translation import translate
from gui.state.controller import Controller
from gui.state.draft_titles import data_title, model_title

SMALLER_BATCH = "smaller batch"
"""In place of a page: a button that takes the batch size that fits."""


@dataclass(frozen=True)
class Readiness:
    """Whether a run can be started.

    Attributes:
        can_start: The draft is not known to be wrong.
        text: What is missing or awaited; empty: nothing.
        hint: What to do next.
        role: The colour of the text.
        action: What a button that leads there says.
        page: The page where it is mended, or `SMALLER_BATCH`.
    """

    can_start: bool
    text: str = ""
    hint: str = ""
    role: str = "muted"
    action: str = ""
    page: str = ""


def readiness(controller: Controller) -> Readiness:
    """Judges the controller's draft."""
    draft = controller.drafts.draft
    locked = controller.lock_problem
    if locked is not None:
        return Readiness(False, locked.message, locked.hint, "warning")
    if not draft.has_data:
        text = translate("Pick the data to learn from.")
        return Readiness(False, text, "", "accent", translate("Choose data"), "data")
    if controller.drafts.data_problem is not None:
        problem = controller.drafts.data_problem
        action = translate("Go to Data")
        return Readiness(False, problem.message, problem.hint, "danger", action, "data")
    profile = controller.drafts.profile
    if profile is not None and profile.question is not None:
        text = translate("Which column shall be predicted? The Data page asks.")
        return Readiness(False, text, "", "accent", translate("Go to Data"), "data")
    if not draft.has_model:
        text = translate("Pick a model to train.")
        return Readiness(False, text, "", "accent", translate("Choose a model"), "model")
    estimate = controller.estimates.result
    if estimate is not None and estimate.fitting_batch_size:
        text, hint, action = too_large_texts(estimate)
        return Readiness(False, text, hint, "warning", action, SMALLER_BATCH)
    if controller.drafts.model_problem is not None:
        return _wrong_model(controller.drafts.model_problem, draft.model)
    if controller.worker is None:
        text = translate("TensorFlow is getting ready… Start can be pressed already.")
        return Readiness(True, text)
    hint = ""
    if estimate is not None:
        hint = estimate_text(estimate)
    elif controller.estimates.is_asking:
        hint = translate("A few steps are being measured…")
    return Readiness(True, translate("Ready. Press Start to train."), hint)


def draft_text(controller: Controller) -> str:
    """What would be trained, such as ``Handwritten digits · CNN · 10 epochs``."""
    draft = controller.drafts.draft
    if not draft.has_data:
        return translate("Nothing picked yet")
    parts = [data_title(draft)]
    if draft.has_model:
        parts.append(model_title(draft))
        epochs = _epochs(controller)
        if epochs:
            parts.append(counted(epochs, translate("{n} epoch"), translate("{n} epochs")))
    return " · ".join(parts)


def _epochs(controller: Controller) -> int:
    wanted = controller.drafts.draft.training.get("epochs")
    if wanted is None and controller.drafts.model is not None:
        wanted = controller.drafts.model.spec.training.epochs
    if wanted is None and controller.drafts.draft.model in ARCHITECTURES:
        wanted = ARCHITECTURES[controller.drafts.draft.model].defaults.epochs
    return wanted if isinstance(wanted, int) else 0


def _wrong_model(problem: Rejected, model: str) -> Readiness:
    field = problem.problems[0].field if problem.problems else "model"
    is_data = field.partition(".")[0] in ("data", "split")
    page = "data" if is_data else "model"
    action = translate("Go to Data") if is_data else translate("Go to Model")
    first = problem.problems[0] if problem.problems else problem
    text = _named(first.message, field, model)
    more = len(problem.problems) - 1
    if more > 0:
        text = translate("{text} And {n} more.").format(text=text, n=more)
    return Readiness(False, text, first.hint, "danger", action, page)


def _named(message: str, field: str, model: str) -> str:
    """Puts the label of the field before what is wrong with it: away from the form it is needed."""
    group, _, name = field.rpartition(".")
    groups: dict[str, type[Parameters]] = {
        "training": TrainingSpec,
        "schedule": ScheduleSpec,
        "start": StartSpec,
        "stopping": StoppingSpec,
        "execution": ExecutionSpec,
        "split": SplitSpec,
        "preprocessing": PreprocessingSpec,
    }
    if model in ARCHITECTURES:
        groups["model.parameters"] = ARCHITECTURES[model].parameters
    declared = groups.get(group)
    labels = {item.name: item.label for item in describe(declared)} if declared else {}
    return f"{labels[name]}: {message}" if name in labels else message
