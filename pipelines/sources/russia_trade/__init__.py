"""Russia's goods trade with 20 partners since 2015, compiled by hand from quoted figures.

Traps: several figures of one flow stand side by side and must never be added; each carries a source
and a grade (A official reporter, mirror or BACI, B two-year mean or early 2025 figure, C press, D
derived or partial). Press figures are mostly turnovers, both directions in one. Some cover months
only (JAN-SEP ONLY in the source) or a fiscal year. The 2023 and 2024 values of an IMF mean are one
number written twice. Partner GCC is the six Gulf states together, not a state. Russia stopped
reporting in 2022; its rows after that are presumably the IMF's estimates from partners' imports.
Two conflicts are known: Russia to Saudi Arabia (5.6 bn as the mean of 2023 and 2024, against a
turnover of 1.75 bn in 2022 and 3.6 bn in eleven months of 2025), and Armenia's imports of 2024,
swollen by gold that passed through. Nothing is listed for 2017 to 2022 with several partners.
"""
