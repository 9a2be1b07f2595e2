"""The mathematics: arrays and frames in, arrays and frames out.

No file (but the definition of the index itself), no network, no database, no Dagster.
"""
