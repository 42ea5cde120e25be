"""The device doctor over made-up machines: each cause has its own words and its own command."""

from dataclasses import replace

import pytest
from made_up_machines import BUILT, CARD, NO_DRIVER, TENSORFLOW, UNUSED, WORKING

from engine.devices.doctor import (
    Diagnosis,
    DriverState,
    Gpu,
    MachineFacts,
    advice,
    diagnose,
    is_too_new,
)

OLD_DRIVER = replace(UNUSED, driver_version="470.82.01", driver_cuda=(11, 4))
EMPTY = MachineFacts("linux", tensorflow=TENSORFLOW)

INSTALL = '/env/bin/python -m pip install "tensorflow[and-cuda]==2.21.0"'


def with_tensorflow(**changes):
    return replace(UNUSED, tensorflow=replace(TENSORFLOW, **changes))


CASES = {
    "no_gpu": (EMPTY, "No GPU was found; the processor is used.", ""),
    "no_gpu_in_wsl": (
        replace(EMPTY, is_wsl=True),
        "No GPU was found; the processor is used.",
        "wsl --update\nwsl --shutdown",
    ),
    "amd": (
        replace(EMPTY, n_amd=1),
        "An AMD GPU was found, which this TensorFlow does not use; the processor is used.",
        "",
    ),
    "windows": (
        replace(UNUSED, platform="win32"),
        "TensorFlow does not use a GPU under Windows itself.",
        "wsl --install",
    ),
    "mac": (
        MachineFacts("darwin", "arm64", tensorflow=TENSORFLOW),
        "TensorFlow does not use a Mac's GPU; the processor is used.",
        "",
    ),
    "metal": (
        MachineFacts("darwin", "arm64", tensorflow=replace(TENSORFLOW, metal="1.2.0")),
        "Apple's plug-in tensorflow-metal 1.2.0 is installed, but gives TensorFlow no GPU; "
        "the processor is used.",
        "python -m pip uninstall -y tensorflow-metal",
    ),
    "hidden": (
        replace(UNUSED, environment={"CUDA_VISIBLE_DEVICES": "-1"}),
        "The environment variable CUDA_VISIBLE_DEVICES is '-1', which hides the GPU.",
        "unset CUDA_VISIBLE_DEVICES",
    ),
    "hidden_from_container": (
        replace(UNUSED, is_container=True, environment={"NVIDIA_VISIBLE_DEVICES": "void"}),
        "The container was started with NVIDIA_VISIBLE_DEVICES='void', which hides all GPUs.",
        "",
    ),
    "not_in_container": (
        replace(NO_DRIVER, is_container=True),
        "The machine has an NVIDIA GPU, but this container was started without it.",
        "",
    ),
    "no_driver": (
        NO_DRIVER,
        "An NVIDIA GPU was found, but no NVIDIA driver.",
        "sudo ubuntu-drivers install",
    ),
    "driver_incomplete": (
        replace(UNUSED, driver=DriverState.INCOMPLETE, gpus=()),
        "The NVIDIA driver 550.54.14 runs, but its libraries for programs are not installed.",
        "sudo ubuntu-drivers install",
    ),
    "driver_not_loaded": (
        replace(UNUSED, driver=DriverState.NOT_LOADED, gpus=()),
        "The NVIDIA driver is installed but not running.",
        "sudo modprobe nvidia",
    ),
    "driver_mismatch": (
        replace(UNUSED, driver=DriverState.MISMATCH, gpus=()),
        "The NVIDIA driver was updated, and its parts do not match until the machine is restarted.",
        "sudo reboot",
    ),
    "driver_forbidden": (
        replace(UNUSED, driver=DriverState.FORBIDDEN, gpus=()),
        "This user may not use the NVIDIA GPU.",
        "sudo usermod -aG video,render $USER",
    ),
    "driver_failing": (
        replace(UNUSED, driver=DriverState.FAILING, driver_error="Odd", gpus=()),
        "The NVIDIA driver does not work. It says: Odd.",
        "nvidia-smi",
    ),
    "driver_without_gpu": (
        replace(UNUSED, gpus=()),
        "The NVIDIA driver runs but finds no GPU.",
        "sudo dmesg | grep -i -E 'nvrm|nvidia'",
    ),
    "driver_too_old": (
        OLD_DRIVER,
        "The NVIDIA driver 470.82.01 is too old: it knows CUDA 11.4, and this TensorFlow needs "
        "CUDA 12, which comes with driver 525.60.13 or newer.",
        "sudo ubuntu-drivers install",
    ),
    "gpu_too_old": (
        replace(OLD_DRIVER, gpus=(Gpu("GTX 780", (3, 5)),)),
        "GTX 780 is too old for this TensorFlow: its compute capability is 3.5, "
        "and 6.0 is the least.",
        "",
    ),
    "gpu_too_new": (
        with_tensorflow(gpus=(Gpu("RTX 5090", (12, 0)),)),
        "RTX 5090 is newer than this TensorFlow: its compute capability is 12.0, and "
        "TensorFlow was built for up to 9.0.",
        '/env/bin/python -m pip install --upgrade "tensorflow[and-cuda]"',
    ),
    "no_cuda": (
        with_tensorflow(is_cuda_build=False, cpu_package="tensorflow-cpu", cuda_version=()),
        "The installed TensorFlow 2.21.0 (the package tensorflow-cpu) is made for the processor "
        "alone.",
        "/env/bin/python -m pip uninstall -y tensorflow-cpu\n"
        "/env/bin/python -m pip install --force-reinstall --no-deps tensorflow==2.21.0\n" + INSTALL,
    ),
    "no_cuda_in_package": (
        replace(
            with_tensorflow(is_cuda_build=False, cpu_package="tensorflow-cpu", cuda_version=()),
            is_packaged=True,
        ),
        "This package of Descent is made for the processor alone.",
        "",
    ),
    "no_cuda_for_arm": (
        replace(with_tensorflow(is_cuda_build=False, cuda_version=()), processor="aarch64"),
        "TensorFlow has no package with CUDA for ARM processors; the processor is used.",
        "",
    ),
    "no_libraries": (
        with_tensorflow(missing_wheels=("nvidia-cudnn-cu12",)),
        "TensorFlow finds no GPU since libraries of CUDA are missing.",
        INSTALL,
    ),
    "some_hidden": (
        replace(WORKING, gpus=(CARD, CARD), n_nvidia=2, environment={"CUDA_VISIBLE_DEVICES": "0"}),
        "1 of 2 GPUs can be used: the environment variable CUDA_VISIBLE_DEVICES is '0'.",
        "unset CUDA_VISIBLE_DEVICES",
    ),
    "cuda_100": (
        with_tensorflow(cuda_status=100),
        "The driver sees the GPU, but CUDA finds none that it may use.",
        "sudo nvidia-smi -c DEFAULT",
    ),
    "cuda_802": (
        with_tensorflow(cuda_status=802),
        "CUDA is not ready: the service that connects the GPUs of this machine does not run.",
        "sudo systemctl enable --now nvidia-fabricmanager",
    ),
    "cuda_803": (
        with_tensorflow(cuda_status=803),
        "CUDA's library and the NVIDIA driver are of different versions.",
        "sudo reboot",
    ),
    "cuda_804": (
        with_tensorflow(cuda_status=804),
        "CUDA's library is newer than the NVIDIA driver, which works with some GPUs only.",
        "unset LD_LIBRARY_PATH",
    ),
    "cuda_999": (
        with_tensorflow(cuda_status=999),
        "CUDA does not start. After the machine has slept, this is usual.",
        "sudo modprobe -r nvidia_uvm\nsudo modprobe nvidia_uvm",
    ),
    "unknown": (
        with_tensorflow(cuda_status=0),
        "GPU, driver and libraries are there, and yet TensorFlow finds no GPU.",
        "/env/bin/python -c "
        "\"import tensorflow as tf; print(tf.config.list_physical_devices('GPU'))\"",
    ),
}


@pytest.mark.parametrize("cause", CASES)
def test_each_cause_has_its_words_and_its_command(cause):
    facts, what, command = CASES[cause]
    (found,) = diagnose(facts)
    assert (found.cause, found.what, found.command) == (cause, what, command)
    assert found.short
    assert not found.short.endswith(".")
    for sentence in (found.why, found.steps):
        assert not sentence or sentence[0].isupper()


def test_causes_differ_in_their_short_words_as_far_as_they_are_problems():
    problems = [one for facts, _, _ in CASES.values() for one in diagnose(facts) if one.is_problem]
    # Two ways to the same state may be told in the same few words.
    assert len({one.short for one in problems}) >= len(problems) - 1


def test_a_problem_says_what_to_do():
    for facts, _, _ in CASES.values():
        for found in diagnose(facts):
            assert found.steps or not found.is_problem


def test_a_gpu_that_is_used_needs_no_words():
    assert diagnose(WORKING) == ()
    both = replace(
        WORKING,
        gpus=(CARD, CARD),
        n_nvidia=2,
        environment={"CUDA_VISIBLE_DEVICES": "0,1"},
        tensorflow=replace(TENSORFLOW, gpus=(CARD, CARD)),
    )
    assert diagnose(both) == ()


def test_several_causes_come_in_the_order_in_which_to_mend_them():
    facts = replace(
        NO_DRIVER,
        environment={"CUDA_VISIBLE_DEVICES": ""},
        tensorflow=replace(TENSORFLOW, missing_wheels=("nvidia-cudnn-cu12",)),
    )
    causes = [one.cause for one in diagnose(facts)]
    assert causes == ["hidden", "no_driver", "no_libraries"]


@pytest.mark.parametrize(
    ("value", "is_hidden"),
    [
        ("", True),
        ("-1", True),
        ("none", True),
        ("2", True),
        ("-1,0", True),
        ("0,0", True),
        ("0", False),
        ("1, 0", False),
        ("0,-1", False),
        ("GPU-8932f937-d72c", False),
    ],
)
def test_what_the_variable_hides(value, is_hidden):
    facts = replace(
        UNUSED, gpus=(CARD, CARD), n_nvidia=2, environment={"CUDA_VISIBLE_DEVICES": value}
    )
    found = diagnose(facts)
    assert (found[0].cause == "hidden") is is_hidden
    if is_hidden:
        assert f"is '{value}', which hides all 2 GPUs" in found[0].what


@pytest.mark.parametrize(
    ("distributions", "command"),
    [
        (("ubuntu", "debian"), "sudo ubuntu-drivers install"),
        (("linuxmint", "ubuntu", "debian"), "sudo ubuntu-drivers install"),
        (("debian",), "sudo apt install nvidia-driver"),
        (("fedora",), "sudo dnf install akmod-nvidia xorg-x11-drv-nvidia-cuda"),
        (("manjaro", "arch"), "sudo pacman -S nvidia-open nvidia-utils"),
        (("slackware",), ""),
        ((), ""),
    ],
)
def test_the_driver_is_installed_as_the_distribution_does_it(distributions, command):
    (found,) = diagnose(replace(NO_DRIVER, distributions=distributions))
    assert found.command == command
    assert "restart the machine" in found.steps
    assert command or "https://www.nvidia.com/drivers" in found.steps


def test_inside_wsl_the_driver_belongs_to_windows():
    (found,) = diagnose(replace(OLD_DRIVER, is_wsl=True))
    assert found.cause == "driver_too_old"
    assert "driver 528.33 or newer" in found.what
    assert "none inside WSL" in found.steps
    assert found.command == "wsl --update\nwsl --shutdown"


def test_windows_without_a_gpu_has_none():
    (found,) = diagnose(replace(EMPTY, platform="win32"))
    assert found.cause == "no_gpu"


def test_windows_without_a_driver_needs_it_first():
    (found,) = diagnose(replace(NO_DRIVER, platform="win32"))
    assert found.steps.startswith("Install NVIDIA's driver")


def test_an_unknown_newer_cuda_names_no_driver():
    needs_next = replace(
        OLD_DRIVER, tensorflow=replace(TENSORFLOW, cuda_version=(14, 0), cuda_status=None)
    )
    (found,) = diagnose(needs_next)
    assert "needs CUDA 14." in found.what


def test_libraries_of_other_versions_are_named():
    (found,) = diagnose(with_tensorflow(wrong_wheels=("nvidia-nccl-cu12 2.20.5",)))
    assert found.short == "CUDA's libraries do not fit"
    assert "nvidia-nccl-cu12 2.20.5" in found.why


def test_other_libraries_that_come_first_are_named():
    facts = replace(with_tensorflow(cuda_status=0), environment={"LD_LIBRARY_PATH": "/opt/cuda"})
    (found,) = diagnose(facts)
    assert "LD_LIBRARY_PATH is '/opt/cuda'" in found.why


def test_a_status_nobody_knows_is_unknown():
    (found,) = diagnose(with_tensorflow(cuda_status=12345))
    assert found.cause == "unknown"


def test_before_tensorflow_is_loaded_the_machine_alone_speaks():
    assert diagnose(replace(UNUSED, tensorflow=None)) == ()
    (found,) = diagnose(replace(NO_DRIVER, tensorflow=None))
    assert found.cause == "no_driver"


def test_an_amd_gpu_that_is_used_needs_no_words():
    facts = replace(
        EMPTY, n_amd=1, tensorflow=replace(TENSORFLOW, is_rocm_build=True, gpus=(Gpu("MI300X"),))
    )
    assert diagnose(facts) == ()


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((6, 1), False), ((8, 6), False), ((9, 0), False), ((10, 0), True), ((12, 0), True)],
)
def test_generations_newer_than_tensorflow(capability, expected):
    assert is_too_new(capability, BUILT) is expected
    assert is_too_new(capability, ("sm_90", "sm_120")) is False
    assert is_too_new(capability, ()) is False


def test_advice_is_one_paragraph_with_the_command():
    notified = advice(
        [Diagnosis("a", "b", "No driver.", "Because.", "Install it.", "first\nsecond")]
    )
    assert notified == "No driver. Install it. Run: first ; second"
    assert advice([]) == ""
