"""Training: the step loop, how it is executed, checkpoints, and what can be watched meanwhile.

A plain library: the worker, the command line and the tests call the same functions.
"""
