-- Commitments in words: who owes whom what under which instrument, names beside the codes.
-- @from_iso3: State that owes.
-- @from_name: Its name.
-- @to_iso3: State it is owed to.
-- @to_name: Its name.
-- @instrument: Treaty, agreement or declaration.
-- @kind: Rung of the ladder.
-- @start_date: First day in force.
-- @end_date: Last day in force; null while it goes on.
-- @has_defense: Whether it is an undertaking to defend.
-- @confidence: How well the source supports the row.
-- @source_url: Address of the source.
SELECT
    c.from_iso3, f.name AS from_name, c.to_iso3, t.name AS to_name, c.instrument, c.kind,
    c.start_date, c.end_date, c.has_defense, c.confidence, c.source_url
FROM core_treaties__commitments c
JOIN core_geo__states f ON f.iso3 = c.from_iso3
JOIN core_geo__states t ON t.iso3 = c.to_iso3
