"""From raw tables in each source's spelling to core tables with one identity, unit and key.

Pure functions, frames in and frames out; they apply the maps of names and decide between sources.
Does not belong here: Dagster, files other than the maps, or any index arithmetic.
"""
