"""DESTA, Design of Trade Agreements: the list of treaties since 1948.

Traps: the list comes in two forms: `,`-separated UTF-8 with blanks (version 02.03 as published, to
2025), and `;`-separated latin-1 with NA (the bundled vintage, to 2020). Version 02.03 gives nobody
a role in one agreement of a bloc (EC Ghana, 1113). Members stand in the columns c1, c2, ... as ISO
3166-1 numeric codes without leading zeros, and mc1, mc2, ... say in what role; NA or blank is an
unused slot. One agreement fills several rows. What counts as a treaty: 'base_treaty', once it is in
force (`entryforceyear`; NA means it never was, or not known), and nothing else on its own:
'accession' adds members, 'withdrawal' ends some (the row lists those who stay too), 'protocol or
amendment' and 'consolidated' repeat the base treaty with a new text, sometimes with new members and
sometimes under an amendment's number, and 'negotiation' is no treaty. An agreement of a bloc with a
third party (`typememb` 3 and 4) lists the bloc's members, who owe each other nothing under it: EC
Algeria binds Germany to Algeria, not to France. Successors are coded under their own number for
their predecessors (Serbia's 688 for Yugoslavia, Czechia's 203 for Czechoslovakia). The list knows
no end but withdrawal, so replaced agreements stay. Some accessions name a member that has left
(Tanzania in COMESA), a state in both blocs stands twice in a row (Belize), two treaties "entered
into force" before they were signed.
"""
