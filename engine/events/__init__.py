"""What processes say to each other: commands, events and what they carry."""
