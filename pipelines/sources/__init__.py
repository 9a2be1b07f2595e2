"""One folder per upstream: its parser, its map from names to states, its corrections."""
