"""The step loop: many of Keras's train steps in one call, what feeds them and what speeds them up.

Imported by workers only.
"""
