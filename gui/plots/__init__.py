"""Plots of the window: one file per plot, each a widget that dresses itself in the theme."""
