"""SIPRI Arms Transfers Database: trade register by delivery year, and the published TIV tables.

Traps: a preamble of changing length before the header; ISO-8859-1; stray carriage returns and
unquoted line breaks in older exports, a trailing semicolon on every line of re-saved ones; an
order number stands once for each delivery year, and without one while nothing was delivered;
`UAE` and `United Arab Emirates`; the Soviet Union to 1991, Russia from 1992; `*` marks armed
groups, `**` organisations; in TIV tables `0` is below half a million and empty is none. The
service says 'Deliveries in the Year Range' for 'Numbers delivered' since July 2026, and writes the
time of generation into every reply, so no two downloads are the same bytes. Vintages
differ because SIPRI revises past deliveries, so the day of generation is kept with every row.
Terms: non-commercial use with attribution, less than a tenth of the data set.
"""
