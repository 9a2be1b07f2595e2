"""Quoted estimates of Iranian crude oil sold to China, thousand barrels a day, compiled by hand.

Traps: each row quotes a low and a high figure of different trackers, some derived, some with
refined products in them; the notes say which. Customs show almost none of this oil after 2019, so
it cannot be checked there. 2024 is marked LOW CONFIDENCE: no yearly figure was found. The volumes
are of all Iranian crude that reached China, what customs recorded included.
"""
