"""The end of a process whose threads cannot be stopped."""

import subprocess
import sys

import pytest

PROGRAM = """
import atexit, sys, threading
from engine.service.hard_exit import leave

atexit.register(print, "in the usual way")
gate = threading.Event()
thread = threading.Thread(target=gate.wait, daemon=True)
thread.start()
if has_ended:
    gate.set()
    thread.join()
sys.stdout.write("said; ")
sys.exit(leave(3))
"""


@pytest.mark.parametrize(
    ("has_ended", "said"),
    [(False, "said; "), (True, "said; in the usual way\n")],
    ids=["a thread is left", "none is left"],
)
def test_it_ends_at_once_with_its_code_and_all_it_said(has_ended, said):
    program = f"has_ended = {has_ended}\n{PROGRAM}"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, said, "")
