"""The scheduled refresh in Dagster: a job and a schedule for each cadence group, and two sensors.

An upstream is an asset. To materialise it is to ask it: the step runs `tick`, whose refresh, build
and release are the same as on the command line, and reports what came of it to the instance: each
upstream that gave what it should, its check, and the tables of a new build. An upstream that fails
is not materialised, so that its freshness says since when it gave nothing good.

Belongs here: only what Dagster must know. Does not belong here: any work.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from pydantic import PrivateAttr

from pipelines.assets.factory import CHECK, TABLES, ParquetTables
from pipelines.live.refresh import Outcome, connected, connector
from pipelines.live.store import RawStore
from pipelines.live.web import address
from pipelines.operation import Group, Operation, operation
from pipelines.retention import tidy_runs
from pipelines.sources.catalogue import sources
from pipelines.tick import Tick, tick
from pipelines.versions import due_again, look, tells_version
from schemas import REGISTRY
from warehouse.publish import exclusive

PREFIX = "upstream"
ANSWERED = "answered"
# Seconds between looks at the records for sources that are to be asked again; costs no network.
LOOK_SECONDS = 30


class GuardedTables(ParquetTables):
    """Tables of a run that somebody starts in Dagster: no other process builds or refreshes then.

    Parameters
    ----------
    link : str
        As `ParquetTables`.
    """

    _held: ExitStack = PrivateAttr(default_factory=ExitStack)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Take the locks; raises if another process has one."""
        self._held.enter_context(exclusive(self.location))
        self._held.enter_context(RawStore(self.location.raw).exclusive())
        super().setup_for_execution(context)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Give them back."""
        super().teardown_after_execution(context)
        self._held.close()


def upstream_key(source: str) -> dg.AssetKey:
    """Key of the asset that an upstream is."""
    return dg.AssetKey([PREFIX, source])


def scheduled(settings: Operation) -> dict[str, Group]:
    """Group of each source that a program may ask.

    Raises
    ------
    ValueError
        If a source is in no group, in two, or is none that may be asked.
    """
    listed = [(s, g) for g in settings.groups for s in g.sources]
    askable = sorted(s for s in connected() if not getattr(connector(s), "BY_HAND", False))
    if sorted(s for s, _ in listed) != askable:
        raise ValueError(
            f"the groups of operation.toml hold {sorted(s for s, _ in listed)}; expected each of "
            f"{askable} in one group"
        )
    return dict(listed)


def _spec(source: str, group: Group) -> dg.AssetSpec:
    known, place = sources()[source], address(source)
    return dg.AssetSpec(
        upstream_key(source),
        description=known.title,
        group_name="upstreams",
        kinds={"http"},
        owners=[],
        tags={"cadence": group.name},
        metadata={
            "producer": known.producer,
            "licence": known.licence,
            "asked at": dg.MetadataValue.url(place.url),
            "by hand": place.page,
            "cadence": group.cron,
            "tells its version": tells_version(source),
        },
        skippable=True,
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=timedelta(days=group.fail_days),
            warn_window=timedelta(days=group.warn_days),
        ),
    )


def upstream_assets(settings: Operation) -> dg.AssetsDefinition:
    """All upstreams, any of which may be asked by itself."""
    groups = scheduled(settings)

    @dg.multi_asset(
        name="refresh",
        specs=[_spec(s, g) for s, g in groups.items()],
        check_specs=[
            dg.AssetCheckSpec(
                ANSWERED,
                asset=upstream_key(s),
                description="The upstream gave figures that pass every check of a refresh.",
            )
            for s in groups
        ],
        can_subset=True,
        retry_policy=dg.RetryPolicy(
            max_retries=settings.patience.tries, delay=settings.patience.pause_seconds
        ),
        required_resource_keys={"settings"},
    )
    def refresh(context: dg.AssetExecutionContext) -> Iterator[object]:
        location = context.resources.settings.location
        chosen = sorted(key.path[-1] for key in context.selected_asset_keys)
        now = datetime.now(UTC)
        done = tick(chosen, location, now, settings)
        for remark in filter(None, [done.unreleased, *done.remarks]):
            context.log.warning(remark)
        if done.outcome == "published":
            for event in _built(done.build, location.builds):
                context.log_event(event)
        for removed in tidy_runs(context.instance, settings.keep, now):
            context.log.info(f"removed the old run {removed}")
        for outcome in done.refreshed.outcomes if done.refreshed else ():
            yield from _found(outcome)
        if done.outcome == "failed":
            raise dg.Failure(done.message, metadata={"summary": dg.MetadataValue.md(_fenced(done))})
        context.log.info(f"{done.outcome}: {done.build} {done.release}".rstrip())

    return refresh


def _fenced(done: Tick) -> str:
    return f"```json\n{done.to_json()}\n```"


def _found(outcome: Outcome) -> Iterator[object]:
    """What Dagster is told of one upstream."""
    check = dg.AssetCheckResult(
        passed=outcome.status in ("new", "unchanged"),
        asset_key=upstream_key(outcome.source),
        check_name=ANSWERED,
        # Nothing new for long is for a person to look at; the figures in use are good.
        severity=dg.AssetCheckSeverity.WARN
        if outcome.status == "stale"
        else dg.AssetCheckSeverity.ERROR,
        description=outcome.message or outcome.status,
        metadata={"status": outcome.status, "in use": outcome.vintage or "bundled figures"},
    )
    if not outcome.is_good:
        yield check
        return
    yield dg.MaterializeResult(
        asset_key=upstream_key(outcome.source),
        metadata={
            "status": outcome.status,
            "vintage": outcome.vintage,
            "obtained": outcome.retrieved_at,
            "rows": sum(outcome.rows.values()),
            "warnings": "\n".join(outcome.warnings),
        },
        data_version=dg.DataVersion(outcome.vintage),
        check_results=[check],
    )


def _built(
    build: str, folder: object
) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
    """The tables of a new build, which passed their checks or it would not be."""
    import duckdb

    path = f"{folder}/{build}"
    with duckdb.connect(path, read_only=True) as con:
        rows = dict(con.execute("SELECT table_name, rows FROM meta_tables").fetchall())
    for name in sorted(n for n in rows if n in REGISTRY and n != "meta_tables"):
        yield dg.AssetMaterialization(name, metadata={"rows": rows[name], "build": build})
        yield dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(name), check_name=CHECK, passed=True, metadata={}
        )
    yield dg.AssetMaterialization("warehouse", metadata={"file": path, "tables": len(rows)})


def _job(group: Group) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        f"refresh_{group.name}",
        selection=dg.AssetSelection.assets(*(upstream_key(s) for s in group.sources)),
        executor_def=dg.in_process_executor,
        description=f"Ask {', '.join(group.sources)}; build and publish if anything is new.",
    )


def _schedule(
    name: str, job: UnresolvedAssetJobDefinition | dg.JobDefinition, cron: str
) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def _versions_job() -> dg.JobDefinition:
    @dg.op(required_resource_keys={"settings"})
    def ask_versions(context: dg.OpExecutionContext) -> None:
        store = RawStore(context.resources.settings.location.raw)
        new, faults = look(store)
        for fault in faults:
            context.log.warning(fault)
        for source, version in sorted(new.items()):
            context.log_event(
                dg.AssetObservation(upstream_key(source), metadata={NEW_VERSION: version})
            )

    @dg.job(
        name="look_at_versions",
        executor_def=dg.in_process_executor,
        description="Ask upstreams that tell their version cheaply; the sensor fetches new ones.",
    )
    def job() -> None:
        ask_versions()

    return job


NEW_VERSION = "new version"


def _changed(jobs: UnresolvedAssetJobDefinition, known: list[str]) -> dg.SensorDefinition:
    @dg.sensor(
        name="changed_versions",
        job=jobs,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Fetches a source whose upstream was seen to have another version.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
        for source in known:
            seen = context.instance.fetch_observations(upstream_key(source), limit=1).records
            if not seen or seen[0].asset_observation is None:
                continue
            version = str(seen[0].asset_observation.metadata[NEW_VERSION].value)
            # Each version once: what does not come with it is asked again by the other sensor.
            yield dg.RunRequest(
                run_key=f"{source} {version}", asset_selection=[upstream_key(source)]
            )

    return sensor


def _again(job: UnresolvedAssetJobDefinition, settings: Operation) -> dg.SensorDefinition:
    @dg.sensor(
        name="failed_sources",
        job=job,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"settings"},
        description="Asks a source again that failed, with growing pauses.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
        store = RawStore(context.resources.settings.location.raw)
        due = due_again(store, datetime.now(UTC), settings.again)
        if due:
            yield dg.RunRequest(
                run_key=", ".join(f"{source} {at}" for source, at in sorted(due.items())),
                asset_selection=[upstream_key(source) for source in sorted(due)],
            )

    return sensor


def served(base: dg.Definitions, settings: Operation | None = None) -> dg.Definitions:
    """Add upstreams, jobs, schedules and sensors to the definitions of a build.

    Parameters
    ----------
    base : Definitions
        As `pipelines.definitions.build_defs` returns them, in live mode.
    settings : Operation, optional
        By default those of `operation.toml`.
    """
    settings = settings or operation()
    jobs = {g.name: _job(g) for g in settings.groups}
    everything = dg.define_asset_job(
        "refresh_any",
        selection=dg.AssetSelection.groups("upstreams"),
        executor_def=dg.in_process_executor,
        description="Ask every upstream, or the chosen ones; build and publish if any is new.",
    )
    versions = _versions_job()
    own = dg.Definitions(
        assets=[upstream_assets(settings)],
        jobs=[*jobs.values(), everything, versions],
        schedules=[
            *(_schedule(f"{g.name}_schedule", jobs[g.name], g.cron) for g in settings.groups),
            _schedule("versions_schedule", versions, settings.versions_cron),
        ],
        sensors=[
            _changed(everything, [s for s in scheduled(settings) if tells_version(s)]),
            _again(everything, settings),
        ],
    )
    assets = [a for a in base.assets or () if isinstance(a, dg.AssetsDefinition)]
    tables = (base.resources or {})[TABLES]
    build = dg.Definitions(
        assets=_after_upstreams(assets),
        resources={**(base.resources or {}), TABLES: GuardedTables(link=tables.link)},
        jobs=[
            dg.define_asset_job(
                "build",
                selection=dg.AssetSelection.all() - dg.AssetSelection.groups("upstreams"),
                executor_def=dg.in_process_executor,
                description="Build and publish the vintages in use, without asking an upstream.",
            )
        ],
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(build, own)


def _after_upstreams(assets: list[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """The same assets, where a source's raw tables come after its upstream."""
    askable = set(connected())

    def after(spec: dg.AssetSpec) -> dg.AssetSpec:
        named = REGISTRY.get(spec.key.path[-1])
        if named is None or named.layer != "raw" or not {*named.sources} <= askable:
            return spec
        deps = [*spec.deps, *(dg.AssetDep(upstream_key(s)) for s in named.sources)]
        return spec.replace_attributes(deps=deps)

    return list(dg.map_asset_specs(after, assets))
