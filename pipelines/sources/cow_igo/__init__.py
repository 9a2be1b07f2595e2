"""Correlates of War IGO data 3.0: who belonged to which of 534 organisations, 1816 to 2014.

Traps: the file is wide, a column an organisation. 1 is full, 2 associate and 3 observer
membership, 0 none; -1 says that the organisation did not exist (or, in 13 odd cells, not for that
state: WHO and Tuvalu 2006 to 2008), -9 that nothing is known. Nearly all of the 138,874 cells with
-9 blank an organisation-year for every state at once (910 of 926), so gaps are kept as spells of
years, and 0 and -1, which both mean that there is no tie, as absent rows. Observers of the Shanghai
Cooperation Organisation (India, Iran, Pakistan, Mongolia before they joined) are coded 0 although
other observers are coded 3. The data end in 2014. Codes are those of `pipelines/sources/geo`.
"""
