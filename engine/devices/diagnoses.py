"""What the device doctor says: each cause in words, with the command that mends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Diagnosis:
    """One reason why a GPU is not used.

    Attributes:
        cause: A name that does not change, such as ``no_driver``.
        short: The reason in a few words, after "GPU not used:".
        what: The reason in a sentence.
        why: What is behind it.
        steps: What to do, in sentences; empty where nothing mends it.
        command: What to type, one command a line; empty where it is no command that mends it.
        is_problem: A GPU is there and could be used. If not, it is only said when asked.
    """

    cause: str
    short: str
    what: str
    why: str = ""
    steps: str = ""
    command: str = ""
    is_problem: bool = True


_START_AGAIN = "Then start Descent again."


# ---- nothing can be used


def nothing(is_container: bool) -> Diagnosis:
    """No GPU at all."""
    return Diagnosis(
        "no_gpu",
        "none found",
        "No GPU was found; the processor is used.",
        "TensorFlow computes on NVIDIA GPUs, and this machine shows none.",
        "If there is one outside the container, start the container with: --gpus all"
        if is_container
        else "",
        is_problem=False,
    )


def nothing_in_wsl(steps: str, command: str) -> Diagnosis:
    """Inside WSL an NVIDIA GPU shows only with Windows's driver."""
    return Diagnosis(
        "no_gpu_in_wsl",
        "none found",
        "No GPU was found; the processor is used.",
        "Inside WSL an NVIDIA GPU shows once Windows has NVIDIA's driver.",
        f"If this machine has one: {steps[0].lower()}{steps[1:]}",
        command,
        is_problem=False,
    )


def amd(n_gpus: int) -> Diagnosis:
    """An AMD GPU, which the standard package does not use."""
    which = "An AMD GPU was" if n_gpus == 1 else f"{n_gpus} AMD GPUs were"
    return Diagnosis(
        "amd",
        "AMD is not supported by this TensorFlow",
        f"{which} found, which this TensorFlow does not use; the processor is used.",
        "TensorFlow's own package computes on NVIDIA GPUs only. AMD publishes another one for some "
        "of its GPUs on Linux.",
        "If yours is among them, install it as AMD describes it: "
        "https://rocm.docs.amd.com/projects/ai-ecosystem. Descent needs version 2.20 or newer.",
        is_problem=False,
    )


def windows(driver_version: str) -> Diagnosis:
    """TensorFlow has used no GPU under Windows since 2.11."""
    driver = "" if driver_version else "Install NVIDIA's driver: https://www.nvidia.com/drivers. "
    return Diagnosis(
        "windows",
        "Windows without WSL",
        "TensorFlow does not use a GPU under Windows itself.",
        "Version 2.10 was the last that did. Inside the Windows Subsystem for Linux (WSL 2) it "
        "does, with Windows's own driver.",
        f"{driver}Type the command in PowerShell, opened as administrator, and restart Windows. "
        "Then open Ubuntu from the start menu and install Descent there, with "
        "'tensorflow[and-cuda]'.",
        "wsl --install",
    )


def mac(is_apple_silicon: bool) -> Diagnosis:
    """TensorFlow has no GPU support of its own for macOS."""
    return Diagnosis(
        "mac",
        "macOS is not supported by this TensorFlow",
        "TensorFlow does not use a Mac's GPU; the processor is used.",
        "It has no GPU support of its own for macOS. Apple's plug-in tensorflow-metal does not "
        "load into the TensorFlow that Descent needs (2.20 or newer)."
        if is_apple_silicon
        else "It has no GPU support for macOS.",
        is_problem=False,
    )


def mac_with_metal(version: str, python: str) -> Diagnosis:
    """Apple's plug-in is installed, and of no use."""
    return Diagnosis(
        "metal",
        "tensorflow-metal does not fit this TensorFlow",
        f"Apple's plug-in tensorflow-metal {version} is installed, but gives TensorFlow no GPU; "
        "the processor is used.",
        "It was made for older versions of TensorFlow, and may even keep newer ones from starting.",
        f"Take it away. {_START_AGAIN}",
        f"{python} -m pip uninstall -y tensorflow-metal",
    )


# ---- hidden


def hidden(name: str, value: str, n_gpus: int) -> Diagnosis:
    """A variable hides all GPUs."""
    which = "the GPU" if n_gpus == 1 else f"all {n_gpus} GPUs"
    return Diagnosis(
        "hidden",
        "hidden by a variable",
        f"The environment variable {name} is '{value}', which hides {which}.",
        "Programs see the GPUs whose numbers it lists, from 0, and none where it is empty or -1.",
        "Type the command in the terminal from which you start Descent. If it comes back, look for "
        "it in ~/.bashrc and ~/.profile.",
        f"unset {name}",
    )


def some_hidden(n_used: int, n_present: int, value: str) -> Diagnosis:
    """A variable hides some GPUs, perhaps on purpose."""
    return Diagnosis(
        "some_hidden",
        f"{n_used} of {n_present} GPUs",
        f"{n_used} of {n_present} GPUs can be used: "
        f"the environment variable CUDA_VISIBLE_DEVICES is '{value}'.",
        "Programs see the GPUs whose numbers it lists, from 0.",
        f"To use all of them, type the command in the terminal. {_START_AGAIN}",
        "unset CUDA_VISIBLE_DEVICES",
        is_problem=False,
    )


def hidden_from_container(value: str) -> Diagnosis:
    """The container was started without GPUs."""
    return Diagnosis(
        "hidden_from_container",
        "hidden from this container",
        f"The container was started with NVIDIA_VISIBLE_DEVICES='{value}', which hides all GPUs.",
        steps="Start it anew with: --gpus all -e NVIDIA_VISIBLE_DEVICES=all",
    )


def not_in_container() -> Diagnosis:
    """The machine has a GPU, but the container was not given it."""
    return Diagnosis(
        "not_in_container",
        "not given to this container",
        "The machine has an NVIDIA GPU, but this container was started without it.",
        "A container sees a GPU only if it is given one, and the machine outside needs NVIDIA's "
        "driver and its Container Toolkit.",
        "Start the container anew with: --gpus all",
    )


# ---- the GPU's generation


def too_old(name: str, capability: str, oldest: str) -> Diagnosis:
    """This TensorFlow has no code for so old a GPU."""
    return Diagnosis(
        "gpu_too_old",
        "too old for this TensorFlow",
        f"{name} is too old for this TensorFlow: its compute capability is {capability}, and "
        f"{oldest} is the least.",
        "Each TensorFlow is built for some generations of GPUs. "
        "https://developer.nvidia.com/cuda-gpus lists them.",
        is_problem=False,
    )


def too_new(name: str, capability: str, newest: str, python: str) -> Diagnosis:
    """This TensorFlow was built before the GPU."""
    return Diagnosis(
        "gpu_too_new",
        "too new for this TensorFlow",
        f"{name} is newer than this TensorFlow: its compute capability is {capability}, and "
        f"TensorFlow was built for up to {newest}.",
        "Its code must be translated at the first start, which takes up to half an hour, and often "
        "fails. So 'auto' takes the processor.",
        f"See whether a newer TensorFlow knows it. {_START_AGAIN}",
        f'{python} -m pip install --upgrade "tensorflow[and-cuda]"',
    )


# ---- TensorFlow's package


def no_cuda(version: str, package: str, python: str) -> Diagnosis:
    """A TensorFlow for the processor alone."""
    remove = f"{python} -m pip uninstall -y {package}\n" if package else ""
    named = f" (the package {package})" if package else ""
    return Diagnosis(
        "no_cuda",
        "this TensorFlow is without CUDA",
        f"The installed TensorFlow {version}{named} is made for the processor alone.",
        "It was built without CUDA, through which programs compute on NVIDIA GPUs.",
        f"Install the one with CUDA in its place. {_START_AGAIN}",
        f"{remove}{python} -m pip install --force-reinstall --no-deps tensorflow=={version}\n"
        f'{python} -m pip install "tensorflow[and-cuda]=={version}"',
    )


def no_cuda_in_package() -> Diagnosis:
    """A package for people without Python: what CUDA takes would make it several times as large."""
    return Diagnosis(
        "no_cuda_in_package",
        "this package computes on the processor",
        "This package of Descent is made for the processor alone.",
        "The libraries through which programs compute on NVIDIA GPUs are not in it.",
        "To use the GPU, install Descent with Python, and TensorFlow with CUDA: its README says "
        "how. It opens the same runs.",
        is_problem=False,
    )


def no_cuda_for_arm() -> Diagnosis:
    """There is no package with CUDA for ARM."""
    return Diagnosis(
        "no_cuda_for_arm",
        "not supported by this TensorFlow",
        "TensorFlow has no package with CUDA for ARM processors; the processor is used.",
        "The one for ARM is built for the processor alone.",
        is_problem=False,
    )


def no_libraries(
    version: str, missing: Sequence[str], wrong: Sequence[str], python: str
) -> Diagnosis:
    """CUDA's libraries are not installed, or in other versions."""
    reasons = []
    if missing:
        reasons.append(f"Not installed: {', '.join(missing)}.")
    if wrong:
        reasons.append(f"Installed in a version that does not fit: {', '.join(wrong)}.")
    return Diagnosis(
        "no_libraries",
        "CUDA's libraries are missing" if missing else "CUDA's libraries do not fit",
        "TensorFlow finds no GPU since libraries of CUDA "
        f"{'are missing' if missing else 'do not fit'}.",
        " ".join(reasons),
        f"Install TensorFlow with its CUDA libraries, some 2 GB. {_START_AGAIN}",
        f'{python} -m pip install "tensorflow[and-cuda]=={version}"',
    )


# ---- CUDA itself

_STATUS: Final[Mapping[int, tuple[str, str, str, str]]] = {
    100: (
        "CUDA finds none",
        "The driver sees the GPU, but CUDA finds none that it may use.",
        "Its compute mode may be 'Prohibited', or another program holds it for itself. "
        "The command gives it free.",
        "sudo nvidia-smi -c DEFAULT",
    ),
    802: (
        "the GPUs are not connected yet",
        "CUDA is not ready: the service that connects the GPUs of this machine does not run.",
        f"Start it. {_START_AGAIN}",
        "sudo systemctl enable --now nvidia-fabricmanager",
    ),
    803: (
        "the driver was updated",
        "CUDA's library and the NVIDIA driver are of different versions.",
        "Restart the machine.",
        "sudo reboot",
    ),
    804: (
        "CUDA's library is newer than the driver",
        "CUDA's library is newer than the NVIDIA driver, which works with some GPUs only.",
        f"Take the newer library out of the way. {_START_AGAIN}",
        "unset LD_LIBRARY_PATH",
    ),
    999: (
        "CUDA does not start",
        "CUDA does not start. After the machine has slept, this is usual.",
        f"Load the driver's part for computing anew. {_START_AGAIN} If it is refused, restart the "
        "machine.",
        "sudo modprobe -r nvidia_uvm\nsudo modprobe nvidia_uvm",
    ),
}
"""Status of `cuInit`: in short, what, steps, command.

https://docs.nvidia.com/cuda/cuda-driver-api/group__CUDA__TYPES.html
"""


def cuda_refuses(status: int) -> Diagnosis | None:
    """CUDA's own answer, where it is known what mends it."""
    if status not in _STATUS:
        return None
    short, what, steps, command = _STATUS[status]
    return Diagnosis(f"cuda_{status}", short, what, f"CUDA's status is {status}.", steps, command)


def unknown(python: str, library_path: str) -> Diagnosis:
    """GPU, driver and libraries are there, and TensorFlow lists none."""
    return Diagnosis(
        "unknown",
        "TensorFlow finds none",
        "GPU, driver and libraries are there, and yet TensorFlow finds no GPU.",
        f"Other libraries may come first: LD_LIBRARY_PATH is '{library_path}'."
        if library_path
        else "",
        "The command says what TensorFlow could not load.",
        f"{python} -c \"import tensorflow as tf; print(tf.config.list_physical_devices('GPU'))\"",
    )
