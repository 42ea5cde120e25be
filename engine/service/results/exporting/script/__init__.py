"""A run as one file of Python, or a notebook, that others read, run, and get the same from.

Each module writes a section of it. What a section says is compared with what Descent has read,
divided, prepared and built, bit by bit, before anything is handed over; where plain code does not
give the same, a file with the values lies beside the script, and the script says so.
"""
