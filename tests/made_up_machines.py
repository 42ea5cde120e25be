"""Made-up machines for the device doctor and for what asks it."""

from dataclasses import replace

from engine.devices.doctor import DriverState, Gpu, MachineFacts, TensorFlowFacts

BUILT = ("sm_60", "sm_70", "sm_80", "sm_89", "compute_90")
CARD = Gpu("RTX 3060", (8, 6))

TENSORFLOW = TensorFlowFacts("2.21.0", cuda_version=(12, 5, 1), architectures=BUILT)
"""As pip installs it, seeing no GPU."""

WORKING = MachineFacts(
    platform="linux",
    python="/env/bin/python",
    distributions=("ubuntu", "debian"),
    n_nvidia=1,
    driver=DriverState.RUNNING,
    driver_version="550.54.14",
    driver_cuda=(12, 4),
    gpus=(CARD,),
    tensorflow=replace(TENSORFLOW, gpus=(CARD,)),
)
"""A machine on which the GPU is used."""

UNUSED = replace(WORKING, tensorflow=TENSORFLOW)
"""Nothing is wrong but that TensorFlow lists no GPU."""

NO_DRIVER = replace(UNUSED, driver=DriverState.MISSING, driver_version="", driver_cuda=(), gpus=())
