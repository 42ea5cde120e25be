"""What is collected for the device doctor, from made-up system files and drivers."""

import sys
from types import SimpleNamespace

import pytest

from engine.devices import machine
from engine.devices.doctor import DriverState, Gpu, MachineFacts
from engine.devices.machine import look_at_machine, look_at_tensorflow

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's files")


class NVMLError(Exception):
    pass


class NVMLError_LibraryNotFound(NVMLError):  # noqa: N801  as the library names it
    pass


class NVMLError_DriverNotLoaded(NVMLError):  # noqa: N801
    pass


class NVMLError_LibRmVersionMismatch(NVMLError):  # noqa: N801
    pass


class NVMLError_NoPermission(NVMLError):  # noqa: N801
    pass


class FakeNvml(SimpleNamespace):
    """A driver with one GPU; `error` is raised at its start, `late` when it is asked."""

    NVMLError = NVMLError
    NVMLError_LibraryNotFound = NVMLError_LibraryNotFound
    NVMLError_DriverNotLoaded = NVMLError_DriverNotLoaded
    NVMLError_LibRmVersionMismatch = NVMLError_LibRmVersionMismatch
    NVMLError_NoPermission = NVMLError_NoPermission
    error = late = None
    is_open = False

    def nvmlInit(self):
        if self.error:
            raise self.error
        self.is_open = True

    def nvmlShutdown(self):
        self.is_open = False

    def nvmlSystemGetDriverVersion(self):
        if self.late:
            raise self.late
        return b"550.54.14"

    def nvmlSystemGetCudaDriverVersion(self):
        return 12040

    def nvmlDeviceGetCount(self):
        return 1

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetName(self, handle):
        return "RTX 3060"

    def nvmlDeviceGetCudaComputeCapability(self, handle):
        return (8, 6)


NO_LIBRARY = FakeNvml(error=NVMLError_LibraryNotFound())


def look(root, nvml=NO_LIBRARY, **environment):
    return look_at_machine(root, lambda: nvml, environment)


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def add_to_bus(root, number, vendor, kind):
    device = root / f"sys/bus/pci/devices/0000:0{number}:00.0"
    write(device / "vendor", f"{vendor}\n")
    write(device / "class", f"{kind}\n")


class TestMachine:
    def test_an_empty_machine(self, tmp_path):
        facts = look(tmp_path)
        assert facts.platform == "linux"
        assert (facts.n_nvidia, facts.n_amd, facts.gpus) == (0, 0, ())
        assert facts.driver is DriverState.MISSING
        assert not facts.is_wsl
        assert not facts.is_container
        assert sys.executable in facts.python

    def test_devices_on_the_bus_are_counted_by_what_they_are(self, tmp_path):
        add_to_bus(tmp_path, 1, "0x10de", "0x030000")
        add_to_bus(tmp_path, 2, "0x10de", "0x030200")
        add_to_bus(tmp_path, 3, "0x10de", "0x040300")  # the sound of its HDMI
        add_to_bus(tmp_path, 4, "0x1002", "0x038000")
        add_to_bus(tmp_path, 5, "0x8086", "0x030000")
        facts = look(tmp_path)
        assert (facts.n_nvidia, facts.n_amd) == (2, 1)

    def test_devices_of_the_driver_are_counted_where_no_bus_shows_them(self, tmp_path):
        for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"):
            write(tmp_path / "dev" / name)
        assert look(tmp_path).n_nvidia == 2

    def test_distribution(self, tmp_path):
        write(tmp_path / "etc/os-release", 'NAME="Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n')
        assert look(tmp_path).distributions == ("linuxmint", "ubuntu", "debian")

    def test_inside_windows(self, tmp_path):
        write(tmp_path / "proc/sys/kernel/osrelease", "5.15.167-microsoft-standard-WSL2\n")
        assert look(tmp_path).is_wsl

    @pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv", "proc/1/cgroup"])
    def test_inside_a_container(self, tmp_path, mark):
        write(tmp_path / mark, "0::/docker/4f2a\n")
        assert look(tmp_path).is_container

    def test_variables_that_matter_are_kept(self, tmp_path):
        facts = look(tmp_path, CUDA_VISIBLE_DEVICES="", HOME="/root")
        assert facts.environment == {"CUDA_VISIBLE_DEVICES": ""}


class TestDriver:
    def test_running(self, tmp_path):
        nvml = FakeNvml()
        facts = look(tmp_path, nvml)
        assert facts.driver is DriverState.RUNNING
        assert (facts.driver_version, facts.driver_cuda) == ("550.54.14", (12, 4))
        assert facts.gpus == (Gpu("RTX 3060", (8, 6)),)
        assert not nvml.is_open

    @pytest.mark.parametrize(
        ("error", "state"),
        [
            (NVMLError_LibraryNotFound(), DriverState.MISSING),
            (NVMLError_DriverNotLoaded(), DriverState.NOT_LOADED),
            (NVMLError_LibRmVersionMismatch(), DriverState.MISMATCH),
            (NVMLError_NoPermission(), DriverState.FORBIDDEN),
            (NVMLError("odd"), DriverState.FAILING),
        ],
    )
    def test_its_errors_become_states(self, tmp_path, error, state):
        facts = look(tmp_path, FakeNvml(error=error))
        assert facts.driver is state
        assert facts.driver_error == str(error)

    def test_it_fails_when_asked(self, tmp_path):
        nvml = FakeNvml(late=NVMLError("GPU is lost"))
        facts = look(tmp_path, nvml)
        assert (facts.driver, facts.driver_error) == (DriverState.FAILING, "GPU is lost")
        assert not nvml.is_open

    def test_the_kernel_has_it_and_programs_have_not(self, tmp_path):
        write(
            tmp_path / "proc/driver/nvidia/version",
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.14  Release Build\n",
        )
        facts = look(tmp_path)
        assert (facts.driver, facts.driver_version) == (DriverState.INCOMPLETE, "550.54.14")

    def test_without_the_package_nothing_is_known(self, tmp_path):
        def missing():
            raise ImportError("No module named 'pynvml'")

        assert look_at_machine(tmp_path, missing, {}).driver is DriverState.UNKNOWN


class TestTensorFlow:
    def test_what_is_installed_here(self):
        facts = look_at_tensorflow(MachineFacts("linux")).tensorflow
        assert facts.version.startswith("2.")
        if facts.is_cuda_build:
            assert facts.cuda_version[0] >= 12
            assert any(name.startswith(("sm_", "compute_")) for name in facts.architectures)
        # Without a GPU nobody asks for its libraries.
        assert facts.gpus or facts.missing_wheels == ()

    def test_libraries_that_are_missing_or_do_not_fit(self, monkeypatch):
        asked = [
            "numpy>=1.26",
            'nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == "and-cuda"',
            'nvidia-nccl-cu12<3.0,>=2.27.7; extra == "and-cuda"',
            'nvidia-cublas-cu12<13.0,>=12.5; extra == "and-cuda"',
            'tensorboard~=2.21; extra == "board"',
        ]
        installed = {"nvidia-nccl-cu12": "2.20.5", "nvidia-cublas-cu12": "12.9.1"}

        def version(name):
            if name not in installed:
                raise machine.metadata.PackageNotFoundError(name)
            return installed[name]

        monkeypatch.setattr(machine.metadata, "requires", lambda name: asked)
        monkeypatch.setattr(machine.metadata, "version", version)
        monkeypatch.setattr(machine.ctypes.util, "find_library", lambda name: None)
        assert machine._wheels() == (("nvidia-cudnn-cu12",), ("nvidia-nccl-cu12 2.20.5",))
        monkeypatch.setattr(machine.ctypes.util, "find_library", lambda name: f"lib{name}.so")
        assert machine._wheels() == ((), ("nvidia-nccl-cu12 2.20.5",))
