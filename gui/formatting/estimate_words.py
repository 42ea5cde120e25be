"""What is said on the Train page of what a training would take."""

from __future__ import annotations

from engine.events.messages import TrainingEstimated
from engine.spec.formatting import bytes_text, duration_text
from gui.formatting.numbers import count_text
from gui.formatting.translation import translate


def estimate_text(found: TrainingEstimated) -> str:
    """Time and memory in a line, such as ``About 3 s an epoch, 30 s in all · 420 MB of 8 GB``."""
    memory = translate("{need} of {free} of free memory").format(**_sizes(found))
    return f"{_times_text(found)} · {memory}"


def too_large_texts(found: TrainingEstimated) -> tuple[str, str, str]:
    """What is said where the batch does not fit: what is so, a hint, and what its button says."""
    size = count_text(found.fitting_batch_size)
    text = translate(
        "The batch does not fit into memory: training takes {need}, and {free} are free."
    ).format(**_sizes(found))
    hint = translate("A batch of {size} fits. {times}.").format(size=size, times=_times_text(found))
    return text, hint, translate("Use {size}").format(size=size)


def _sizes(found: TrainingEstimated) -> dict[str, str]:
    return {"need": bytes_text(found.memory_bytes), "free": bytes_text(found.available_bytes)}


def _times_text(found: TrainingEstimated) -> str:
    text = translate("About {epoch} an epoch, {total} in all")
    return text.format(epoch=duration_text(found.epoch_s), total=duration_text(found.total_s))
