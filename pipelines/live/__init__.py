"""Live mode: fetching the upstreams, keeping their bytes, checking them, and reading them again.

Belongs here: what holds for every upstream (the web, the raw store, the checks at download, the
order of a refresh). Does not belong here: what one upstream is like, which is in its folder under
`pipelines/sources/<source>`: `fetch.py` (what to ask for) and `parse.py` (what the bytes say).
"""
