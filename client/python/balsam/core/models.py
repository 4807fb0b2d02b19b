"""Balsam 0.3's `balsam.core.models`: unchanged scripts find their names, spelt as they know them.

A BalsamJob is a Job whose lists are strings again; ids are integers.
"""
import json
import re
import uuid
from datetime import datetime
from typing import Any, ClassVar, Dict, Iterable, List, Optional, Type, Union

from .. import _fields
from ..apps import App, AppManager
from ..errors import BalsamError, MultipleObjectsReturned, ObjectDoesNotExist
from ..job import END_STATES as _END_STATES
from ..job import Job, JobManager, JobQuerySet
from ..query import Q
from ..reports import error_report, process_job_times, throughput_report, utilization_report
from ..reports import time_of as _time_of
from ..site import current_site

__all__ = [
    "ACTIVE_STATES", "ApplicationDefinition", "BalsamJob", "END_STATES", "InvalidStateError",
    "NoApplication", "ObjectDoesNotExist", "PROCESSABLE_STATES", "Q", "QueuedLaunch",
    "RUNNABLE_STATES", "STATES", "TIME_FMT", "error_report", "from_time_string", "get_time_string",
    "history_line", "process_job_times", "safe_select", "throughput_report", "utilization_report",
    "validate_state",
]

TIME_FMT = "%m-%d-%Y %H:%M:%S.%f"
STATES = ["CREATED", "AWAITING_PARENTS", "READY", "STAGED_IN", "PREPROCESSED", "RUNNING",
          "RUN_DONE", "POSTPROCESSED", "JOB_FINISHED", "RUN_TIMEOUT", "RUN_ERROR",
          "RESTART_READY", "FAILED", "USER_KILLED"]
ACTIVE_STATES = ["RUNNING"]
PROCESSABLE_STATES = ["CREATED", "AWAITING_PARENTS", "READY", "STAGED_IN", "RUN_DONE",
                      "POSTPROCESSED", "RUN_TIMEOUT", "RUN_ERROR"]
RUNNABLE_STATES = ["PREPROCESSED", "RESTART_READY"]
END_STATES = list(_END_STATES)


class InvalidStateError(BalsamError):
    """A word that is no state."""


class NoApplication(BalsamError):
    """The app of a job does not exist."""


def validate_state(value: str) -> None:
    if value not in STATES:
        raise InvalidStateError(f"{value} is not a valid state")


def get_time_string() -> str:
    return datetime.utcnow().strftime(TIME_FMT)


def from_time_string(text: str) -> datetime:
    return datetime.strptime(text, TIME_FMT)


def history_line(state: str = "CREATED", message: str = "") -> str:
    return f"\n[{get_time_string()} {state}] ".rjust(46) + message


def safe_select(queryset: JobQuerySet) -> JobQuerySet:
    """There are no row locks to take: the daemon alone writes."""
    return queryset


class _Packed:
    """A list field as the space-separated string of old."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, job: Optional["BalsamJob"], _owner: Any) -> Any:
        return self if job is None else " ".join(job._values.get(self.name) or [])

    def __set__(self, job: "BalsamJob", value: Any) -> None:
        job._values[self.name] = _fields.taken(self.name, value)


class _EnvironVars(dict):  # type: ignore[type-arg]
    """Variables as a map that reads as `A=1:B=2` where a string is wanted."""

    def __str__(self) -> str:
        return ":".join(f"{name}={value}" for name, value in self.items())


class BalsamJob(Job):
    """Balsam 0.3's job. `parents` is JSON text, as scripts parse it."""

    objects: ClassVar[JobManager] = JobManager()
    input_files = _Packed("input_files")
    stage_out_files = _Packed("stage_out_files")

    def __init__(self, **values: Any) -> None:
        self.queued_launch: Any = None
        self.lock = ""
        self._message = ""
        for name in ("queued_launch", "queued_launch_id", "lock", "tick", "state_history", "job_id"):
            values.pop(name, None)
        super().__init__(**values)

    @property
    def environ_vars(self) -> Any:
        return _EnvironVars(self._values.get("environment") or {})

    @environ_vars.setter
    def environ_vars(self, value: Any) -> None:
        self._values["environment"] = _fields.environment_of(value)

    @property
    def parents(self) -> Any:
        return json.dumps([each.pk if isinstance(each, Job) else each for each in self._parents])

    @parents.setter
    def parents(self, value: Any) -> None:
        self.set_parents(value)

    def set_parents(self, parents: Any) -> None:
        if isinstance(parents, str):
            parents = json.loads(parents or "[]")
        if isinstance(parents, (list, tuple, JobQuerySet)):
            parents = [int(each) if isinstance(each, str) else each for each in parents]
        super().set_parents(parents)

    def _settable(self) -> Dict[str, Any]:
        """The fields as they are, not as they are spelt here."""
        return {name: self._values.get(name, _fields.default_of(name))
                for name in (*_fields.REQUEST_FIELDS, *_fields.RESOURCE_FIELDS)}

    @property
    def state_history(self) -> str:
        """The history as text: `[MM-DD-YYYY HH:MM:SS.ffffff STATE] message` lines."""
        if self.id is None:
            return history_line("CREATED", self._message)
        return "".join(
            f"\n[{_time_of(each['at']).strftime(TIME_FMT)} {each['state']}] ".rjust(46) + each["message"]
            for each in self.history)

    @state_history.setter
    def state_history(self, value: str) -> None:
        # History is what happened; a script may only say why it made the job.
        self._message = value.split("] ", 1)[-1]

    def get_recent_state_str(self) -> str:
        return self.state_history.split("\n")[-1].strip()

    def get_state_times(self) -> List[Any]:
        return [(_time_of(each["at"]), each["state"]) for each in self.history]

    @property
    def runtime_seconds(self) -> Optional[float]:
        """From the last RUNNING to RUN_DONE."""
        times = {state: at for at, state in self.get_state_times()}
        if "RUNNING" not in times or "RUN_DONE" not in times:
            return None
        return float((times["RUN_DONE"] - times["RUNNING"]).total_seconds())

    @property
    def app_cmd(self) -> str:
        return " ".join(self.detail()["argv"])

    def to_dict(self) -> Dict[str, Any]:
        return {"job_id": self.id, "state": self.state, "parents": self.parents, **self._settable()}

    def serialize(self) -> str:
        return json.dumps(self.to_dict())

    @classmethod
    def deserialize(cls, text: Union[str, bytes, Dict[str, Any]]) -> "BalsamJob":
        """A job out of `serialize`'s text; it is not saved."""
        values = dict(text) if isinstance(text, dict) else json.loads(text)
        number, state = values.pop("job_id", None), values.pop("state", "CREATED")
        job = cls(**values)
        job.id, job.state = number, state
        return job

    def update_state(self, state: str, message: str = "", **more: Any) -> None:
        validate_state(state)
        if state == "USER_KILLED" and self.id is not None:
            self.kill(recursive=False)
            self.state = state
            return
        # Scripts of 0.3 set what they like; only a killed job stays killed.
        super().update_state(state, message, **{"force": True, **more})

    @staticmethod
    def batch_update_state(pk_list: Any, state: str, message: str = "", release: bool = False) -> int:
        """The state of many jobs; those that users killed stay killed."""
        validate_state(state)
        jobs = pk_list if isinstance(pk_list, JobQuerySet) else BalsamJob.objects.filter(
            pk__in=[each.pk if isinstance(each, Job) else int(each) for each in pk_list])
        return jobs.exclude(state="USER_KILLED").update_state(state, message, force=True)


class JobSource(JobManager):
    """`BalsamJob.source`. Locks are the daemon's leases now: jobs are never taken by a script, so
    what acquires and releases has nothing left to do."""

    def __init__(self, site: Any = None, model: Optional[Type[Job]] = None,
                 workflow: Optional[str] = None) -> None:
        super().__init__(site, model or BalsamJob)
        self.workflow = workflow
        self.lock_str = ""

    def get_queryset(self) -> JobQuerySet:
        jobs = super().get_queryset()
        return jobs.filter(workflow__contains=self.workflow) if self.workflow else jobs

    def by_states(self, states: Union[str, Iterable[str]]) -> JobQuerySet:
        wanted = [states] if isinstance(states, str) else list(states)
        return self.get_queryset().filter(state__in=wanted)

    def get_runnable(self, *, max_nodes: int, remaining_minutes: Optional[float] = None,
                     mpi_only: bool = False, serial_only: bool = False,
                     order_by: Any = None) -> JobQuerySet:
        if mpi_only and serial_only:
            raise ValueError("arguments mpi_only and serial_only are mutually exclusive")
        if max_nodes < 1:
            raise ValueError("Must be positive number of nodes")
        jobs = self.by_states(RUNNABLE_STATES).filter(num_nodes__lte=max_nodes)
        if remaining_minutes is not None:
            jobs = jobs.filter(wall_time_minutes__lte=remaining_minutes)
        if serial_only:
            jobs = jobs.filter(num_nodes=1, ranks_per_node=1)
        if mpi_only:
            jobs = jobs.filter(Q(num_nodes__gt=1) | Q(ranks_per_node__gt=1))
        if order_by is not None:
            jobs = jobs.order_by(*([order_by] if isinstance(order_by, str) else order_by))
        return jobs

    def acquire(self, pk_list: Any) -> List[int]:
        return [each.pk if isinstance(each, Job) else int(each) for each in pk_list]

    def release(self, pk_list: Any) -> None:
        """Nothing is held."""

    def release_all_owned(self) -> None:
        """Nothing is held."""

    def clear_stale_locks(self) -> None:
        """There are none: a lease ends with the launcher that has it."""

    def start_tick(self) -> None:
        """Launchers' heartbeats are their own."""


BalsamJob.source = JobSource()  # type: ignore[attr-defined]


class ApplicationDefinition(App):
    """Balsam 0.3's app."""

    objects: ClassVar[AppManager] = AppManager()

    def __init__(self, name: str = "", executable: str = "", **values: Any) -> None:
        for old, new in (("preprocess_script", "preprocess"), ("postprocess_script", "postprocess")):
            if old in values:
                values[new] = values.pop(old)
        values.pop("id", None)
        super().__init__(name, executable, **{key: each or "" if key != "environment" else each
                                              for key, each in values.items()})


class _Launches:
    """`QueuedLaunch.objects`: the site's allocations."""

    def all(self) -> List["QueuedLaunch"]:
        return [QueuedLaunch(each) for each in current_site().allocations()]

    def count(self) -> int:
        return len(self.all())

    def filter(self, **wanted: Any) -> List["QueuedLaunch"]:
        return [each for each in self.all()
                if all(getattr(each, name) == value for name, value in wanted.items())]

    def get(self, **wanted: Any) -> "QueuedLaunch":
        found = self.filter(**wanted)
        if len(found) != 1:
            raise (MultipleObjectsReturned if found else ObjectDoesNotExist)(f"QueuedLaunch {wanted}")
        return found[0]


class QueuedLaunch:
    """A batch job of the site, in 0.3's words."""

    objects: ClassVar[_Launches] = _Launches()

    def __init__(self, item: Dict[str, Any]) -> None:
        self.pk = self.id = item["id"]
        self.scheduler_id = item["scheduler_id"]
        self.project, self.queue, self.nodes = item["project"], item["queue"], item["nodes"]
        self.wall_minutes = item["wall_time_minutes"]
        self.job_mode, self.wf_filter = item["job_mode"], item["wf_filter"]
        self.state = item["state"]
        self.from_balsam = not item["is_foreign"]

    @classmethod
    def refresh_from_scheduler(cls) -> None:
        """The daemon does so by itself."""

    def __repr__(self) -> str:
        return f"<QueuedLaunch {self.id} {self.state}>"


def uuid_or_int(value: Any) -> int:
    """An id as scripts hold it: an integer, its text, or a job."""
    if isinstance(value, uuid.UUID):
        raise TypeError("ids are integers: a UUID is of another Balsam")
    if isinstance(value, Job):
        return int(value.pk or 0)
    return int(re.sub(r"^\[.*\| (\d+)\]$", r"\1", str(value)))
