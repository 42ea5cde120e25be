"""Setup: what a run is trained from and where, all of it checked. Imported by workers only."""

from __future__ import annotations

from dataclasses import dataclass

from engine.training.model.placement import ANYWHERE, Placement
from engine.training.model.transfer import Beginning
from engine.training.prepared_data import PreparedData
from engine.training.worker_group import ALONE, WorkerGroup


@dataclass(frozen=True)
class Setup:
    """What a run is trained from and where.

    Attributes:
        prepared: Spec, data, parts and scaling.
        placement: Where this worker computes, in how many bits.
        group: The workers that train the model in step.
        beginning: What was learnt elsewhere, and is begun with; None: nothing.
    """

    prepared: PreparedData
    placement: Placement = ANYWHERE
    group: WorkerGroup = ALONE
    beginning: Beginning | None = None
