"""UNCTAD's investment treaties, January 2020: a zip with one workbook for each economy.

Traps: every treaty stands in the workbooks of both parties (in three if Belgium and Luxembourg
signed together as BLEU), so the files are joined and each treaty kept once, after checking that
they agree. Parties end in ';' and names hold commas, so only ';' separates. Short titles are no
key: the same one serves Belgium's and Luxembourg's treaty. Dates are Excel serial numbers. Fifty
workbooks hold a header and no treaty. The sheet says it lists 'Bilateral Investment Treaties' only;
a treaty with investment provisions among several parties is refused, since it would need another
layout. 'Signed' is not in force. Successors are named for their predecessors (Czechia, Serbia,
Russian Federation), and 'Yugoslavia (former)' is the Federal Republic, in a treaty of 1995. The zip
also holds Stata files and notebooks of whoever collected it, which are no upstream figures.
"""
