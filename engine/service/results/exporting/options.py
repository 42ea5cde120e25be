"""ReportOptions: what can be chosen of a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.service.results.opened_run import OpenedRun


@dataclass(frozen=True)
class ReportOptions:
    """What can be chosen of a report.

    Attributes:
        language: ``en`` or ``zh_CN``.
        others: Runs that it is compared with.
        with_examples: A few examples of the data are explained in it, and thereby handed on.
    """

    language: str = "en"
    others: tuple[OpenedRun, ...] = ()
    with_examples: bool = True
