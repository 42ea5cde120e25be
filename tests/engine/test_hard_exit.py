"""The end of a process whose threads cannot be stopped."""

import subprocess
import sys

import pytest

PROGRAM = """
import atexit, sys, threading, time
from engine.service.hard_exit import leave

atexit.register(print, "in the usual way")
threading.Thread(target=time.sleep, args=(seconds,), daemon=True).start()
time.sleep(wait)
sys.stdout.write("said; ")
sys.exit(leave(3))
"""


@pytest.mark.parametrize(
    ("seconds", "wait", "said"),
    [(60, 0, "said; "), (0, 0.5, "said; in the usual way\n")],
    ids=["a thread is left", "none is left"],
)
def test_it_ends_at_once_with_its_code_and_all_it_said(seconds, wait, said):
    program = f"seconds, wait = {seconds}, {wait}\n{PROGRAM}"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, said, "")
