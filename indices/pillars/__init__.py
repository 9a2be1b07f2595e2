"""The indicators of the four pillars, one module each."""
