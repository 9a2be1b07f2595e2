"""Everything that reads or writes the DuckDB file, and the answers drawn from it.

Never imports Dagster: answers must start fast.
"""
