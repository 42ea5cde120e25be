"""Threads beside the GUI's: training, the store of runs, devices."""
