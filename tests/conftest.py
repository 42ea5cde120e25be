"""What holds for every test: nothing is kept in the cache of the person who runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.files import CACHE_VARIABLE


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
