"""Does the index measure what it says? Tests of it against pacts, crises and dated events.

Belongs here: statistics of such tests, arrays and frames in, frames out. Does not belong here: the
index itself, anything tuned on a result, or what is said of the results (`warehouse`).
"""
