"""What `alliance-depth serve` loads: a build in live mode, with upstreams, schedules and sensors.

The variable ALLIANCE_DEPTH_WAREHOUSE names the link that readers open, where it is not the default.
"""

import os

from pipelines.definitions import build_defs
from pipelines.schedules import served
from warehouse.publish import LINK

WAREHOUSE = "ALLIANCE_DEPTH_WAREHOUSE"

defs = served(build_defs(mode="live", link=os.environ.get(WAREHOUSE, str(LINK))))
