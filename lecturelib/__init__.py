"""The library behind *Neural Networks in Function Space*.

``core`` is the ground floor; each part of the book (``splines``, …) is a package of its own on top of it.
"""
