"""Whether there is a display, told before Qt would end the program."""

import socket

import pytest

from gui.window.display import display_problem


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "no display"),
        ({"DISPLAY": ""}, "no display"),
        ({"DISPLAY": ":987654"}, "does not answer. Received: ':987654'"),
        ({"WAYLAND_DISPLAY": "wayland-987654"}, "does not answer"),
    ],
)
def test_missing(environment, expected):
    assert expected in display_problem(environment, "linux")


@pytest.mark.parametrize(
    ("environment", "platform"),
    [
        ({}, "darwin"),
        ({}, "win32"),
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux"),
        ({"DISPLAY": "elsewhere:10.0"}, "linux"),
    ],
)
def test_nothing_speaks_against_it(environment, platform):
    assert display_problem(environment, platform) == ""


def test_wayland(tmp_path):
    (tmp_path / "wayland-0").touch()
    environment = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert display_problem(environment, "linux") == ""


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no local sockets")
def test_an_x_server_that_listens():
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        try:
            server.bind("\0/tmp/.X11-unix/X987653")
        except OSError:
            pytest.skip("no abstract addresses here")
        server.listen()
        assert display_problem({"DISPLAY": ":987653.0"}, "linux") == ""
