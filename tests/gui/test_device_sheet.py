"""What the window says of a GPU that is not used, and the command one can copy."""

from dataclasses import replace

import pytest
from made_up_machines import NO_DRIVER, TENSORFLOW
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from engine.devices.doctor import MachineFacts, diagnose
from engine.devices.sampler import DeviceInfo
from engine.events.messages import WorkerReady
from gui.style.theme import current_theme
from gui.window.device_sheet import DeviceSheet
from gui.window.engine_status import EngineStatus

INFO = DeviceInfo("A <fast> processor", 2, 4, 8 * 2**30, ())
UNUSED = WorkerReady("2.21.0", "3.15.1", ("CPU:0",), 3.1, diagnose(NO_DRIVER))
NO_GPU = replace(UNUSED, diagnoses=diagnose(MachineFacts("linux", tensorflow=TENSORFLOW)))


@pytest.fixture
def status(qtbot):
    current_theme().apply()
    status = EngineStatus()
    qtbot.addWidget(status)
    status.show()
    status.set_device_info(INFO)
    return status


def texts(sheet):
    return [label.text() for label in sheet.findChildren(QLabel)]


def test_a_gpu_that_is_not_used_is_told_with_its_reason(status):
    status.set_worker(UNUSED)
    assert status.unused.isVisible()
    assert "GPU not used: no driver" in status.unused.text()
    assert status.unused.accessibleName() == "GPU not used: no driver"
    assert "no NVIDIA driver" in status.toolTip()
    assert "&lt;fast&gt;" in status.toolTip()


def test_without_a_gpu_nothing_is_wrong(status):
    status.set_worker(NO_GPU)
    assert not status.unused.isVisible()


def test_the_reason_opens_the_sheet_and_closes_it(status):
    status.set_worker(UNUSED)
    status.unused.linkActivated.emit("#")
    assert isinstance(status.sheet, DeviceSheet)
    assert status.sheet.isVisible()
    status.button.click()
    assert status.sheet is None


def test_the_sheet_says_why_what_to_do_and_gives_the_command(status, qtbot):
    status.set_worker(UNUSED)
    status.show_sheet()
    shown = texts(status.sheet)
    (found,) = UNUSED.diagnoses
    for text in (INFO.cpu_model, "TensorFlow 2.21.0 trains on CPU:0.", found.what, found.steps):
        assert text in shown
    (view,) = status.sheet.diagnoses
    qtbot.mouseClick(view.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "sudo ubuntu-drivers install"
    assert view.copy_button.text() == "Copied"


def test_an_open_sheet_follows_what_is_found(status):
    status.show_sheet()
    assert "TensorFlow is getting ready…" in texts(status.sheet)
    before = status.sheet.height()
    status.set_worker(UNUSED)
    shown = texts(status.sheet)
    assert "TensorFlow is getting ready…" not in shown
    assert UNUSED.diagnoses[0].what in shown
    assert status.sheet.height() > before
    assert len(status.sheet.diagnoses) == 1


def test_what_no_command_mends_has_none_to_copy(status):
    status.set_worker(NO_GPU)
    status.show_sheet()
    (view,) = status.sheet.diagnoses
    assert not view.copy_button.isVisible()


def test_before_anything_is_known(qtbot):
    sheet = DeviceSheet(None, None)
    qtbot.addWidget(sheet)
    assert "TensorFlow is getting ready…" in texts(sheet)
    assert sheet.diagnoses == []


def test_the_colour_of_the_reason_follows_the_theme(status):
    status.set_worker(UNUSED)
    theme = current_theme()
    try:
        theme.set_mode("dark")
        theme.apply()
        assert theme.palette.warning in status.unused.text()
    finally:
        theme.set_mode("system")
        theme.apply()
