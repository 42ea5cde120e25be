"""What is seen of the inside of a network while it learns."""
