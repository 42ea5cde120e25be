"""Tries a package where there is no Python: trains, exports with proof, prints, opens the window.

    python resources/packaging/try_package.py dist/descent-VERSION-linux-x86_64

Linux runs it in an empty root without network (`container.py`; needs root or user namespaces), and
the window on a display of its own, with a pointer, where Xvfb and xdotool are installed. On Windows
and macOS, or with --here, the commands run as they are, with nothing of Python in their PATH.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from container import HOME, PACKAGE, Container

MODELS: Final = ("keras", "saved_model", "onnx", "litert", "litert_float16", "litert_int8")
OTHERS: Final = {
    "script": "run.py",
    "notebook": "run.ipynb",
    "report": "report.html",
    "pdf": "report.pdf",
    "card": "card.md",
    "history": "history.csv",
    "predictions": "predictions.parquet",
    "tensorboard": "tensorboard",
    "run": "run.descent",
}
DATA: Final = (
    "digits", "countries", "number_words", "keypad_tones", "moving_shapes", "seasons", "pump",
    "cartpole",
)  # fmt: skip
"""Of each kind, one that lies in the box; iris comes first."""
DISPLAY: Final = ":93"
SIZE: Final = (1280, 800)
TRAIN: Final = (70, 215)
"""Where the step Train is in a window of that size, in pixels from its corner."""
START: Final = (1194, 36)
PATIENCE_S: Final = 900


class Trial:
    """Runs steps, and prints what came of each.

    Args:
        package: The folder of the package.
        container: Where its programs run; None: here.
        work: Where workspace and files go when they run here.
    """

    def __init__(self, package: Path, container: Container | None, work: Path) -> None:
        self.package, self.container = package, container
        self.home = container.home if container else work
        self.seen = HOME if container else str(work)
        self.n_failed = 0

    def command(self, *words: str) -> list[str]:
        """The command line of a program of the package, in or out of the container."""
        if self.container is not None:
            return self.container.command(words, self.environment())
        suffix = ".exe" if sys.platform == "win32" else ""
        return [str(self.package / f"{words[0]}{suffix}"), *words[1:]]

    def environment(self) -> dict[str, str]:
        """All variables; in particular none that leads to Python."""
        own = {"HOME": self.seen, "DESCENT_WORKSPACE": f"{self.seen}/runs", "DISPLAY": DISPLAY}
        if self.container is not None:
            return {**own, "LANG": "C.UTF-8", "PATH": PACKAGE}
        kept = {name: value for name, value in os.environ.items() if "PYTHON" not in name}
        return {**kept, **own, "PATH": "" if os.name == "posix" else kept.get("PATH", "")}

    def step(self, title: str, *words: str, says: str = "", makes: str = "") -> str:
        """Runs a command of ``descent-cli``; it must end well.

        Args:
            title: What is printed.
            words: Of the command.
            says: What its output must have in it.
            makes: A file below the person's folder that must be there and not empty.

        Returns:
            Its output.
        """
        begun = time.monotonic()
        done = subprocess.run(
            self.command("descent-cli", *words),
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=self.environment() if self.container is None else None,
            timeout=PATIENCE_S,
            check=False,
        )
        made = self.home / makes
        size = sum(path.stat().st_size for path in [made, *made.rglob("*")]) if made.exists() else 0
        is_good = done.returncode == 0 and says in done.stdout and (not makes or size > 0)
        told = done.stdout.strip().splitlines()[-1:] or [""]
        self.tell(title, is_good, f"{time.monotonic() - begun:.1f} s  {told[0][:90]}")
        if not is_good:
            print(
                f"        exit code {done.returncode}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
            )
        return done.stdout

    def tell(self, title: str, is_good: bool, what: str = "") -> None:
        """Prints a line, and counts it."""
        self.n_failed += not is_good
        print(f"{'ok    ' if is_good else 'FAILED'}  {title:<34} {what}", flush=True)

    def runs(self, workspace: str) -> list[dict[str, object]]:
        """The runs of a workspace below the person's folder; none while it cannot be read."""
        words = ("runs", "list", "--json", "--workspace", f"{self.seen}/{workspace}")
        said = subprocess.run(
            self.command("descent-cli", *words),
            capture_output=True,
            env=self.environment() if self.container is None else None,
            check=False,
        ).stdout
        return [run for line in said.splitlines() for run in json.loads(line).get("runs", [])]


def main() -> int:
    """Tries a package; returns 1 where something failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("package", type=Path, help="the folder that build.py made")
    parser.add_argument("--here", action="store_true", help="not in a container")
    parser.add_argument("--no-window", action="store_true", help="the commands alone")
    parser.add_argument("--picture", type=Path, help="where pictures of the window go")
    given = parser.parse_args()
    package = given.package.resolve()
    in_container = sys.platform == "linux" and not given.here
    with tempfile.TemporaryDirectory() as folder:
        container = Container(Path(folder), package) if in_container else None
        trial = Trial(package, container, Path(folder))
        if container is not None:
            libraries = ", ".join(sorted(container.libraries))
            print(f"From the system come {len(container.libraries)} libraries: {libraries}")
            missing = ", ".join(container.missing)
            trial.tell("every library is there", not missing, missing)
            pythons = container.pythons()
            trial.tell("no Python but the package's own", not pythons, ", ".join(pythons))
        try_commands(trial)
        if not given.no_window and sys.platform == "linux":
            try_window(trial, given.picture)
    print(f"{trial.n_failed} failed")
    return 1 if trial.n_failed else 0


def try_commands(trial: Trial) -> None:
    """Everything that works without a window."""
    if not trial.step("says its version", "--version", says="TensorFlow 2."):
        return  # nothing else would start, either
    words = ("--data", "iris", "--model", "mlp", "--epochs", "3", "--name", "Iris")
    trial.step("trains: iris", "train", *words, says="Run ")
    for data in DATA:
        trial.step(f"trains: {data}", "train", "--data", data, "--epochs", "1", says="Run ")
    trial.step("evaluates", "evaluate", "Iris")
    trial.step("predicts", "predict", "Iris", "5.1,3.5,1.4,0.2")
    trial.step("explains", "explain", "Iris")
    for name in MODELS:
        to = f"{trial.seen}/{name}"
        trial.step(
            f"exports with proof: {name}",
            "export",
            "Iris",
            "--format",
            name,
            "--to",
            to,
            makes=name,
        )
        trial.step(f"verifies: {name}", "verify", to)
    for name, file in OTHERS.items():
        to = f"{trial.seen}/{file}"
        trial.step(f"exports: {name}", "export", "Iris", "--format", name, "--to", to, makes=file)
    trial.step("brings a run in", "runs", "import", f"{trial.seen}/run.descent")
    for made in (trial.home / "keras").rglob("*.keras"):
        words = ("models", "import", f"{trial.seen}/{made.relative_to(trial.home).as_posix()}")
        trial.step("opens a model's file, confined", *words, "--name", "Theirs")
    trial.step("looks at the machine", "devices")


# ---- the window


def try_window(trial: Trial, pictures: Path | None) -> None:
    """Opens a run's file by the window's program, in a new workspace, and trains by a pointer."""
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        print("        Xvfb and xdotool are not installed: the window is not tried")
        return
    words = ("--workspace", f"{trial.seen}/new", f"{trial.seen}/run.descent")
    with display(), program(trial, "descent", *words) as process:
        begun = time.monotonic()
        is_shown = wait_until(lambda: bool(windows()) or process.poll() is not None, 60)
        trial.tell("opens the window", is_shown, f"{time.monotonic() - begun:.1f} s")
        begun = time.monotonic()
        is_brought_in = wait_until(lambda: len(trial.runs("new")) == 1, 120)
        seconds = time.monotonic() - begun
        trial.tell("brings in the file it was given", is_brought_in, f"{seconds:.1f} s")
        take(pictures, "opened.png")
        click(TRAIN)
        time.sleep(5)  # what training would take is measured first
        take(pictures, "ready.png")
        click(START)
        begun = time.monotonic()
        has_ended = wait_until(lambda: n_finished(trial) == 2, 300)
        trial.tell("trains by the pointer", has_ended, f"{time.monotonic() - begun:.1f} s")
        take(pictures, "trained.png")
        end(process, trial.container is not None)
        has_ended = wait_until(lambda: process.poll() is not None, 60)
        trial.tell("ends when its session does", has_ended, f"exit code {process.poll()}")


def end(process: subprocess.Popen[bytes], is_contained: bool) -> None:
    """Asks the program to end, as a session does; `unshare` around it is deaf to that."""
    pids = [process.pid]
    if is_contained:
        pids = list(map(int, Path(f"/proc/{pids[0]}/task/{pids[0]}/children").read_text().split()))
    for pid in pids:
        os.kill(pid, signal.SIGTERM)


def n_finished(trial: Trial) -> int:
    """How many runs of the window's workspace have finished."""
    return sum(run.get("state") == "finished" for run in trial.runs("new"))


def windows() -> list[str]:
    """The windows of Descent on the display."""
    return xdotool("search", "--onlyvisible", "--name", "Descent").split()


@contextmanager
def display() -> Iterator[None]:
    """A display of its own, on which nothing else is."""
    size = f"{SIZE[0]}x{SIZE[1]}x24"
    command = ["Xvfb", DISPLAY, "-screen", "0", size, "-nolisten", "tcp"]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until(Path(f"/tmp/.X11-unix/X{DISPLAY[1:]}").exists, 20)
        yield
    finally:
        server.terminate()
        server.wait()


@contextmanager
def program(trial: Trial, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program of the package that goes on meanwhile."""
    environment = trial.environment() if trial.container is None else None
    process = subprocess.Popen(trial.command(*words), env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(is_so: Callable[[], bool], seconds: float) -> bool:
    """Asks again and again; returns whether it became so."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if is_so():
            return True
        time.sleep(0.2)
    return False


def click(place: tuple[int, int]) -> None:
    """Goes there with the pointer, and presses its left button."""
    xdotool("mousemove", *map(str, place), "click", "1")


def xdotool(*words: str) -> str:
    """Asks the display."""
    environment = {**os.environ, "DISPLAY": DISPLAY}
    command = ["xdotool", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.stdout


def take(folder: Path | None, name: str) -> None:
    """A picture of the display, where `import` of ImageMagick is installed."""
    if folder is None or shutil.which("import") is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    command = ["import", "-display", DISPLAY, "-window", "root", str(folder / name)]
    subprocess.run(command, check=False)


if __name__ == "__main__":
    sys.exit(main())
