"""The library behind *Neural Networks in Function Space*.

``core`` is the ground floor; each part of the book (``splines``, …) is a package of its own on top of it.
"""

from importlib import metadata

try:
    __version__ = metadata.version("lecturelib")
except metadata.PackageNotFoundError:  # run from its sources, without an installation
    __version__ = "0+unknown"
