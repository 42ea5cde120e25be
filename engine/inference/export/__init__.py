"""A model in the formats of other programs, and the proof that it is the same model."""
