-- Goods trade of a pair in a year with what it is of each state's own trade.
-- @a_iso3: One state.
-- @b_iso3: The other.
-- @year: Calendar year.
-- @a_to_b_usd: Best estimate of goods sent from a to b, free on board, US dollars.
-- @b_to_a_usd: Best estimate of goods sent from b to a.
-- @recorded_usd: Both directions as customs show them.
-- @unrecorded_oil_usd: Oil in the best estimate that customs do not show.
-- @share_of_a_pct: The pair's trade as a share of all of a's trade, %, imports with freight as in the totals.
-- @recorded_share_of_a_pct: The same from customs alone.
SELECT
    x.exporter_iso3 AS a_iso3, x.importer_iso3 AS b_iso3, x.year,
    x.value_usd AS a_to_b_usd, y.value_usd AS b_to_a_usd,
    x.recorded_usd + y.recorded_usd AS recorded_usd,
    x.adjustment_usd + y.adjustment_usd AS unrecorded_oil_usd,
    100 * (x.value_usd + 1.06 * y.value_usd) / (t.exports_usd + t.imports_usd) AS share_of_a_pct,
    100 * (x.recorded_usd + 1.06 * y.recorded_usd) / (t.exports_usd + t.imports_usd)
        AS recorded_share_of_a_pct
FROM core_trade__yearly_flows x
JOIN core_trade__yearly_flows y
  ON x.exporter_iso3 = y.importer_iso3 AND x.importer_iso3 = y.exporter_iso3 AND x.year = y.year
JOIN core_trade__yearly_totals t ON t.iso3 = x.exporter_iso3 AND t.year = x.year
