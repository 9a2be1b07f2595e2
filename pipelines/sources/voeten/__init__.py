"""Erik Voeten's United Nations General Assembly voting data (Harvard Dataverse, CC0).

Traps: the file of 2016 keeps absences (8) and states that were no members (9), the one of June
2024 drops them; in the latter `year` is wrong for session 78, dates are often wrong and in
American order, and a few (roll call, state) pairs stand twice; both Yemens share one
abbreviation and some abbreviations are blank, so that only the number identifies a state.
"""
