"""The machine: processors, memory, whether TensorFlow uses them; and its signals and terminal."""
