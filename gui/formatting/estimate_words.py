"""What is said on the Train page of what a training would take."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine.events.messages import TrainingEstimated
from gui.formatting.run_words import count_text, duration_text

_CONTEXT = "RunEstimate"


def _translate(text: str) -> str:
    return QCoreApplication.translate(_CONTEXT, text)


def estimate_text(found: TrainingEstimated) -> str:
    """Time and memory in a line, such as ``About 3 s an epoch, 30 s in all · 420 MB of 8 GB``."""
    memory = _translate("{need} of {free} of free memory").format(**_sizes(found))
    return f"{_times_text(found)} · {memory}"


def too_large_texts(found: TrainingEstimated) -> tuple[str, str, str]:
    """What is said where the batch does not fit: what is so, a hint, and what its button says."""
    size = count_text(found.fitting_batch_size)
    text = _translate(
        "The batch does not fit into memory: training takes {need}, and {free} are free."
    ).format(**_sizes(found))
    hint = _translate("A batch of {size} fits. {times}.").format(
        size=size, times=_times_text(found)
    )
    return text, hint, _translate("Use {size}").format(size=size)


def _sizes(found: TrainingEstimated) -> dict[str, str]:
    from gui.formatting.model_words import bytes_text  # the picture is loaded when it is first seen

    return {"need": bytes_text(found.memory_bytes), "free": bytes_text(found.available_bytes)}


def _times_text(found: TrainingEstimated) -> str:
    total = duration_text(found.total_s)
    if found.epoch_s < 0.05:
        return _translate("Less than 0.1 s an epoch, about {total} in all").format(total=total)
    return _translate("About {epoch} an epoch, {total} in all").format(
        epoch=duration_text(found.epoch_s), total=total
    )
