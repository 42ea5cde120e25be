"""Descent's engine: data, models, training, runs. Knows nothing of windows.

Importing it is light: TensorFlow and Keras are imported only where a worker executes them.
"""
