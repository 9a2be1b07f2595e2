"""IMF International Merchandise Trade Statistics (IMTS): goods trade by reporter and partner.

Traps: counterparts mix countries with overlapping groups (G001 the world, G and GX the rest), so a
sum over all counts China's exports four times; the TX codes are no groups but trade the reporter
did not allocate (TX899 and TX898 hold most of China's re-imports from itself, up to 9 % of its
imports) and do belong in a sum: countries and TX add up to G001. The portal's files are in
millions, the service's replies in dollars, although each says SCALE="6": that is how the portal
shows them. A blank is nothing recorded, not zero. A wrong code returns an answer without rows.
Figures of states that do not report are the IMF's estimates from their partners' (CIF / 1.06), and
exporters' figures often miss oil. KOS is Kosovo, WBG the Palestinian territories; YUG and SCG after
2000 are both Serbia and Montenegro, YUG to 1991 the Socialist Federal Republic; TX126 is Belgium
with Luxembourg, to 1996 one reporter.
"""
