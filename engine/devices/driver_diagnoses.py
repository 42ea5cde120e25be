"""What the device doctor says of NVIDIA's driver: each cause in words, with what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.devices.diagnoses import Diagnosis

_RESTART = "Then restart the machine."

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "ubuntu": (f"Install the driver that fits the GPU. {_RESTART}", "sudo ubuntu-drivers install"),
    "debian": (
        "Install the driver from Debian's section non-free, which must be switched on in "
        f"/etc/apt/sources.list. {_RESTART}",
        "sudo apt install nvidia-driver",
    ),
    "fedora": (
        f"Install the driver from RPM Fusion (https://rpmfusion.org/Howto/NVIDIA). {_RESTART}",
        "sudo dnf install akmod-nvidia xorg-x11-drv-nvidia-cuda",
    ),
    "arch": (f"Install the driver. {_RESTART}", "sudo pacman -S nvidia-open nvidia-utils"),
}
"""How NVIDIA's driver is installed, by the name of the Linux distribution."""

IN_WSL: Final = (
    "Install NVIDIA's driver in Windows, from https://www.nvidia.com/drivers, and none inside WSL. "
    "Then type the commands in Windows's PowerShell and start Descent again.",
    "wsl --update\nwsl --shutdown",
)
ELSEWHERE: Final = (
    "Install NVIDIA's driver as your Linux distribution describes it, or from "
    f"https://www.nvidia.com/drivers. {_RESTART}",
    "",
)


def no_driver(steps: str, command: str) -> Diagnosis:
    """A GPU without NVIDIA's driver."""
    return Diagnosis(
        "no_driver",
        "no driver",
        "An NVIDIA GPU was found, but no NVIDIA driver.",
        "The driver that Linux brings along shows pictures and cannot compute.",
        steps,
        command,
    )


def driver_incomplete(version: str, steps: str, command: str) -> Diagnosis:
    """The kernel has the driver, programs have not."""
    return Diagnosis(
        "driver_incomplete",
        "parts of the driver are missing",
        f"The NVIDIA driver {version} runs, but its libraries for programs are not installed.",
        "Some distributions put them into packages of their own.",
        steps,
        command,
    )


def driver_not_loaded() -> Diagnosis:
    """The driver's kernel module is not loaded."""
    return Diagnosis(
        "driver_not_loaded",
        "the driver is not running",
        "The NVIDIA driver is installed but not running.",
        "Its part of the kernel is not loaded: after an update of the kernel, as a rule, or where "
        "Secure Boot refuses it.",
        "Type the command. If it is refused, restart the machine; if that does not help, install "
        "the driver again.",
        "sudo modprobe nvidia",
    )


def driver_mismatch() -> Diagnosis:
    """The driver was updated while its old part runs."""
    return Diagnosis(
        "driver_mismatch",
        "the driver was updated",
        "The NVIDIA driver was updated, and its parts do not match until the machine is restarted.",
        steps="Restart the machine.",
        command="sudo reboot",
    )


def driver_forbidden() -> Diagnosis:
    """The user may not open the devices."""
    return Diagnosis(
        "driver_forbidden",
        "not allowed",
        "This user may not use the NVIDIA GPU.",
        "The files /dev/nvidia* may be opened by some groups of users only.",
        "Type the command, log out and in again. On a shared machine, ask its administrator.",
        "sudo usermod -aG video,render $USER",
    )


def driver_failing(error: str) -> Diagnosis:
    """The driver gives an error that is not known here."""
    return Diagnosis(
        "driver_failing",
        "the driver fails",
        f"The NVIDIA driver does not work. It says: {error}.",
        steps="Restart the machine. If the command still fails, install the driver again.",
        command="nvidia-smi",
    )


def driver_without_gpu() -> Diagnosis:
    """The driver runs and knows no GPU."""
    return Diagnosis(
        "driver_without_gpu",
        "the driver finds none",
        "The NVIDIA driver runs but finds no GPU.",
        "The GPU is too old for this driver, has no power, or has failed.",
        "See what the driver wrote to the kernel's log.",
        "sudo dmesg | grep -i -E 'nvrm|nvidia'",
    )


def driver_too_old(
    version: str, cuda: str, needed: int, oldest: str, steps: str, command: str
) -> Diagnosis:
    """The driver knows an older CUDA only."""
    which = f" {version}" if version else ""
    at_least = f", which comes with driver {oldest} or newer" if oldest else ""
    return Diagnosis(
        "driver_too_old",
        "the driver is too old",
        f"The NVIDIA driver{which} is too old: it knows CUDA {cuda}, and this TensorFlow needs "
        f"CUDA {needed}{at_least}.",
        "A driver runs programs made for its own CUDA and older ones.",
        steps,
        command,
    )
