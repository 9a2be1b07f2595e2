"""The ASEM Sustainable Connectivity index (European Commission JRC) from its raw data.

python docs/examples/asem.py ASEM_iData.csv ASEM_iMeta.csv
"""

import sys

import pandas as pd

from indices.composite import Index, Result, Tree


def asem(data: str, meta: str) -> Result:
    """Denominate, impute, treat, normalise and aggregate 49 indicators of 51 economies."""
    index = Index(
        Tree.from_frame(pd.read_csv(meta)),
        impute={"method": "group_mean", "groups": "EurAsia_group"},
        screen={"minimum": 0.9, "count_imputed": True},
        treat={"max_winsorised": 5, "max_skew": 2, "max_kurtosis": 3.5, "fallback": "log_shift"},
        normalise={"method": "minmax", "lo": 0, "hi": 100},
        aggregate="arithmetic",
    )
    return index.fit(pd.read_csv(data), unit="uCode")


if __name__ == "__main__":
    print(asem(*sys.argv[1:]).table().round(2).to_string())
