"""A site: the jobs, apps and launchers of one daemon."""
import os
import threading
from typing import Any, Dict, Iterator, List, Optional, Sequence

from . import _directory, _fields
from ._session import Session
from .apps import App, AppManager
from .errors import BalsamError
from .job import Job, JobManager

_current: Dict[str, Any] = {"site": None, "for": None}
_lock = threading.Lock()


class Site:
    """The site in this directory; without one, that of the environment, of a directory at or above
    the working one, or the default. The daemon is started with the first call when none runs."""

    def __init__(self, path: Optional[str] = None) -> None:
        self.path, why = _directory.find(path)
        if why == "default" and not _directory.is_site(self.path):
            _directory.run("balsam", "init", self.path)
        self.session = Session(self.path)

    @classmethod
    def create(cls, path: str) -> "Site":
        """Makes a site in a new or empty directory."""
        _directory.run("balsam", "init", os.path.abspath(os.path.expanduser(path)))
        return cls(path)

    def use(self) -> "Site":
        """Makes this the site of `Job.objects`, `App.objects` and everything else."""
        with _lock:
            _current.update(site=self, **{"for": _asked_for()})
        return self

    @property
    def jobs(self) -> JobManager:
        return JobManager(self, Job)

    @property
    def apps(self) -> AppManager:
        return AppManager(self, App)

    # -- submissions

    def submit_jobs(self, jobs: Sequence[Job], key: Optional[str] = None) -> List[Job]:
        """Submits all or none; ids are filled in. Parents may be among the jobs themselves."""
        found = list(jobs)
        own = {id(job): f"j{at}" for at, job in enumerate(found) if job.id is None}
        is_named = any(isinstance(each, Job) and id(each) in own
                       for job in found for each in job._parents)

        def parent(each: Any) -> Any:
            if isinstance(each, Job):
                if id(each) in own:
                    return own[id(each)]
                if each.id is None:
                    raise BalsamError(f"the parent {each.name!r} is neither saved nor among these jobs")
                return each.id
            return each

        def lines() -> Iterator[str]:
            import json

            for job in found:
                request = _fields.request_of(job._values, map(parent, job._parents))
                if is_named:
                    request["key"] = own[id(job)]
                yield json.dumps(request, separators=(",", ":"))

        if any(job.id is not None for job in found):
            raise BalsamError("a job that has an id was submitted already: change it by save()")
        # A list can be sent twice; a long stream costs no memory, and is not.
        receipt = self.session.submit(list(lines()) if len(found) <= 20_000 else lines(), key)
        ids = (number for first, last in receipt["ranges"] for number in range(first, last + 1))
        for job, number in zip(found, ids):
            job.id = number
            job.site = self
            job._parents = [_number(each) for each in job._parents]
            job._saved = {name: _copied(value) for name, value in job._values.items()}
        return found

    def submit(self, requests: Iterator[Dict[str, Any]], key: Optional[str] = None) -> List[range]:
        """Streams requests in the words of protocol/job.ts; the ids, in ranges."""
        import json

        receipt = self.session.submit((json.dumps(each) for each in requests), key)
        return [range(first, last + 1) for first, last in receipt["ranges"]]

    # -- the rest of the daemon

    def status(self) -> Dict[str, Any]:
        found: Dict[str, Any] = self.session.get("/v1/status")
        return found

    def launchers(self) -> List[Dict[str, Any]]:
        return list(self.session.get("/v1/launchers")["items"])

    def allocations(self) -> List[Dict[str, Any]]:
        return list(self.session.get("/v1/allocations")["items"])

    def submit_launch(self, wall_time_minutes: float = 60, nodes: int = 1, project: str = "",
                      queue: str = "", job_mode: str = "serial", wf_filter: str = "",
                      cpus_per_node: Optional[int] = None, idle_exit_s: Optional[float] = None,
                      ) -> Dict[str, Any]:
        """Asks the site's scheduler for nodes with launchers on them."""
        environment = {name: value for name, value in os.environ.items()
                       if name and not name.startswith("BALSAM_")}
        found: Dict[str, Any] = self.session.post("/v1/allocations", {
            "project": project, "queue": queue, "nodes": nodes,
            "wallTimeMinutes": wall_time_minutes, "jobMode": job_mode, "wfFilter": wf_filter,
            "cpusPerNode": cpus_per_node,
            "idleExitMs": None if idle_exit_s is None else int(idle_exit_s * 1000),
            "environment": environment})
        return found

    def cancel_allocation(self, number: int) -> Dict[str, Any]:
        found: Dict[str, Any] = self.session.post(f"/v1/allocations/{number}/cancel", {}, True)
        return found

    def events(self) -> Iterator[Dict[str, Any]]:
        """What happens from now on: {first, last, workflow, from, to} for ranges of jobs."""
        return self.session.stream("GET", "/v1/events")

    def stop(self, mode: str = "stop") -> None:
        self.session.post("/v1/stop", {"mode": mode})

    def __repr__(self) -> str:
        return f"<Site {self.path}>"

    def _repr_html_(self) -> str:
        from .progress import html_table

        status = self.status()
        rows = [[state, count] for state, count in status["jobs"].items()]
        return f"<b>{self.path}</b>" + html_table(["state", "jobs"], rows)


def current_site() -> Site:
    """The site that `Job.objects` talks to: the one chosen by `use()`, else as `Site()` finds it."""
    with _lock:
        if _current["site"] is None or _current["for"] != _asked_for():
            _current.update(site=Site(), **{"for": _asked_for()})
        found: Site = _current["site"]
        return found


def _asked_for() -> Any:
    return os.environ.get("BALSAM_SITE"), os.environ.get("BALSAM_DB_PATH")


def _number(parent: Any) -> Any:
    return parent.id if isinstance(parent, Job) else parent


def _copied(value: Any) -> Any:
    import copy

    return copy.deepcopy(value)
