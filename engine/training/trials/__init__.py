"""Short trainings of a scratch model: what a run would take, and which learning rate suits it.

Imported by workers only.
"""
