"""What the engine says, in other languages than English."""
