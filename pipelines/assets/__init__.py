"""Thin assets by layer: each names its inputs and delegates to a pure function."""
