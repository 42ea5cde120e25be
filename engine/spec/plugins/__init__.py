"""Plug-ins: what other packages add, found by their entry points, loaded once they are found sound.

Nothing of another package is imported here before a check in a process of its own
(`engine.service.plugin_checks`) has found it sound; the verdict is kept in the cache folder until
the package, Descent or Keras is another version. A plug-in that fails is named and left out.

What the authors of plug-ins build on is in `engine.api`.
"""
