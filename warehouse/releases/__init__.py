"""Releases: versions of the warehouse that a reader can download, cite, verify and compare.

`layout` says what a release directory is, `export` and `documents` make what is in it, `write`
puts it together, `verify` checks one, `diff` compares two, and `copy` publishes one elsewhere.
Nothing here changes a warehouse.
"""
