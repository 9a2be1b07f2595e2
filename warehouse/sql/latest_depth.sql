-- Depth of every directed pair in the last year that has full depths, names beside the codes.
-- @from_iso3: State whose view is taken.
-- @from_name: Its name.
-- @to_iso3: Partner, the state the tie leads to.
-- @to_name: Its name.
-- @year: Calendar year.
-- @depth: Alliance depth, 0 to 100.
-- @depth_lo90: Lower end of the 90 % interval.
-- @depth_hi90: Upper end of the 90 % interval.
-- @costly_depth: The index over what a state pays for.
-- @declared_depth: The index over what a state says.
-- @mutual_depth: Geometric mean from both ends.
-- @perception_gap: Depth minus depth seen from the other end.
-- @rank_from: Rank of the partner among all partners of the state, 1 the deepest.
SELECT
    d.from_iso3, f.name AS from_name, d.to_iso3, t.name AS to_name, d.year,
    d.depth, d.depth_lo90, d.depth_hi90, d.costly_depth, d.declared_depth, d.mutual_depth,
    d.perception_gap,
    rank() OVER (PARTITION BY d.from_iso3 ORDER BY d.depth DESC) AS rank_from
FROM out_depth__yearly_dyads d
JOIN core_geo__states f ON f.iso3 = d.from_iso3
JOIN core_geo__states t ON t.iso3 = d.to_iso3
WHERE d.depth_status = 'full'
  AND d.year = (SELECT max(year) FROM out_depth__yearly_dyads WHERE depth_status = 'full')
