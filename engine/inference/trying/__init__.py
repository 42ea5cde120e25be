"""What somebody tries: inputs of their own, as the model takes them, and what it says of them."""
