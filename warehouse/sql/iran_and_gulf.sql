-- The project's question in plain names: Iran's tie with a principal against the mean of the six
-- Gulf states' ties, by view, measure and year.
-- @principal_iso3: China (CHN), Russia (RUS) or the United States (USA).
-- @view: principal: seen from the principal. partner: seen from Iran and the Gulf. mutual: both.
-- @measure: depth (the whole index), costly (what is paid for), declared (what is said).
-- @year: Calendar year.
-- @iran_depth: Depth of Iran's tie, points.
-- @gulf_depth: Mean depth of the Gulf states' ties, points.
-- @gap: Gulf minus Iran: positive where the Gulf's ties are deeper, points.
-- @gap_lo90: Lower end of the gap's 90 % interval.
-- @gap_hi90: Upper end of the gap's 90 % interval.
-- @p_gulf_deeper: Share of draws in which the Gulf's ties are deeper.
-- @gap_trade_weighted: The gap with the Gulf as a mean weighted by total trade.
-- @gap_pooled: The gap with the Gulf as one unit.
-- @gap_best: The gap with the deepest of the six ties.
-- @best_iso3: The Gulf state with the deepest tie.
-- @gulf_n: Gulf states with a full depth in the year.
-- @has_sign_conflict: Whether the four gaps differ in sign.
SELECT
    principal_iso3, view, measure, year,
    focal_depth AS iran_depth,
    bloc_depth AS gulf_depth,
    gap, gap_lo90, gap_hi90,
    p_bloc_deeper AS p_gulf_deeper,
    gap_trade_weighted, gap_pooled, gap_best, best_iso3,
    bloc_n AS gulf_n,
    has_sign_conflict
FROM out_gap__yearly
WHERE question = 'iran_gulf'
