"""What a run is asked to do: parameters, signatures and settings, declared once and checked."""
