"""The pages of the workflow; one file each, one line each in `gui.window.main_window.STEPS`."""
