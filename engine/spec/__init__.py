"""What a run is asked to do: parameters, signatures and settings, declared once and checked.

What other packages declare is found here, too, and so is how values are written in words, and what
the engine says in other languages.
"""
