"""The device doctor: from what is known of a machine to why no GPU is used, and what mends it.

Pure and light: it looks at nothing itself (`engine.devices.machine` does), so the window may
import it.

Sources: https://www.tensorflow.org/install/pip (Windows, macOS, `tensorflow[and-cuda]`),
https://docs.nvidia.com/deploy/cuda-compatibility (oldest drivers),
https://github.com/tensorflow/tensorflow/issues/89272 and 111958 (GPUs newer than TensorFlow).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.devices import diagnoses as words
from engine.devices import driver_diagnoses
from engine.devices.diagnoses import Diagnosis

__all__ = [
    "Diagnosis",
    "DriverState",
    "Gpu",
    "MachineFacts",
    "TensorFlowFacts",
    "advice",
    "diagnose",
    "is_too_new",
]

Version = tuple[int, ...]

_OLDEST_DRIVER: Mapping[int, tuple[str, str]] = {
    11: ("450.80.02", "452.39"),
    12: ("525.60.13", "528.33"),
    13: ("580.65.06", "580"),
}
"""Oldest driver by CUDA's first number, for Linux and for Windows (which WSL shares)."""


class DriverState(StrEnum):
    """What NVIDIA's driver answers."""

    RUNNING = "running"
    MISSING = "missing"
    NOT_LOADED = "not loaded"
    MISMATCH = "mismatch"
    FORBIDDEN = "forbidden"
    INCOMPLETE = "incomplete"
    FAILING = "failing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Gpu:
    """A GPU.

    Attributes:
        name: As its maker names it.
        capability: CUDA's compute capability, such as (8, 6); None where it is not known.
    """

    name: str
    capability: Version | None = None


@dataclass(frozen=True)
class TensorFlowFacts:
    """What the installed TensorFlow is, and what it sees.

    Attributes:
        version: Such as ``2.21.0``.
        is_cuda_build: It can compute on NVIDIA GPUs at all.
        is_rocm_build: It can compute on AMD GPUs at all.
        cuda_version: CUDA it was built with, such as (12, 5); empty where it was not.
        architectures: GPU generations it has code for, as `get_build_info` names them: ``sm_60``,
            or ``compute_90`` for one that newer GPUs may translate.
        gpus: GPUs it lists.
        missing_wheels: CUDA libraries of ``tensorflow[and-cuda]`` that are not installed.
        wrong_wheels: Those whose version does not fit, such as ``nvidia-nccl-cu12 2.20.5``.
        cpu_package: Name of an installed package with a TensorFlow without CUDA; else empty.
        metal: Version of the installed ``tensorflow-metal``; else empty.
        cuda_status: What CUDA's `cuInit` returned; None where it could not be asked.
    """

    version: str
    is_cuda_build: bool = True
    is_rocm_build: bool = False
    cuda_version: Version = ()
    architectures: tuple[str, ...] = ()
    gpus: tuple[Gpu, ...] = ()
    missing_wheels: tuple[str, ...] = ()
    wrong_wheels: tuple[str, ...] = ()
    cpu_package: str = ""
    metal: str = ""
    cuda_status: int | None = None


@dataclass(frozen=True)
class MachineFacts:
    """What is known of a machine.

    Attributes:
        platform: As `sys.platform`: ``linux``, ``win32`` or ``darwin``.
        processor: As `platform.machine`: ``x86_64``, ``arm64``…
        python: The Python that runs Descent, as it is written in a command.
        is_packaged: Descent is a package with Python inside, into which nothing can be installed.
        distributions: Of Linux, its name and those it descends from: ``("linuxmint", "ubuntu")``.
        is_wsl: Linux runs inside Windows.
        is_container: Linux runs in a container.
        n_nvidia: NVIDIA GPUs that the system sees on its bus, driver or not.
        n_amd: Likewise of AMD.
        driver: What NVIDIA's driver answers.
        driver_version: Such as ``550.54.14``; empty where there is none.
        driver_cuda: The newest CUDA the driver can run, such as (12, 4); empty: not known.
        driver_error: What a failing driver said.
        gpus: GPUs the driver names.
        environment: Variables that hide devices or lead to other libraries, those that are set.
        tensorflow: None where it was not loaded.
    """

    platform: str
    processor: str = "x86_64"
    python: str = "python"
    is_packaged: bool = False
    distributions: tuple[str, ...] = ()
    is_wsl: bool = False
    is_container: bool = False
    n_nvidia: int = 0
    n_amd: int = 0
    driver: DriverState = DriverState.MISSING
    driver_version: str = ""
    driver_cuda: Version = ()
    driver_error: str = ""
    gpus: tuple[Gpu, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    tensorflow: TensorFlowFacts | None = None

    @property
    def has_nvidia(self) -> bool:
        """An NVIDIA GPU is in this machine."""
        return bool(self.n_nvidia or self.gpus)


def diagnose(facts: MachineFacts) -> tuple[Diagnosis, ...]:
    """Returns why no GPU is used, or not all of them, in the order in which to mend it.

    Empty where nothing is to be said: every GPU is used.
    """
    tensorflow = facts.tensorflow
    if tensorflow is not None and tensorflow.gpus:
        return tuple(_of_used(facts, tensorflow))
    if facts.platform == "win32":
        return (words.windows(facts.driver_version) if facts.has_nvidia else _none(facts),)
    if facts.platform == "darwin":
        return (_of_mac(facts),)
    if facts.has_nvidia:
        found = (*_of_hiding(facts), *_of_driver(facts), *_of_tensorflow(facts))
        return found or tuple(_of_cuda(facts))
    return (words.amd(facts.n_amd) if facts.n_amd and not _runs_on_amd(facts) else _none(facts),)


def advice(diagnoses: Iterable[Diagnosis]) -> str:
    """Says what to do, in one paragraph, for the hint of an error."""
    return " ".join(
        text for one in diagnoses for text in (one.what, one.steps, _run(one.command)) if text
    )


def _run(command: str) -> str:
    return f"Run: {' ; '.join(command.splitlines())}" if command else ""


# ---- a GPU is used


def _of_used(facts: MachineFacts, tensorflow: TensorFlowFacts) -> Iterator[Diagnosis]:
    n_used, n_present = len(tensorflow.gpus), len(facts.gpus)
    hiding = facts.environment.get("CUDA_VISIBLE_DEVICES")
    if hiding is not None and n_used < n_present:
        yield words.some_hidden(n_used, n_present, hiding)
    for gpu in tensorflow.gpus:
        if gpu.capability and is_too_new(gpu.capability, tensorflow.architectures):
            yield words.too_new(gpu.name, _text(gpu.capability), _newest(tensorflow), facts.python)


def is_too_new(capability: Version, architectures: Iterable[str]) -> bool:
    """Whether a TensorFlow has code for an older generation of GPUs only."""
    built = _built(architectures)
    return bool(built) and capability[0] > max(built)[0]


# ---- systems on which TensorFlow uses no GPU


def _of_mac(facts: MachineFacts) -> Diagnosis:
    metal = facts.tensorflow.metal if facts.tensorflow else ""
    if metal:
        return words.mac_with_metal(metal, facts.python)
    return words.mac(facts.processor == "arm64")


def _none(facts: MachineFacts) -> Diagnosis:
    if facts.is_wsl:
        return words.nothing_in_wsl(*driver_diagnoses.IN_WSL)
    return words.nothing(facts.is_container)


def _runs_on_amd(facts: MachineFacts) -> bool:
    return facts.tensorflow is not None and facts.tensorflow.is_rocm_build


# ---- Linux with an NVIDIA GPU


def _of_hiding(facts: MachineFacts) -> Iterator[Diagnosis]:
    name, value = "CUDA_VISIBLE_DEVICES", facts.environment.get("CUDA_VISIBLE_DEVICES")
    n_gpus = len(facts.gpus) or facts.n_nvidia
    if value is not None and not _n_visible(value, n_gpus):
        yield words.hidden(name, value, n_gpus)
    value = facts.environment.get("NVIDIA_VISIBLE_DEVICES")
    if facts.is_container and value in ("", "none", "void"):
        yield words.hidden_from_container(value)


def _n_visible(value: str, n_gpus: int) -> int:
    """How many GPUs ``CUDA_VISIBLE_DEVICES`` leaves: CUDA stops at the first it does not know."""
    seen: list[str] = []
    for entry in (part.strip() for part in value.split(",")):
        is_known = entry.startswith(("GPU-", "MIG-")) or (entry.isdigit() and int(entry) < n_gpus)
        if not is_known:
            break
        seen.append(entry)
    return len(seen) if len(set(seen)) == len(seen) else 0


def _of_driver(facts: MachineFacts) -> Iterator[Diagnosis]:
    state = facts.driver
    if state is DriverState.MISSING:
        if facts.is_container:
            yield words.not_in_container()
        else:
            yield driver_diagnoses.no_driver(*_driver_command(facts))
    elif state is DriverState.INCOMPLETE:
        yield driver_diagnoses.driver_incomplete(facts.driver_version, *_driver_command(facts))
    elif state is DriverState.NOT_LOADED:
        yield driver_diagnoses.driver_not_loaded()
    elif state is DriverState.MISMATCH:
        yield driver_diagnoses.driver_mismatch()
    elif state is DriverState.FORBIDDEN:
        yield driver_diagnoses.driver_forbidden()
    elif state is DriverState.FAILING:
        yield driver_diagnoses.driver_failing(facts.driver_error)
    elif state is DriverState.RUNNING and not facts.gpus:
        yield driver_diagnoses.driver_without_gpu()
    else:
        yield from _of_age(facts)


def _of_age(facts: MachineFacts) -> Iterator[Diagnosis]:
    """GPU or driver too old for this TensorFlow; a new driver does not mend an old GPU."""
    tensorflow = facts.tensorflow
    if tensorflow is None:
        return
    built = _built(tensorflow.architectures)
    known = [gpu for gpu in facts.gpus if gpu.capability]
    if built and known and all(gpu.capability < min(built) for gpu in known if gpu.capability):
        best = max(known, key=lambda gpu: gpu.capability or ())
        yield words.too_old(best.name, _text(best.capability or ()), _text(min(built)))
        return
    needed = tensorflow.cuda_version[:1]
    if needed and facts.driver_cuda and facts.driver_cuda[:1] < needed:
        oldest = _OLDEST_DRIVER.get(needed[0], ("", ""))[1 if facts.is_wsl else 0]
        yield driver_diagnoses.driver_too_old(
            facts.driver_version,
            _text(facts.driver_cuda),
            needed[0],
            oldest,
            *_driver_command(facts),
        )


def _of_tensorflow(facts: MachineFacts) -> Iterator[Diagnosis]:
    tensorflow = facts.tensorflow
    if tensorflow is None:
        return
    if not tensorflow.is_cuda_build:
        if facts.processor in ("aarch64", "arm64"):
            yield words.no_cuda_for_arm()
        elif facts.is_packaged:
            yield words.no_cuda_in_package()
        else:
            yield words.no_cuda(tensorflow.version, tensorflow.cpu_package, facts.python)
    elif tensorflow.missing_wheels or tensorflow.wrong_wheels:
        # Libraries that are installed for the whole system would do as well; they did not.
        yield words.no_libraries(
            tensorflow.version, tensorflow.missing_wheels, tensorflow.wrong_wheels, facts.python
        )


def _of_cuda(facts: MachineFacts) -> Iterator[Diagnosis]:
    """Everything seems right and yet TensorFlow lists no GPU."""
    tensorflow = facts.tensorflow
    if tensorflow is None:
        return
    status = tensorflow.cuda_status
    found = words.cuda_refuses(status) if status else None
    yield found or words.unknown(facts.python, facts.environment.get("LD_LIBRARY_PATH", ""))


def _driver_command(facts: MachineFacts) -> tuple[str, str]:
    """How the driver is installed here: what to do, and the command; empty where it varies."""
    if facts.is_wsl:
        return driver_diagnoses.IN_WSL
    for name in facts.distributions:
        if name in driver_diagnoses.COMMANDS:
            return driver_diagnoses.COMMANDS[name]
    return driver_diagnoses.ELSEWHERE


# ---- versions


def _built(architectures: Iterable[str]) -> list[Version]:
    """Compute capabilities by their names, which are two digits or three: ``sm_86``, ``sm_120``."""
    digits = (re.search(r"\d{2,}", name) for name in architectures)
    return [(int(found[0][:-1]), int(found[0][-1])) for found in digits if found]


def _newest(tensorflow: TensorFlowFacts) -> str:
    return _text(max(_built(tensorflow.architectures)))


def _text(version: Version) -> str:
    return ".".join(map(str, version))
