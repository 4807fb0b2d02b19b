"""The job that this program is a task or a hook of, and what it may spawn."""
import os
from typing import Any, Optional

from . import _directory
from .errors import BalsamError
from .job import Job

#: What a clone does not take over: it is the daemon's, or that job's alone.
NOT_CLONED = ("user_workdir",)


def job_number() -> Optional[int]:
    """BALSAM_JOB_ID, or None outside of a job."""
    text = os.environ.get("BALSAM_JOB_ID", "")
    return int(text) if text.isdigit() else None


def current_job() -> Optional[Job]:
    """The job of the task or hook that this is; None outside of one."""
    number = job_number()
    return None if number is None else Job.objects.get(pk=number)


def clone(job: Job, **fields: Any) -> Job:
    """An unsaved job with the fields of this one, but for those that are given."""
    twin = type(job)()
    twin.site = job.site
    for name in job._settable():
        if name not in NOT_CLONED:
            setattr(twin, name, _copied(getattr(job, name)))
    for name, value in fields.items():
        if name == "parents":
            twin.set_parents(value)
        else:
            setattr(twin, type(job).field_of(name), value)
    return twin


def spawn_child(job: Optional[Job] = None, **fields: Any) -> Job:
    """A job that waits for the current one, and for its parents; it is a clone of it but for the
    fields that are given. Saved at once."""
    parent = job or current_job()
    if parent is None:
        raise BalsamError("there is no current job: BALSAM_JOB_ID is not set", "BAD_REQUEST")
    child = clone(parent, **fields)
    child.set_parents([*parent.get_parents_by_id(), parent.pk])
    child.save()
    return child


def site_directory() -> str:
    return _directory.find(None)[0]


def _copied(value: Any) -> Any:
    import copy

    return copy.deepcopy(value)
