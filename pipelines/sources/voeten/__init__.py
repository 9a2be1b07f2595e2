"""Erik Voeten's United Nations General Assembly voting data (Harvard Dataverse, CC0).

Traps: the file of 2016 keeps absences (8) and states that were no members (9), the one of June
2024 drops them; in the latter `year` is 2022 for session 78, dates are often wrong (2016: in
American order), and three (roll call, state) pairs of session 78 stand twice, with the same vote;
both Yemens share one abbreviation and some abbreviations are blank, so that only the number
identifies a state. A blank agreement is a state the other never voted with. Since July 2025 ideal
points are by calendar year and without the agreement; the file of 2026 is of votes on final
passage only, another series than that of all votes (they correlate at 0.98), and the votes
themselves have left the data set.
"""
