"""The window. Knows Qt and the engine's plain values; never imports TensorFlow."""
