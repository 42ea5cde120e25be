"""The window itself: the frame around the pages."""
