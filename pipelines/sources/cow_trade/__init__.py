"""Correlates of War trade data 4.0: goods trade between states, 1870 to 2014, in USD million.

Traps: flow1 is what ccode1 imports from ccode2, so it is the second state's export. Missing is -9
in the upstream CSV and NA in the bundled Parquet file; 0 is a real zero, or less than half a
million where the file is rounded. The Parquet file holds each pair in both orders, which says
everything twice; the CSV holds it once. smoothflow1 and smoothflow2 are the upstream's own
imputation over spikes and dips and are not read: in 1980 they turn the United States' exports to
Iran under embargo (23 million) into 692 million. Codes are those of `pipelines/sources/geo`.
"""
