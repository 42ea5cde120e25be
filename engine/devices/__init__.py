"""The machine: its processors and memory, whether TensorFlow uses them, and if not, why."""
