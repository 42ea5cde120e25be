"""The pages of the window, each loaded when its turn comes."""

from __future__ import annotations

from typing import Final

from gui.pages.shared.page import Page

PAGES: Final = ("data", "model", "train", "results", "try", "runs")
"""In the order of the workflow."""


def page_class(name: str) -> type[Page]:
    """Imports a page by its name; what all of them need takes longer than painting the window."""
    match name:
        case "data":
            from gui.pages.data.data_page import DataPage

            return DataPage
        case "model":
            from gui.pages.model.model_page import ModelPage

            return ModelPage
        case "train":
            from gui.pages.train.train_page import TrainPage

            return TrainPage
        case "results":
            from gui.pages.results.results_page import ResultsPage

            return ResultsPage
        case "try":
            from gui.pages.tryit.try_page import TryPage

            return TryPage
        case _:
            from gui.pages.runs.runs_page import RunsPage

            return RunsPage
