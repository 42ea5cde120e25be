"""What holds for every test: nothing is kept in the cache of the person who runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.files import CACHE_VARIABLE
from tests.warm_workers import workers_are_warm


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--everything",
        action="store_true",
        help="Also the dear cases that others cover: every architecture with every task. Once a "
        "release: python -m pytest -n 2 --dist worksteal --everything",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--everything"):
        return
    dear = [item for item in items if item.get_closest_marker("everything")]
    config.hook.pytest_deselected(items=dear)
    items[:] = [item for item in items if item not in set(dear)]


@pytest.fixture(autouse=True)
def private_cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Unpacked data goes to a temporary folder."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    return folder


@pytest.fixture
def warm_workers() -> Iterator[None]:
    """The workers of a session begin with TensorFlow loaded, which takes seconds otherwise."""
    with workers_are_warm():
        yield
