"""Data in the box: classic tables, what is made on the spot, and Keras's own data sets."""
