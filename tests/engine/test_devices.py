"""What the machine has and how busy it is, with a stand-in for the NVIDIA driver's library."""

import os
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

from engine.devices import sampler as sampling
from engine.devices.sampler import DeviceSampler, GpuSample, cpu_model, model_in_cpuinfo


class NVMLError(Exception):
    pass


class NVMLError_LibraryNotFound(NVMLError):  # noqa: N801  as the library names it
    pass


class FakeNvml:
    """Two GPUs; the second has no power sensor. Questions named in `failing` raise."""

    NVML_TEMPERATURE_GPU = 0
    NVMLError = NVMLError
    NVMLError_LibraryNotFound = NVMLError_LibraryNotFound

    def __init__(self, count=2, init_error=None):
        self.count = count
        self.init_error = init_error
        self.is_open = False
        self.is_lost = False

    def nvmlInit(self):
        if self.init_error:
            raise self.init_error
        self.is_open = True

    def nvmlShutdown(self):
        self.is_open = False

    def nvmlDeviceGetCount(self):
        return self.count

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetName(self, handle):
        return "Fast 1" if handle == 0 else b"Fast 2"

    def nvmlDeviceGetUtilizationRates(self, handle):
        if self.is_lost:
            raise NVMLError("GPU is lost")
        return SimpleNamespace(gpu=40 + handle)

    def nvmlDeviceGetMemoryInfo(self, handle):
        if self.is_lost:
            raise NVMLError("GPU is lost")
        return SimpleNamespace(used=1 << 30, total=8 << 30)

    def nvmlDeviceGetTemperature(self, handle, sensor):
        if self.is_lost:
            raise NVMLError("GPU is lost")
        return 60 + sensor

    def nvmlDeviceGetPowerUsage(self, handle):
        if self.is_lost or handle == 1:
            raise NVMLError("Not Supported")
        return 75_500


def sampler(nvml=None):
    return DeviceSampler(lambda: nvml or FakeNvml())


def no_package():
    raise ImportError("No module named 'pynvml'")


class TestMachine:
    def test_describe(self):
        info = sampler().describe()
        assert info.cpu_model.strip()
        assert info.logical_cores == os.cpu_count()
        assert info.memory_total == psutil.virtual_memory().total
        assert info.gpus == ("Fast 1", "Fast 2")

    def test_a_busy_moment_shows(self):
        looking = sampler()
        looking.sample()
        # More than the 10 ms in which systems count, on whatever clock there is.
        until = psutil.cpu_times().user + 0.2
        while psutil.cpu_times().user < until:
            sum(range(10_000))
        sample = looking.sample()
        assert 0 < sample.cpu_percent <= 100
        assert len(sample.per_core) == os.cpu_count()
        assert all(0 <= load <= 100 for load in sample.per_core)
        assert max(sample.per_core) >= sample.cpu_percent

    def test_loads_are_differences(self):
        per_core, overall = sampling._loads([(1, 10), (5, 10)], [(2, 12), (5, 12)])
        assert (per_core, overall) == ((50.0, 0.0), 25.0)

    @pytest.mark.parametrize("after", [[(1, 10)], [(0.5, 9.9)], []])
    def test_clocks_that_stand_still_or_step_back(self, after):
        per_core, overall = sampling._loads([(1, 10)], after)
        assert per_core == (0.0,) * len(after)
        assert overall == 0.0

    def test_time_goes_forward(self):
        looking = sampler()
        assert looking.sample().time_s <= looking.sample().time_s


class TestMemory:
    def test_system(self):
        sample = sampler().sample()
        assert 0 < sample.memory_used < sample.memory_total

    def test_of_processes(self):
        looking = sampler()
        mine = looking.sample([os.getpid()]).worker_memory
        assert mine > 1 << 20
        assert looking.sample([os.getpid(), os.getpid()]).worker_memory > 1.5 * mine
        assert looking.sample([]).worker_memory == 0

    def test_of_a_process_that_is_gone(self):
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        assert sampler().sample([process.pid]).worker_memory == 0


class TestCpuModel:
    def test_here(self):
        name = cpu_model()
        assert name == " ".join(name.split()) != ""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("processor\t: 0\nmodel\t\t: 85\nmodel name\t: A CPU @ 2 GHz\n\n", "A CPU @ 2 GHz"),
            ("processor\t: 0\nCPU part\t: 0xd0c\nModel\t\t: A Pi 4\n", "A Pi 4"),
            ("processor\t: 0\nmodel\t: 85\n", ""),
            ("", ""),
        ],
    )
    def test_in_cpuinfo(self, text, expected):
        assert model_in_cpuinfo(text) == expected


class TestGpus:
    def test_sample(self):
        first, second = sampler().sample().gpus
        assert first == GpuSample("Fast 1", 40.0, 1 << 30, 8 << 30, 60.0, 75.5)
        assert second == GpuSample("Fast 2", 41.0, 1 << 30, 8 << 30, 60.0, None)

    def test_lost_while_training(self):
        nvml = FakeNvml(count=1)
        looking = sampler(nvml)
        nvml.is_lost = True
        assert looking.sample().gpus == (GpuSample("Fast 1", None, None, None, None, None),)

    def test_close_lets_go_of_the_driver(self):
        nvml = FakeNvml()
        looking = sampler(nvml)
        assert nvml.is_open
        looking.close()
        looking.close()
        assert not nvml.is_open
        assert looking.sample().gpus == ()

    @pytest.mark.parametrize(
        "nvml",
        [
            FakeNvml(init_error=NVMLError_LibraryNotFound()),
            FakeNvml(init_error=NVMLError("odd")),
            FakeNvml(count=0),
        ],
    )
    def test_none(self, nvml):
        looking = sampler(nvml)
        assert looking.describe().gpus == ()
        assert looking.sample().gpus == ()

    def test_missing_package(self):
        looking = DeviceSampler(no_package)
        assert looking.describe().gpus == ()
        assert looking.sample().gpus == ()

    def test_the_real_library_answers_or_is_absent(self):
        looking = DeviceSampler()
        assert len(looking.describe().gpus) == len(looking.sample().gpus)
        looking.close()
