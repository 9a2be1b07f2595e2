"""State system membership: Correlates of War (2016) and Gleditsch and Ward (2017).

Traps: numbers come as whole numbers from the producer and as floats (`2.0`) from those who saved
the list again; the producer's last line is not ended; the list was closed at the end of 2016, so a
spell that lasts to that day goes on; one number can stand for two states in turn (345, 710).
"""
