"""A composite-indicator engine: from a panel of raw data to scores, ranks and their uncertainty.

An index is a tree (`Tree`) and the steps of the OECD/JRC Handbook on Constructing Composite
Indicators (2008), done in order on a panel of units, or of units in periods::

    from indices.composite import Index

    result = Index.from_definition("index.toml").fit(panel, unit="country", time="year")
    result.table()                                  # ranks and scores, the index down to indicators
    result.with_(aggregate="geometric").compare(result)   # what if
    result.remove_each(level=2).difference          # what each pillar does to the ranks

| module | what is there |
|---|---|
| `index` | `Index` and its `Result`: the steps tied together, what-if, removal, comparison |
| `tree` | `Tree`: nodes, weights, levels; aggregation up the tree, many runs at once |
| `definition` | the TOML format of an index; the only module that reads a file |
| `data` | denominators, availability screening, imputation, with a record of every cell |
| `treat` | skewness and kurtosis, winsorising, log, Box-Cox, with a report by indicator |
| `stats` | descriptive statistics of indicators |
| `normalise` | min-max, z-score, ranks, distances, goalposts; pooled or by period |
| `weigh` | equal, given, effective, principal-component and optimised weights |
| `aggregate` | power means, Mazziotta-Pareto and its adjusted form, Copeland |
| `outrank` | outranking matrix, Copeland, dominance |
| `benefit` | benefit of the doubt, with bounds on the shares |
| `coherence` | correlations and flags, Cronbach's alpha, principal components, collinearity |
| `whatif` | the smallest change of weights that flips an order |
| `factors` | what may be uncertain: weights, methods, inputs, the indicators themselves |
| `uncertainty` | `analyse`: paired Monte Carlo; intervals of scores, ranks and differences |
| `sensitivity` | Sobol designs and first- and total-order shares with intervals |
| `rank` | ranks, and rounding before anything is compared |
| `errors` | `CompositeError`: no honest number can be made, and why |

`from indices.composite import ...` gives all that a user of an index needs, frames in and frames
out: `Index` and `Tree`, `analyse` and its factors, `smallest_flip`, coherence, outranking, benefit
of the doubt. The functions of the steps themselves stay in their modules and work on arrays (...,
units, indicators) or frames. Missing is NaN, infinite values are refused. Bad input is a
`CompositeError` that names the indicator, unit or node, or a missing score that the result lists;
it is never a number. Nothing is random without a seed, and sums that are ranked do not depend on
the processor.

The names below are imported when they are first used, so that a part of the engine loads only what
it needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from indices.composite.benefit import BenefitOfTheDoubt, benefit_of_the_doubt
    from indices.composite.coherence import (
        collinearity,
        correlation_matrix,
        correlations,
        correlations_between,
        cronbach,
        flag_correlations,
        pca_loadings,
        pca_variance,
    )
    from indices.composite.errors import CompositeError
    from indices.composite.factors import (
        Alternatives,
        DirichletWeights,
        InputErrors,
        LogNormal,
        NoisyWeights,
        Normal,
        Removal,
        Uniform,
        WeightSets,
    )
    from indices.composite.index import Index, Removals, Result
    from indices.composite.outrank import copeland, dominance, outranking
    from indices.composite.sensitivity import design, sobol
    from indices.composite.stats import describe
    from indices.composite.treat import Treatment
    from indices.composite.tree import Tree, aggregate_tree, node_scores
    from indices.composite.uncertainty import Contrast, UncertaintyResult, analyse
    from indices.composite.weigh import effective, optimised_weights, pca_weights
    from indices.composite.whatif import Flip, nearest_weights, smallest_flip

__all__ = [
    "Alternatives",
    "BenefitOfTheDoubt",
    "CompositeError",
    "Contrast",
    "DirichletWeights",
    "Flip",
    "Index",
    "InputErrors",
    "LogNormal",
    "NoisyWeights",
    "Normal",
    "Removal",
    "Removals",
    "Result",
    "Treatment",
    "Tree",
    "UncertaintyResult",
    "Uniform",
    "WeightSets",
    "aggregate_tree",
    "analyse",
    "benefit_of_the_doubt",
    "collinearity",
    "copeland",
    "correlation_matrix",
    "correlations",
    "correlations_between",
    "cronbach",
    "describe",
    "design",
    "dominance",
    "effective",
    "flag_correlations",
    "nearest_weights",
    "node_scores",
    "optimised_weights",
    "outranking",
    "pca_loadings",
    "pca_variance",
    "pca_weights",
    "smallest_flip",
    "sobol",
]

_HOME = {
    "CompositeError": "errors",
    "Index": "index",
    "Removals": "index",
    "Result": "index",
    "Treatment": "treat",
    "Tree": "tree",
    "aggregate_tree": "tree",
    "node_scores": "tree",
    "Contrast": "uncertainty",
    "UncertaintyResult": "uncertainty",
    "analyse": "uncertainty",
    "Alternatives": "factors",
    "DirichletWeights": "factors",
    "InputErrors": "factors",
    "LogNormal": "factors",
    "NoisyWeights": "factors",
    "Normal": "factors",
    "Removal": "factors",
    "Uniform": "factors",
    "WeightSets": "factors",
    "Flip": "whatif",
    "nearest_weights": "whatif",
    "smallest_flip": "whatif",
    "design": "sensitivity",
    "sobol": "sensitivity",
    "describe": "stats",
    "collinearity": "coherence",
    "correlation_matrix": "coherence",
    "correlations": "coherence",
    "correlations_between": "coherence",
    "cronbach": "coherence",
    "flag_correlations": "coherence",
    "pca_loadings": "coherence",
    "pca_variance": "coherence",
    "effective": "weigh",
    "optimised_weights": "weigh",
    "pca_weights": "weigh",
    "copeland": "outrank",
    "dominance": "outrank",
    "outranking": "outrank",
    "BenefitOfTheDoubt": "benefit",
    "benefit_of_the_doubt": "benefit",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
