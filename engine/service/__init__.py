"""The engine as a service: worker processes, what they are asked, and the session that asks."""
