"""Composite-indicator methods: normalise, weight, aggregate, uncertainty."""
