"""What people call the data and the model of a draft; loads them when there is one to name."""

from __future__ import annotations

from pathlib import PurePath

from gui.state.draft import Draft


def data_title(draft: Draft) -> str:
    """What people call the draft's data; empty where there is none."""
    if not draft.has_data:
        return ""
    from engine.datasets import DATASETS

    if draft.source in DATASETS:
        return DATASETS[draft.source].title
    return PurePath(draft.source).name


def model_title(draft: Draft) -> str:
    """What people call the draft's model; empty where there is none."""
    if not draft.has_model:
        return ""
    from engine.architectures import ARCHITECTURES

    known = draft.model in ARCHITECTURES
    return ARCHITECTURES[draft.model].title_of(draft.model_parameters) if known else draft.model
