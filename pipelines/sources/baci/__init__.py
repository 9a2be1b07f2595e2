"""CEPII's BACI: goods trade of all countries by product (HS 1992, six digits), 1995 on.

One figure for each flow, reconciled from what both ends report to UN Comtrade, free on board.

Traps: values are in thousand dollars, quantities in tons. There are no zeros: flows of at most
1,000 dollars are left out, and nothing says whether an absent flow was zero or not reported, so
absence is missing. Countries are numbers, and a state may have two: 276 and 280 are Germany, 56 and
58 Belgium (58 with Luxembourg, to 1998), 729 and 736 Sudan, 710 and 711 South Africa (711 with its
customs union, to 1999): a table of letters as keys loses one of each. CEPII's own numbers are 842
the United States (with Puerto Rico), 699 India, 757 Switzerland (with Liechtenstein), 251 France
(with Monaco), 381 Italy, 579 Norway, and 490 Other Asia, which is Taiwan though the list of codes
gives it no letters (S19 in later versions). The list of V202201 is in a Mac's encoding and misses
Namibia's two letters (NA). Product codes are text (leading zeros, and 9999AA). A version's years
belong together and are never mixed with another's. Files reach eleven million rows.
"""
