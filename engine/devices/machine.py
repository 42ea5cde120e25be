"""Collects what the device doctor wants to know: bus, driver, environment, TensorFlow's package.

Quick and without side effects. What concerns TensorFlow is asked where it is loaded, in a worker.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import importlib.metadata as metadata
import logging
import os
import platform
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.devices.clean_python import is_packaged
from engine.devices.doctor import DriverState, Gpu, MachineFacts, TensorFlowFacts, Version
from engine.devices.versions import installed_version

logger = logging.getLogger(__name__)

_NVIDIA, _AMD = "0x10de", "0x1002"
_DISPLAY_CLASS = "0x03"
_VARIABLES = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")


def import_nvml() -> Any:
    """Imports the driver's management library; ImportError where it is not installed."""
    return importlib.import_module("pynvml")


def look_at_machine(
    root: Path = Path("/"),
    load_nvml: Callable[[], Any] = import_nvml,
    environment: Mapping[str, str] | None = None,
) -> MachineFacts:
    """Returns what is known of this machine, without TensorFlow.

    Args:
        root: Where Linux's system files lie.
        load_nvml: Returns the module `pynvml`; raises ImportError where it is not installed.
        environment: Environment variables; those of the process by default.
    """
    given = os.environ if environment is None else environment
    facts = MachineFacts(
        platform=sys.platform,
        processor=platform.machine(),
        python=_quoted(sys.executable or "python"),
        is_packaged=is_packaged(),
        environment={name: given[name] for name in _VARIABLES if name in given},
    )
    if sys.platform.startswith("linux"):
        facts = _with_linux(replace(facts, platform="linux"), root, given)
    elif sys.platform == "win32":
        facts = replace(facts, n_nvidia=_n_nvidia_in_registry())
    return _with_driver(facts, _ask_driver(load_nvml), root)


def look_at_tensorflow(machine: MachineFacts) -> MachineFacts:
    """Adds what TensorFlow is and sees; imports it. Its devices become initialised.

    Args:
        machine: What is known without it.
    """
    import tensorflow as tf

    build = tf.sysconfig.get_build_info()
    gpus = tuple(_gpu_of_tensorflow(device) for device in tf.config.list_physical_devices("GPU"))
    facts = TensorFlowFacts(
        version=tf.__version__,
        is_cuda_build=bool(build.get("is_cuda_build")),
        is_rocm_build=bool(build.get("is_rocm_build")),
        cuda_version=_version(str(build.get("cuda_version", ""))),
        architectures=tuple(build.get("cuda_compute_capabilities", ())),
        gpus=gpus,
        metal=installed_version("tensorflow-metal"),
    )
    if machine.has_nvidia and not gpus:
        missing, wrong = _wheels()
        package = next((name for name in ("tensorflow-cpu",) if installed_version(name)), "")
        status = _cuda_status() if machine.platform == "linux" else None
        facts = replace(
            facts,
            missing_wheels=missing,
            wrong_wheels=wrong,
            cpu_package=package,
            cuda_status=status,
        )
    return replace(machine, tensorflow=facts)


# ---- the system


def _quoted(path: str) -> str:
    return f'& "{path}"' if sys.platform == "win32" else shlex.quote(path)


def _with_linux(facts: MachineFacts, root: Path, environment: Mapping[str, str]) -> MachineFacts:
    release = _text(root / "proc/sys/kernel/osrelease").lower()
    in_cgroup = re.search(r"docker|containerd|kubepods|libpod", _text(root / "proc/1/cgroup"))
    vendors = list(_display_vendors(root / "sys/bus/pci/devices"))
    n_nodes = len(list((root / "dev").glob("nvidia[0-9]*")))
    n_known = len(_folders(root / "proc/driver/nvidia/gpus"))
    return replace(
        facts,
        distributions=_distributions(_text(root / "etc/os-release")),
        is_wsl="microsoft" in release or "WSL_DISTRO_NAME" in environment,
        is_container=bool(in_cgroup)
        or any((root / name).exists() for name in (".dockerenv", "run/.containerenv")),
        n_nvidia=max(vendors.count(_NVIDIA), n_nodes, n_known),
        n_amd=vendors.count(_AMD),
    )


def _display_vendors(folder: Path) -> Iterable[str]:
    for device in _folders(folder):
        if _text(device / "class").startswith(_DISPLAY_CLASS):
            yield _text(device / "vendor").strip()


def _distributions(os_release: str) -> tuple[str, ...]:
    """The system's name and those it descends from, as ``/etc/os-release`` has them."""
    fields = dict(re.findall(r'^(ID|ID_LIKE)="?([^"\n]*)"?$', os_release, re.MULTILINE))
    return tuple(f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".split())


def _n_nvidia_in_registry() -> int:
    """NVIDIA devices that Windows knows, driver or not."""
    if sys.platform != "win32":
        return 0
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Enum\PCI") as key:
            names = [winreg.EnumKey(key, index) for index in range(winreg.QueryInfoKey(key)[0])]
    except OSError as error:
        logger.debug("The devices on the bus cannot be read: %s", error)
        return 0
    return int(any(name.upper().startswith("VEN_10DE") for name in names))


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


# ---- NVIDIA's driver


@dataclass(frozen=True)
class _Driver:
    state: DriverState
    version: str = ""
    cuda: Version = ()
    error: str = ""
    gpus: tuple[Gpu, ...] = ()


def _with_driver(facts: MachineFacts, driver: _Driver, root: Path) -> MachineFacts:
    version, state = driver.version, driver.state
    loaded = re.search(
        r"Kernel Module.*?(\d+(?:\.\d+)+)", _text(root / "proc/driver/nvidia/version")
    )
    if not version and loaded and facts.platform == "linux":
        version = loaded[1]
        # The kernel has it: what is missing is its library. A container may have to do without.
        if state is DriverState.MISSING and not facts.is_container:
            state = DriverState.INCOMPLETE
    return replace(
        facts,
        driver=state,
        driver_version=version,
        driver_cuda=driver.cuda,
        driver_error=driver.error,
        gpus=driver.gpus,
    )


def _ask_driver(load_nvml: Callable[[], Any]) -> _Driver:
    try:
        nvml = load_nvml()
    except ImportError:
        return _Driver(DriverState.UNKNOWN)
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return _Driver(_state_of(nvml, error), error=str(error))
    try:
        return _Driver(
            DriverState.RUNNING,
            decoded(nvml.nvmlSystemGetDriverVersion()),
            _cuda_of(int(nvml.nvmlSystemGetCudaDriverVersion())),
            gpus=tuple(_gpus_of_driver(nvml)),
        )
    except nvml.NVMLError as error:
        return _Driver(DriverState.FAILING, error=str(error))
    finally:
        nvml.nvmlShutdown()


def _state_of(nvml: Any, error: Exception) -> DriverState:
    states = {
        "NVMLError_LibraryNotFound": DriverState.MISSING,
        "NVMLError_DriverNotLoaded": DriverState.NOT_LOADED,
        "NVMLError_LibRmVersionMismatch": DriverState.MISMATCH,
        "NVMLError_NoPermission": DriverState.FORBIDDEN,
    }
    for name, state in states.items():
        kind = getattr(nvml, name, None)
        if kind is not None and isinstance(error, kind):
            return state
    return DriverState.FAILING


def _gpus_of_driver(nvml: Any) -> Iterable[Gpu]:
    for index in range(nvml.nvmlDeviceGetCount()):
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        try:
            capability: Version | None = tuple(nvml.nvmlDeviceGetCudaComputeCapability(handle))
        except nvml.NVMLError:
            capability = None
        yield Gpu(decoded(nvml.nvmlDeviceGetName(handle)), capability)


def _cuda_of(number: int) -> Version:
    """NVML counts 12.4 as 12040."""
    return (number // 1000, number % 1000 // 10)


def decoded(name: str | bytes) -> str:
    """Older versions of NVML's package give bytes."""
    return name.decode("utf-8", errors="replace") if isinstance(name, bytes) else name


# ---- TensorFlow


def _gpu_of_tensorflow(device: Any) -> Gpu:
    import tensorflow as tf

    try:
        details = tf.config.experimental.get_device_details(device)
    except (ValueError, RuntimeError) as error:
        logger.debug("TensorFlow tells nothing of %s: %s", device.name, error)
        details = {}
    capability = details.get("compute_capability")
    return Gpu(details.get("device_name", device.name), tuple(capability) if capability else None)


def _version(text: str) -> Version:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _wheels() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """CUDA libraries that ``tensorflow[and-cuda]`` asks for: not installed, and of other versions.

    None are missing where they are installed for the whole system.
    """
    from packaging.requirements import Requirement

    try:
        listed = metadata.requires("tensorflow") or []
    except metadata.PackageNotFoundError:
        return (), ()
    missing, wrong = [], []
    for requirement in map(Requirement, listed):
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}):
            continue
        if not marker.evaluate({"extra": "and-cuda"}):
            continue
        version = installed_version(requirement.name)
        if not version:
            missing.append(requirement.name)
        elif not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version}")
    if missing and all(ctypes.util.find_library(name) for name in ("cudart", "cudnn")):
        missing = []
    return tuple(missing), tuple(wrong)


def _cuda_status() -> int | None:
    """What `cuInit` returns; None where there is no CUDA library."""
    try:
        return int(ctypes.CDLL("libcuda.so.1").cuInit(0))
    except (OSError, AttributeError) as error:
        logger.debug("CUDA cannot be asked: %s", error)
        return None
