"""The app of Celery's workers: ``celery -A pipelines.workers worker``.

Its broker is the one that builds send their steps to, by the same variable: a worker that was told
of another would wait there for ever, and so would the build.
"""

import os

from dagster_celery.executor import CeleryExecutor
from dagster_celery.make_app import make_app
from dagster_celery.tasks import create_task

from pipelines.engines import BROKER

# A step whose worker is lost goes to another after so many seconds; longer than any step takes.
LOST_SECONDS = 1800

_address = os.environ[BROKER]
_told = {
    # Given back when it is done, not when it is taken: or a lost worker's step would be lost too.
    "task_acks_late": True,
    "broker_transport_options": {"visibility_timeout": LOST_SECONDS},
}
app = make_app(
    CeleryExecutor.for_cli(broker=_address, backend=_address, config_source=_told).app_args()
)
execute_plan = create_task(app)
