"""The guards of the window's tests hold here, too."""

from tests.gui.conftest import (
    garbage_stays_in_its_thread,
    log_is_put_back,
    nothing_left_ticking,
    private_folders,
    pytest_configure,
    spoken,
)

__all__ = [
    "garbage_stays_in_its_thread",
    "log_is_put_back",
    "nothing_left_ticking",
    "private_folders",
    "pytest_configure",
    "spoken",
]
