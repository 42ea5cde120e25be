"""What the window knows, and what can be done with it: controllers, drafts, settings, messages."""
