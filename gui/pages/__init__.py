"""The pages of the workflow; one file each, one line each in `gui.main_window.STEPS`."""
