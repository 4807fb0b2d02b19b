"""Balsam 0.3's `balsam.launcher.dag`: the current job, its family, and changes to the graph.

In hooks and tasks it knows the job by BALSAM_JOB_ID; elsewhere `current_job` is None.
"""
import os
from typing import Any, Dict, Iterable, List, Optional, Tuple, Union

from .. import _directory, task
from ..core.models import ApplicationDefinition, BalsamJob, uuid_or_int
from ..errors import BalsamError
from ..job import JobQuerySet, add_edges
from ..query import QuerySet
from ..site import current_site

__all__ = [
    "BalsamJob", "ERROR", "JOB_ID", "LAUNCHER_NODES", "TIMEOUT", "add_app", "add_dependency",
    "add_job", "children", "clone", "current_job", "detect_circular", "get_active_database",
    "get_apps", "get_database_paths", "kill", "parents", "spawn_child", "submit",
    "wf_from_template",
]

JOB_ID: Optional[int] = task.job_number()
TIMEOUT: bool = os.environ.get("BALSAM_JOB_TIMEOUT") == "TRUE"
ERROR: bool = os.environ.get("BALSAM_JOB_ERROR") == "TRUE"
LAUNCHER_NODES: int = int(os.environ.get("BALSAM_LAUNCHER_NODES") or 1)

current_job: Optional[BalsamJob] = None
parents: Optional[JobQuerySet] = None
children: Optional[JobQuerySet] = None

if JOB_ID is not None:
    try:
        current_job = BalsamJob.objects.get(pk=JOB_ID)
    except BalsamError as _error:
        raise RuntimeError(
            f"BALSAM_JOB_ID is {JOB_ID}, but there is no such job here. Was it deleted? "
            "Outside of a job: unset BALSAM_JOB_ID") from _error
    parents = current_job.get_parents()
    children = current_job.get_children()

_JOB_FIELDS = ("name", "workflow", "application", "description", "args", "num_nodes",
               "ranks_per_node", "cpu_affinity", "threads_per_rank", "threads_per_core",
               "environ_vars", "data")


def _checked(fields: Dict[str, Any]) -> Dict[str, Any]:
    """ValueError, as ever, for a field that no job has."""
    found = {}
    for name, value in fields.items():
        name = {"walltime_minutes": "wall_time_minutes"}.get(name, name)
        try:
            found[name if name in ("parents", "state") else BalsamJob.field_of(name)] = value
        except TypeError as error:
            if name in ("queued_launch", "queued_launch_id", "state_history", "lock"):
                continue
            raise ValueError(f"Invalid field name: {name} ({error})") from None
    return found


def add_job(*words: Any, save: bool = True, **fields: Any) -> BalsamJob:
    """A new job; the first fields may come in the order name, workflow, application, description,
    args, num_nodes, ranks_per_node, cpu_affinity, …"""
    if len(words) > len(_JOB_FIELDS):
        raise TypeError(f"add_job takes at most {len(_JOB_FIELDS)} positional arguments")
    values = {**dict(zip(_JOB_FIELDS, words)), **fields}
    job = BalsamJob(**_checked(values))
    if save:
        job.save()
    return job


def add_dependency(parent: Any, child: Any) -> None:
    """`parent` must finish before `child` starts. Jobs, ids, their texts, or sets of one job.
    RuntimeError for a dependency that exists, or that would close a circle."""
    edge = (_one(parent), _one(child))
    try:
        added = add_edges(current_site(), [edge])
    except BalsamError as error:
        if error.code == "DEPENDENCY_CYCLE":
            raise RuntimeError(f"Detected circular dependency; not creating link: {error}") from error
        raise
    if added == 0:
        raise RuntimeError("Dependency already exists; cannot double-create")
    if isinstance(child, BalsamJob):
        child._parents = [*child.get_parents_by_id(), edge[0]]


def _one(job: Any) -> int:
    if isinstance(job, QuerySet):
        found = list(job[:2])
        if len(found) != 1:
            raise RuntimeError(f"a dependency is between two jobs, not {len(found)}")
        job = found[0]
    return uuid_or_int(job)


def detect_circular(job: BalsamJob) -> bool:
    """False: the daemon refuses what would close a circle."""
    return False


def clone(job: BalsamJob, **fields: Any) -> BalsamJob:
    """An unsaved copy, but for the fields that are given."""
    found = task.clone(job, **_checked(fields))
    if "parents" not in fields:
        found.set_parents(job.get_parents_by_id())
    assert isinstance(found, BalsamJob)
    return found


def spawn_child(clone: bool = True, **fields: Any) -> BalsamJob:  # noqa: A002: its name of old
    """A job that waits for the current one: its clone, or with `clone=False` a fresh one."""
    if current_job is None:
        raise RuntimeError("No current BalsamJob detected in environment")
    values = {"workflow": current_job.workflow, **_checked(fields)}
    values.pop("parents", None)
    child = task.clone(current_job, **values) if clone else BalsamJob(**values)
    child.set_parents([*current_job.get_parents_by_id(), current_job.pk])
    child.save()
    assert isinstance(child, BalsamJob)
    return child


def kill(job: Union[BalsamJob, int], recursive: bool = True) -> None:
    """USER_KILLED for the job and, if wanted, for all that wait for it."""
    BalsamJob.objects.filter(pk=uuid_or_int(job)).kill(recursive)
    if isinstance(job, BalsamJob):
        job.state = "USER_KILLED"


def add_app(name: str, executable: str, description: str = "", preprocess: str = "",
            postprocess: str = "", envscript: str = "", **fields: Any) -> ApplicationDefinition:
    """Adds an app, or updates the one of this name."""
    values = {"description": description, "preprocess": preprocess, "postprocess": postprocess,
              "envscript": envscript, **fields}
    app = ApplicationDefinition(name, executable, **values)
    app._is_saved = ApplicationDefinition.objects.filter(name=name).exists()
    app.save()
    return app


def get_apps() -> List[ApplicationDefinition]:
    return list(ApplicationDefinition.objects.all())


def wf_from_template(source_wf: str, new_wf: str, **overrides: Dict[str, Any]) -> JobQuerySet:
    """A copy of a whole workflow with its dependencies; fields by job name replace those copied."""
    source = list(BalsamJob.objects.filter(workflow=source_wf))
    if not source:
        raise ValueError(f"No jobs exist matching workflow {source_wf}; please provide an existing "
                         "name for source_wf")
    if BalsamJob.objects.filter(workflow=new_wf).exists():
        raise ValueError(f"At least one job with workflow {new_wf} already exists; please provide "
                         "a unique name for new_wf")
    copies: Dict[int, BalsamJob] = {}
    names = set()
    for job in source:
        if job.name in names:
            raise ValueError(f"two jobs of {source_wf} are named {job.name}")
        names.add(job.name)
        values = {**overrides.get(job.name, {}), "name": job.name, "workflow": new_wf}
        copies[job.pk or 0] = clone(job, parents=[], **values)
    for job in source:
        # A parent in another workflow stays the parent.
        copies[job.pk or 0]._parents = [copies.get(each, each) for each in job.get_parents_by_id()]
    BalsamJob.objects.bulk_create(copies.values())
    return BalsamJob.objects.filter(workflow=new_wf)


def submit(project: str = "", queue: str = "", nodes: int = 1, wall_minutes: float = 60,
           job_mode: str = "serial", wf_filter: str = "", **_ignored: Any) -> Dict[str, Any]:
    """Asks the scheduler for nodes with launchers on them."""
    return current_site().submit_launch(wall_minutes, nodes, project, queue, job_mode, wf_filter)


def get_database_paths() -> List[str]:
    """The known sites."""
    import json

    said = _directory.run("balsam", "which", "--list", "--json")
    document = json.loads(said)
    found: Iterable[Any] = document.get("items", document.get("sites", []))
    return [each if isinstance(each, str) else str(each.get("path")) for each in found]


def get_active_database() -> str:
    """The site in use."""
    return current_site().path
