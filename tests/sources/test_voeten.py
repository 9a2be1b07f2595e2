"""Tests of the voeten parsers (being written, see /tmp/p4_note_from_helper6.md)."""
