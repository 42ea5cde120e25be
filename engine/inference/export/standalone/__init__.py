"""Code that goes out with an exported model and runs where Descent is not.

Parts of one file, `predict.py`, as `engine.inference.export.composing` puts them together, and
`verify.py`. They use the standard library, NumPy and the runtime of the format; none imports
another. What a card (`model.json`) says is told in `engine.inference.export.card`.
"""
