"""Tests of the sipri parsers (being written, see /tmp/p4_note_from_helper6.md)."""
