-- Which signs of the gap hang on a choice: for every gap the variants in which its sign turns, and
-- those in which it cannot be made.
-- @question: Question of definition.toml, for instance iran_gulf.
-- @principal_iso3: The great power at the other end of the ties.
-- @view: principal, partner or mutual.
-- @measure: depth, costly or declared.
-- @year: Calendar year.
-- @gap: The published gap: bloc minus focal state, points.
-- @n_variants: Variants in which the gap can be made.
-- @n_flipped: Variants in which its sign is the other.
-- @flipped: Their names.
-- @undecided: Names of the variants in which the gap is zero.
-- @not_made: Names of the variants in which it cannot be made.
-- @holds: Whether the gap has the published sign in every variant in which it can be made.
SELECT
    question, principal_iso3, view, measure, year,
    any_value(out_robustness__yearly_gap.gap) AS gap,
    count(variant_gap) AS n_variants,
    count(*) FILTER (is_sign_flipped) AS n_flipped,
    coalesce(string_agg(variant, ', ' ORDER BY variant) FILTER (is_sign_flipped), '') AS flipped,
    coalesce(string_agg(variant, ', ' ORDER BY variant)
        FILTER (variant_gap = 0), '') AS undecided,
    coalesce(string_agg(variant, ', ' ORDER BY variant)
        FILTER (variant_gap IS NULL), '') AS not_made,
    n_flipped = 0 AND undecided = '' AS holds
FROM out_robustness__yearly_gap
GROUP BY ALL
ORDER BY ALL
