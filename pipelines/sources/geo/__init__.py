"""State system membership: Correlates of War (2016) and Gleditsch and Ward (2017).

Traps: numbers come as floats (`2.0`); the list was closed at the end of 2016, so a spell that
lasts to that day goes on; one number can stand for two states in turn (345, 710).
"""
