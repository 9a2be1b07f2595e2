-- One tie seen from both ends: what it is to the one and what it is to the other.
-- @a_iso3: One state.
-- @b_iso3: The other.
-- @year: Calendar year.
-- @depth_seen_from_a: Depth of the tie as part of a's external weight, points.
-- @depth_seen_from_b: Depth of the same tie as part of b's external weight, points.
-- @mutual_depth: Geometric mean of the two.
-- @perception_gap: First minus second: positive where the tie is more to a than to b.
-- @perception_gap_directional: The same over the indicators that differ by direction.
SELECT
    x.from_iso3 AS a_iso3, x.to_iso3 AS b_iso3, x.year,
    x.depth AS depth_seen_from_a, y.depth AS depth_seen_from_b,
    x.mutual_depth, x.perception_gap, x.perception_gap_directional
FROM out_depth__yearly_dyads x
JOIN out_depth__yearly_dyads y
  ON x.from_iso3 = y.to_iso3 AND x.to_iso3 = y.from_iso3 AND x.year = y.year
