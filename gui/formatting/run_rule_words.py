"""What happens in a run by rule or by hand, in words: changes, patience, the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.events.run_events import OTHER_DATA, THAWED, SettingChanged
from engine.spec.parameters import Parameters, describe
from engine.spec.training_spec import ExecutionSpec, ScheduleSpec, StoppingSpec, TrainingSpec
from gui.formatting.numbers import count_text, counted, number_text, rate_text
from gui.formatting.translation import translate

_GROUPS: dict[str, type[Parameters]] = {
    "training": TrainingSpec,
    "schedule": ScheduleSpec,
    "stopping": StoppingSpec,
    "execution": ExecutionSpec,
}
WORTH_TELLING = 1.15
"""A smaller speedup is within what a measurement wavers."""


@dataclass(frozen=True)
class ChangeMark:
    """Something that was changed.

    Attributes:
        step: Steps done before it.
        text: What was changed, in words.
        label: The same in a word or two, drawn beside the line where there is room.
    """

    step: int
    text: str
    label: str = ""


def change_text(event: SettingChanged) -> str:
    """Says what was changed, such as ``Learning rate 0.001 → 0.0005``."""
    if event.setting == OTHER_DATA:
        return translate("Trained on changed data")
    if event.setting == THAWED:
        rates = _value_text(event.before), _value_text(event.after)
        text = translate("All layers learn, learning rate {before} → {after}")
        return text.format(before=rates[0], after=rates[1])
    label = setting_label(event.setting)
    return f"{label} {_value_text(event.before)} → {_value_text(event.after)}"


def setting_label(path: str) -> str:
    """Returns what people call a setting, such as ``Learning rate``.

    Args:
        path: Where it is in a `RunSpec`, such as ``training.learning_rate``.
    """
    group, _, name = path.partition(".")
    known = _labels(group).get(name) if group in _GROUPS else None
    return known or path.rpartition(".")[2].replace("_", " ").capitalize()


@cache
def _labels(group: str) -> dict[str, str]:
    return {item.name: item.label for item in describe(_GROUPS[group])}


def change_mark(event: SettingChanged) -> ChangeMark:
    """Returns the mark of a change on the curves."""
    text = f"{change_text(event)}. {event.reason}".strip()
    label = _value_text(event.after)
    if event.setting == OTHER_DATA:
        label = translate("changed data")
    elif event.setting == THAWED:
        label = translate("all layers learn")
    elif event.setting == "training.epochs":
        label = counted(round(event.after), translate("{n} epoch"), translate("{n} epochs"))
    elif event.setting == "training.batch_size":
        label = translate("batch {n}").format(n=label)
    return ChangeMark(event.step, text, label)


def continued_mark(step: int, epochs_done: int) -> ChangeMark:
    """Returns the mark where a run went on from a checkpoint."""
    text = translate("Continued from step {step}, in epoch {epoch}").format(
        step=count_text(step), epoch=count_text(epochs_done + 1)
    )
    return ChangeMark(step, text, translate("continued"))


def early_end_mark(step: int, epoch: int) -> ChangeMark:
    """Returns the mark where early stopping would have ended a run that goes on."""
    text = translate("Early stopping would have ended the training here, after epoch {epoch}")
    return ChangeMark(step, text.format(epoch=count_text(epoch)), translate("early stopping"))


def patience_text(patience: Mapping[str, tuple[int, int]]) -> str:
    """Says how long the rules that wait for an improvement still wait; empty without any."""
    parts: list[str] = []
    if (found := patience.get("early stopping")) is not None:
        parts.append(
            _waiting_text(
                found,
                translate("Stops early in {left} without improvement ({waited} of {all})."),
            )
        )
    if (found := patience.get("plateau")) is not None:
        parts.append(
            _waiting_text(
                found,
                translate("Smaller steps in {left} without improvement ({waited} of {all})."),
            )
        )
    return " ".join(parts)


def plan_text(plan: Mapping[str, Any]) -> str:
    """Says how steps are executed and why, from the fields of `PlanChosen`; empty before it."""
    reason = str(plan.get("reason", ""))
    speedup = float(plan.get("speedup") or 0.0)
    if speedup < WORTH_TELLING or "step by step" in reason:
        return reason
    text = translate("{times} times as fast as step by step: {reason}")
    return text.format(times=number_text(speedup, 2), reason=reason[:1].lower() + reason[1:])


def plan_details(plan: Mapping[str, Any]) -> str:
    """Lists what a plan consists of, a line each."""
    if not plan:
        return ""
    lines = [plan_text(plan), plan_parts(plan)]
    return "\n".join(line for line in lines if line)


def plan_parts(plan: Mapping[str, Any]) -> str:
    """Says in a few words how steps are executed, such as ``CPU:0, chunked, without XLA``."""
    if not plan:
        return ""
    xla = translate("with XLA") if plan.get("xla") else translate("without XLA")
    parts = [str(plan.get("device", "")), str(plan.get("execution", "")), xla]
    if "resident" in plan:
        resident = bool(plan["resident"])
        parts.append(translate("data in memory") if resident else translate("data streamed"))
    if plan.get("layers") == "fused":
        parts.append(translate("fused layers"))
    if str(plan.get("precision", "float32")) != "float32":
        parts.append(str(plan["precision"]).replace("_", " "))
    if int(plan.get("replicas") or 1) > 1:
        parts.append(translate("{n} replicas").format(n=plan["replicas"]))
    return ", ".join(part for part in parts if part)


def _waiting_text(found: tuple[int, int], text: str) -> str:
    waited, most = found
    left = counted(max(0, most - waited), translate("{n} epoch"), translate("{n} epochs"))
    return text.format(left=left, waited=count_text(waited), all=count_text(most))


def _value_text(value: float) -> str:
    return count_text(value) if value == round(value) and abs(value) >= 1 else rate_text(value)
