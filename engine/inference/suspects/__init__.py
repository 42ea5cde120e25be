"""Labels that look wrong: how far what was said of each example out of sample speaks against it."""
