-- The four pillars of every directed pair and year side by side, with depth.
-- @from_iso3: State whose view is taken.
-- @to_iso3: Partner, the state the tie leads to.
-- @year: Calendar year.
-- @trade: Score of the trade pillar, points.
-- @arms: Score of the arms pillar, points.
-- @treaties: Score of the treaties pillar, points.
-- @voting: Score of the voting pillar, points.
-- @depth: Alliance depth, points.
-- @depth_status: full with all four pillars, partial with three.
SELECT
    from_iso3, to_iso3, year, p.trade, p.arms, p.treaties, p.voting, d.depth, d.depth_status
FROM (
    SELECT
        from_iso3, to_iso3, year,
        max(score) FILTER (pillar = 'trade') AS trade,
        max(score) FILTER (pillar = 'arms') AS arms,
        max(score) FILTER (pillar = 'treaties') AS treaties,
        max(score) FILTER (pillar = 'voting') AS voting
    FROM out_pillars__yearly_dyads
    GROUP BY ALL
) p
JOIN out_depth__yearly_dyads d USING (from_iso3, to_iso3, year)
