"""The guards of the window's tests hold here, too."""

from tests.gui.conftest import (
    log_is_put_back,
    nothing_left_running,
    private_folders,
    pytest_configure,
    spoken,
)

__all__ = [
    "log_is_put_back",
    "nothing_left_running",
    "private_folders",
    "pytest_configure",
    "spoken",
]
