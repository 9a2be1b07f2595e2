"""What `alliance-depth serve` loads: a build in live mode, with upstreams, schedules and sensors.

Imported by Dagster only. The variable ALLIANCE_DEPTH_WAREHOUSE names the link that readers open,
where it is not the default.
"""

import os

from pipelines.definitions import build_defs
from pipelines.schedules import served
from warehouse.publish import LINK

defs = served(build_defs(mode="live", link=os.environ.get("ALLIANCE_DEPTH_WAREHOUSE", str(LINK))))
