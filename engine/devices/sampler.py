"""What this machine computes with, and how busy it is: processor, memory and NVIDIA GPUs.

A sampler belongs to one thread at a time. Nothing here needs TensorFlow.
"""

from __future__ import annotations

import contextlib
import logging
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from engine.devices.machine import decoded, import_nvml

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class DeviceInfo:
    """What the machine has.

    Attributes:
        cpu_model: The processor as its maker names it.
        physical_cores: Cores, or None where the system does not tell.
        logical_cores: Threads the cores can run at once.
        memory_total: Bytes of main memory.
        gpus: Names of the NVIDIA GPUs; `engine.devices.doctor` says why there are none.
    """

    cpu_model: str
    physical_cores: int | None
    logical_cores: int
    memory_total: int
    gpus: tuple[str, ...]


@dataclass(frozen=True)
class GpuSample:
    """How busy one GPU is; None where it does not tell.

    Attributes:
        name: As its maker names it.
        load: Percent of the last moments in which it computed.
        memory_used, memory_total: Bytes of its own memory, all programs together.
        temperature_c: Degrees Celsius.
        power_w: Watts.
    """

    name: str
    load: float | None
    memory_used: int | None
    memory_total: int | None
    temperature_c: float | None
    power_w: float | None


@dataclass(frozen=True)
class DeviceSample:
    """How busy the machine is.

    Attributes:
        time_s: Seconds on a clock that only goes forward (`time.monotonic`).
        cpu_percent: Load of all cores together since the sample before, 0 to 100.
        per_core: Load of each logical core, 0 to 100.
        memory_used: Bytes of main memory that are not available to other programs.
        memory_total: Bytes of main memory.
        worker_memory: Bytes of main memory the asked-for processes hold.
        gpus: One per GPU, in the order of `DeviceInfo.gpus`.
    """

    time_s: float
    cpu_percent: float
    per_core: tuple[float, ...]
    memory_used: int
    memory_total: int
    worker_memory: int
    gpus: tuple[GpuSample, ...]


class DeviceSampler:
    """Looks at the machine.

    Args:
        load_nvml: Returns the module `pynvml`; raises ImportError where it is not installed.
    """

    def __init__(self, load_nvml: Callable[[], Any] | None = None) -> None:
        self._nvidia = _Nvidia(load_nvml or import_nvml)
        self._cpu_before = _cpu_seconds()

    def describe(self) -> DeviceInfo:
        """Returns what does not change."""
        return DeviceInfo(
            cpu_model=cpu_model(),
            physical_cores=psutil.cpu_count(logical=False),
            logical_cores=psutil.cpu_count() or 1,
            memory_total=psutil.virtual_memory().total,
            gpus=self._nvidia.names,
        )

    def sample(self, pids: Sequence[int] = ()) -> DeviceSample:
        """Returns the load since the last call; takes some milliseconds.

        Args:
            pids: Processes whose memory is added up; those that are gone count nothing.
        """
        before, self._cpu_before = self._cpu_before, _cpu_seconds()
        per_core, overall = _loads(before, self._cpu_before)
        memory = psutil.virtual_memory()
        return DeviceSample(
            time_s=time.monotonic(),
            cpu_percent=overall,
            per_core=per_core,
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            worker_memory=sum(_resident_memory(pid) for pid in pids),
            gpus=self._nvidia.sample(),
        )

    def close(self) -> None:
        """Lets go of the GPU driver."""
        self._nvidia.close()


# ---- processor


def cpu_model() -> str:
    """Returns the processor's name as its maker gives it, or at least its kind."""
    try:
        name = _cpu_model_of_system()
    except (OSError, subprocess.SubprocessError) as error:
        logger.debug("The processor's name cannot be read: %s", error)
        name = ""
    return " ".join(name.split()) or platform.processor() or platform.machine() or "Unknown"


def _cpu_model_of_system() -> str:
    if sys.platform == "win32":
        import winreg

        path = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
            return str(winreg.QueryValueEx(key, "ProcessorNameString")[0])
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, timeout=2, check=True).stdout
    return model_in_cpuinfo(Path("/proc/cpuinfo").read_text("utf-8", errors="replace"))


def model_in_cpuinfo(text: str) -> str:
    """Finds the processor's name in Linux's ``/proc/cpuinfo``; empty where there is none.

    Processors of the x86 family have a `model name`; on others the kernel may name the board.
    """
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, separator, value = line.partition(":")
        if separator and value.strip():
            fields.setdefault(key.strip().lower(), value.strip())
    names = ("model name", "cpu model", "hardware", "model")
    # A bare number is the x86 family's `model`, which tells people nothing.
    return next((fields[n] for n in names if n in fields and not fields[n].isdigit()), "")


def _cpu_seconds() -> list[tuple[float, float]]:
    """Busy and total seconds of each core since the machine started.

    Not `psutil.cpu_percent`, whose first answer in each thread is 0.
    """
    found: list[tuple[float, float]] = []
    for times in psutil.cpu_times(percpu=True):
        seconds = times._asdict()
        # Linux counts the time of guests in `user` and `nice` as well.
        total = sum(seconds.values()) - seconds.get("guest", 0.0) - seconds.get("guest_nice", 0.0)
        idle = seconds["idle"] + seconds.get("iowait", 0.0)
        found.append((total - idle, total))
    return found


def _loads(
    before: list[tuple[float, float]], after: list[tuple[float, float]]
) -> tuple[tuple[float, ...], float]:
    """Percent per core and overall, between two readings."""
    # Cores may come and go in a virtual machine, and counters may step back a little.
    spent = [
        (max(busy_1 - busy_0, 0.0), max(total_1 - total_0, 0.0))
        for (busy_0, total_0), (busy_1, total_1) in zip(before, after, strict=False)
    ]
    overall = _percent(sum(busy for busy, _ in spent), sum(total for _, total in spent))
    return tuple(_percent(busy, total) for busy, total in spent), overall


def _percent(busy: float, total: float) -> float:
    return min(100.0 * busy / total, 100.0) if total > 0 else 0.0


def _resident_memory(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


# ---- NVIDIA GPUs


class _Nvidia:
    """The GPUs that the driver's management library (NVML) knows; its absence is no error."""

    def __init__(self, load_nvml: Callable[[], Any]) -> None:
        self.names: tuple[str, ...] = ()
        self._nvml: Any = None
        self._handles: tuple[Any, ...] = ()
        with contextlib.suppress(ImportError):
            self._open(load_nvml())

    def _open(self, nvml: Any) -> None:
        try:
            nvml.nvmlInit()
            count = nvml.nvmlDeviceGetCount()
            handles = tuple(nvml.nvmlDeviceGetHandleByIndex(index) for index in range(count))
            self.names = tuple(decoded(nvml.nvmlDeviceGetName(handle)) for handle in handles)
        except nvml.NVMLError as error:
            logger.debug("No NVIDIA GPU can be watched: %s", error)
            return
        self._nvml, self._handles = nvml, handles

    def sample(self) -> tuple[GpuSample, ...]:
        return tuple(
            self._sample_one(name, handle)
            for name, handle in zip(self.names, self._handles, strict=False)
        )

    def close(self) -> None:
        if self._nvml is not None:
            self._ask(self._nvml.nvmlShutdown)
            self._nvml, self._handles = None, ()

    def _sample_one(self, name: str, handle: Any) -> GpuSample:
        nvml = self._nvml
        load = self._ask(lambda: float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu))
        memory = self._ask(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
        sensor = nvml.NVML_TEMPERATURE_GPU
        return GpuSample(
            name=name,
            load=load,
            memory_used=None if memory is None else int(memory.used),
            memory_total=None if memory is None else int(memory.total),
            temperature_c=self._ask(lambda: float(nvml.nvmlDeviceGetTemperature(handle, sensor))),
            # NVML counts milliwatts.
            power_w=self._ask(lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000.0),
        )

    def _ask(self, question: Callable[[], T]) -> T | None:
        """Each number on its own: a GPU may lack a sensor, or vanish while training."""
        try:
            return question()
        except self._nvml.NVMLError as error:
            logger.debug("A GPU does not answer: %s", error)
            return None
