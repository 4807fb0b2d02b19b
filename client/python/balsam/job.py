"""Jobs as objects, and sets of them that the daemon narrows, counts and changes."""
import copy
import json
import os
import time
from typing import Any, ClassVar, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Type, Union
from urllib.parse import quote

from . import _fields
from .errors import BalsamError, MultipleObjectsReturned, ObjectDoesNotExist
from .query import QuerySet, Where

#: States that a job does not leave by itself.
END_STATES = ("JOB_FINISHED", "FAILED", "USER_KILLED")
_ROWS = ("id", "name", "workflow", "application", "state", "attempts", "started_at", "ended_at",
         "return_code", "signal")


class JobQuerySet(QuerySet["Job"]):
    """Jobs that match. `for job in Job.objects.filter(state="FAILED"): …`"""

    def __init__(self, model: Type["Job"], site: Any = None) -> None:
        super().__init__(model)
        self._site = site

    @property
    def site(self) -> Any:
        from .site import current_site

        return self._site if self._site is not None else current_site()

    def job_filter(self) -> Dict[str, Any]:
        """The daemon's filter. A slice is its ids."""
        if self._is_none:
            return {"ids": []}
        if self._low > 0 or self._high is not None:
            return {"ids": [each.pk for each in self._objects()]}
        return {"where": self._condition()} if self._where else {}

    def _objects(self) -> List["Job"]:
        twin = self._clone()
        twin._shape, twin._columns = "objects", None
        return list(twin)

    def _request(self, **more: Any) -> Dict[str, Any]:
        filters: Dict[str, Any] = {"where": self._condition()} if self._where else {}
        request: Dict[str, Any] = {"filter": filters, **more}
        if self._order:
            request["order"] = self._order
        return request

    def _wanted(self) -> Tuple[str, ...]:
        """Columns to ask for: all of them for whole objects."""
        if self._shape == "objects" or self._columns is None:
            return _fields.OBJECT_COLUMNS
        wanted = []
        for name in self._columns:
            column = self.model.column_of(name)
            if column in _fields.REQUEST_ONLY:
                wanted.append("request")
            elif column.split(".")[0] not in _ROWS:
                wanted.append(column)
        return tuple(dict.fromkeys(wanted))

    def _fetch(self, chunk_size: int) -> Iterator["Job"]:
        left = None if self._high is None else self._high - self._low
        at, after = self._low, 0
        while left is None or left > 0:
            limit = chunk_size if left is None else min(left, chunk_size)
            request = self._request(fields=list(self._wanted()), limit=min(limit, 2_500))
            # By number pages follow each other whatever happens meanwhile; any other way by offset.
            if self._order or self._low > 0:
                request["offset"] = at
            else:
                request["after"] = after
            page = self.site.session.call("POST", "/v1/query", request, is_repeatable=True)
            for item in page["items"]:
                yield self.model.from_item(item, self.site)
            got = len(page["items"])
            if left is not None:
                left -= got
            at += got
            if page.get("next") is None and (not self._order or got < limit):
                return
            if got == 0:
                return
            after = page["items"][-1]["id"]

    def _count(self) -> int:
        request = self._request(limit=1, fields=[])
        request.pop("order", None)
        return int(self.site.session.call("POST", "/v1/query", request, is_repeatable=True)["total"])

    # -- making and changing

    def create(self, **values: Any) -> "Job":
        job = self.model(**values)
        job.site = self._site
        job.save()
        return job

    def get_or_create(self, defaults: Optional[Dict[str, Any]] = None, **lookups: Any) -> Tuple["Job", bool]:
        found = self.filter(**lookups).first()
        if found is not None:
            return found, False
        return self.create(**{**lookups, **(defaults or {})}), True

    def bulk_create(self, jobs: Iterable["Job"], batch_size: Optional[int] = None,
                    key: Optional[str] = None) -> List["Job"]:
        """Submits all or none, in one stream, and fills in the ids. Parents may be jobs of the
        same list. With a `key` of your own, a repeat makes nothing twice."""
        return self.site.submit_jobs(list(jobs), key)

    def bulk_update(self, jobs: Iterable["Job"], fields: Sequence[str]) -> int:
        count = 0
        for job in jobs:
            job.save(update_fields=fields)
            count += 1
        return count

    def update(self, **values: Any) -> int:
        """Changes all jobs of the set; returns how many. `data` and `tags` replace what was."""
        known = {self.model.field_of(name): value for name, value in values.items()}
        taken = {name: _fields.taken(name, value) for name, value in known.items()}
        body = {"filter": self.job_filter(), "changes": _fields.changes_of(taken, taken)}
        if "data" in taken or "tags" in taken:
            body["isReplacing"] = True
        return self._modify(body)

    def update_state(self, state: str, message: str = "", force: bool = False) -> int:
        """Forces a state upon all of them; never out of USER_KILLED."""
        body: Dict[str, Any] = {"filter": self.job_filter(), "changes": {"state": state}}
        if message:
            body["message"] = message
        if force:
            body["isForced"] = True
        return self._modify(body)

    def _modify(self, body: Dict[str, Any]) -> int:
        return self._change("/v1/modify", body, "modified")

    def _change(self, path: str, body: Dict[str, Any], word: str, is_repeatable: bool = False) -> int:
        """How many jobs were changed; a set that is empty by now is no error."""
        self._seen = None
        try:
            return int(self.site.session.post(path, body, is_repeatable)[word])
        except BalsamError as error:
            if error.code == "NOTHING_MATCHED":
                return 0
            raise

    def delete(self) -> Tuple[int, Dict[str, int]]:
        """Removes the jobs (their directories stay); running ones are refused."""
        body = {"filter": self.job_filter(), "isDryRun": False}
        removed = self._change("/v1/remove", body, "removed")
        return removed, {self.model.__name__: removed}

    def retry(self, memory_factor: Optional[float] = None, time_factor: Optional[float] = None) -> int:
        """Runs failed and killed jobs of the set again; returns how many."""
        body: Dict[str, Any] = {"filter": self.job_filter()}
        if memory_factor is not None:
            body["memoryFactor"] = memory_factor
        if time_factor is not None:
            body["timeFactor"] = time_factor
        return self._change("/v1/retry", body, "retried")

    def kill(self, recursive: bool = True) -> int:
        """Ends the jobs of the set, with all that wait for them."""
        body: Dict[str, Any] = {"filter": self.job_filter()}
        if recursive:
            body["isRecursive"] = True
        return self._change("/v1/kill", body, "killed", is_repeatable=True)

    def wait(self, timeout: Optional[float] = None, poll: float = 0.5) -> "JobQuerySet":
        """Until all jobs that match now have ended. Raises TimeoutError."""
        ids = [each.pk for each in self._objects()]
        wait_for(self.site, ids, timeout, poll)
        self._seen = None
        return self

    def by_states(self) -> Dict[str, int]:
        """How many jobs of the set are in each state."""
        found: Dict[str, int] = {}
        for state in self.values_list("state", flat=True).iterator(2_500):
            found[state] = found.get(state, 0) + 1
        return found

    def _repr_html_(self) -> str:
        from .progress import html_table

        return html_table(["id", "name", "workflow", "application", "state"],
                          [[each.id, each.name, each.workflow, each.application, each.state]
                           for each in self[:50]], self.count())


class JobManager:
    """`Job.objects`: where every set begins."""

    def __init__(self, site: Any = None, model: Optional[Type["Job"]] = None) -> None:
        self._site = site
        self._model = model

    def __get__(self, _instance: Any, owner: Type["Job"]) -> "JobManager":
        return type(self)(self._site, self._model or owner)

    def get_queryset(self) -> JobQuerySet:
        return JobQuerySet(self._model or Job, self._site)

    def __getattr__(self, name: str) -> Any:
        # Everything that a set can do, the set of all jobs can.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.get_queryset(), name)

    def __dir__(self) -> List[str]:
        return dir(JobQuerySet)


class _Field:
    """A field that users set; in-place changes of lists and maps are seen by `save`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, job: Optional["Job"], _owner: Any) -> Any:
        if job is None:
            return self
        if self.name not in job._values:
            job._values[self.name] = _fields.default_of(self.name)
        return job._values[self.name]

    def __set__(self, job: "Job", value: Any) -> None:
        job._values[self.name] = _fields.taken(self.name, value)


class Job:
    """A job. Made here, it is in the daemon's hands after `save()` or `bulk_create`."""

    objects: ClassVar[JobManager] = JobManager()
    DoesNotExist: ClassVar[Type[ObjectDoesNotExist]] = ObjectDoesNotExist
    MultipleObjectsReturned: ClassVar[Type[MultipleObjectsReturned]] = MultipleObjectsReturned

    def __init__(self, **values: Any) -> None:
        self.site: Any = values.pop("site", None)
        self.id: Optional[int] = None
        self.state = "CREATED"
        self.attempts = 0
        self.started_at: Optional[str] = None
        self.ended_at: Optional[str] = None
        self.return_code: Optional[int] = None
        self.signal: Optional[int] = None
        self.node: Optional[str] = None
        #: Further things that lists may tell.
        self._read: Dict[str, Any] = {}
        self._values: Dict[str, Any] = {}
        self._saved: Dict[str, Any] = {}
        #: None: those of a saved job that nobody asked for yet.
        self._own_parents: Optional[List[Any]] = []
        self._detail: Optional[Dict[str, Any]] = None
        for name, value in values.items():
            if name == "parents":
                self.set_parents(value)
            elif name == "state":
                self.state = value
            elif name == "output":
                self._values["output"] = value
            else:
                setattr(self, self.field_of(name), value)

    # -- names

    @classmethod
    def columns(cls) -> Tuple[str, ...]:
        return (*_ROWS, *_fields.LIST_COLUMNS)

    @classmethod
    def column_of(cls, name: str) -> str:
        words = name.split("__")
        return ".".join([_fields.SYNONYMS.get(words[0], words[0]), *words[1:]])

    @classmethod
    def field_of(cls, name: str) -> str:
        """The field of this name, which users may set."""
        field = _fields.SYNONYMS.get(name, name)
        if field in _fields.REQUEST_FIELDS or field in _fields.RESOURCE_FIELDS or field == "state":
            return field
        import difflib

        known = [*_fields.REQUEST_FIELDS, *_fields.RESOURCE_FIELDS, "parents"]
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"fields are {', '.join(known)}"
        raise TypeError(f"a job has no field {name!r} that can be set; {hint}")

    def value_of(self, name: str) -> Any:
        """A column, or a path into a map: `data__result__energy`."""
        words = name.split("__")
        column = self.column_of(name)
        if column in self._read:
            return self._read[column]
        value = getattr(self, words[0])
        for word in words[1:]:
            value = value.get(word) if isinstance(value, dict) else None
        return value

    @classmethod
    def from_item(cls, item: Dict[str, Any], site: Any = None) -> "Job":
        job = cls.__new__(cls)
        Job.__init__(job, site=site)
        job._take(item)
        return job

    def _take(self, item: Dict[str, Any]) -> None:
        for name in ("id", "state", "attempts", "started_at", "ended_at", "return_code", "signal"):
            if name in item:
                setattr(self, name, item[name])
        fields = item.get("fields") or {}
        # The name in the row is that of an array's element, too.
        found = {**_fields.values_of(fields.get("request") or {}),
                 **{name: item[name] for name in ("name", "workflow", "application") if name in item},
                 **{name: value for name, value in fields.items() if name != "request"}}
        for name, value in found.items():
            if name == "output":
                self._values["output"] = value
            elif name in _fields.REQUEST_FIELDS or name in _fields.RESOURCE_FIELDS:
                self._values[name] = _fields.default_of(name) if value is None else value
            elif name == "parents":
                self._own_parents = list(value) if isinstance(value, list) else None
            elif name == "node":
                self.node = value
            else:
                self._read[name] = value
        self._saved = copy.deepcopy(self._values)
        self._detail = None
        if "parents" not in fields:
            self._own_parents = None

    # -- identity

    @property
    def pk(self) -> Optional[int]:
        return self.id

    @property
    def job_id(self) -> Optional[int]:
        return self.id

    @property
    def environ_vars(self) -> Any:
        return self.environment

    @environ_vars.setter
    def environ_vars(self, value: Any) -> None:
        self.environment = value

    @property
    def cute_id(self) -> str:
        return f"[{self.name} | {self.id}]" if self.name else f"[{self.id}]"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id or 'unsaved'} {self.name} {self.state}>"

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Job) and self.id is not None and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id) if self.id is not None else object.__hash__(self)

    # -- the daemon's part

    def _site(self) -> Any:
        from .site import current_site

        return self.site if self.site is not None else current_site()

    def _me(self) -> Dict[str, Any]:
        if self.id is None:
            raise BalsamError(f"the job {self.name!r} has not been saved")
        return {"ids": [self.id]}

    def save(self, force_insert: bool = False, update_fields: Optional[Sequence[str]] = None,
             **_ignored: Any) -> None:
        """Submits the job, or tells the daemon what has changed since it was read."""
        if self.id is None or force_insert:
            self._site().submit_jobs([self])
            return
        names = self.changed() if update_fields is None else [
            self.field_of(name) for name in update_fields if name not in ("state", "parents")]
        if names:
            body: Dict[str, Any] = {"filter": self._me(),
                                    "changes": _fields.changes_of(names, self._settable())}
            if "data" in names or "tags" in names:
                body["isReplacing"] = True
            self._site().session.post("/v1/modify", body)
            self._saved.update(copy.deepcopy({name: self._settable()[name] for name in names}))

    def changed(self) -> List[str]:
        """Fields that differ from what the daemon has."""
        return [name for name, value in self._values.items()
                if name != "output" and value != self._saved.get(
                    name, None if name == "output" else _fields.default_of(name))]

    def _settable(self) -> Dict[str, Any]:
        return {name: getattr(self, name)
                for name in (*_fields.REQUEST_FIELDS, *_fields.RESOURCE_FIELDS)}

    def refresh_from_db(self, **_ignored: Any) -> None:
        """Reads the job anew; what was not saved is gone."""
        request = {"filter": self._me(), "fields": list(_fields.OBJECT_COLUMNS), "limit": 1}
        page = self._site().session.call("POST", "/v1/query", request, is_repeatable=True)
        if not page["items"]:
            raise self.DoesNotExist(f"job {self.id} does not exist any more")
        self._values = {}
        self._take(page["items"][0])

    def detail(self) -> Dict[str, Any]:
        """All that is known of the job: attempts, history, final command (protocol JobDetail)."""
        self._me()
        found: Dict[str, Any] = self._site().session.get(f"/v1/jobs/{self.id}")
        self._detail = found
        return found

    def _known(self, name: str) -> Any:
        """A fact of the detail that doesn't change any more once the job has ended."""
        if self._detail is None or self.state not in END_STATES:
            self.detail()
        return (self._detail or {}).get(name)

    @property
    def working_directory(self) -> str:
        found = self._read.get("working_directory")
        return str(found if found else self._known("working_directory"))

    @property
    def output_file(self) -> Optional[str]:
        found = self._known("output_file")
        return None if found is None else str(found)

    @property
    def history(self) -> List[Dict[str, Any]]:
        """[{at, state, message}] in the order in which it happened."""
        return list(self.detail()["history"])

    @property
    def attempt_list(self) -> List[Dict[str, Any]]:
        return list(self.detail()["attempt_list"])

    @property
    def num_ranks(self) -> int:
        return int(self.num_nodes * self.ranks_per_node)

    def delete(self) -> Tuple[int, Dict[str, int]]:
        return self._set().delete()

    def kill(self, recursive: bool = True) -> int:
        return self._set().kill(recursive)

    def retry(self, **factors: Optional[float]) -> int:
        return self._set().retry(**factors)

    def update(self, **values: Any) -> None:
        """Sets fields and saves them."""
        for name, value in values.items():
            setattr(self, self.field_of(name), value)
        self.save(update_fields=list(values))

    def update_state(self, state: str, message: str = "", force: bool = False) -> None:
        """Forces a state, as an error handler does: RESTART_READY, JOB_FINISHED …"""
        if self.id is None:
            self.state = state
            return
        if self._set().update_state(state, message, force) > 0:
            self.state = state

    def wait(self, timeout: Optional[float] = None, poll: float = 0.5) -> "Job":
        """Until the job has ended. Raises TimeoutError."""
        wait_for(self._site(), [self.pk], timeout, poll)
        self.refresh_from_db()
        return self

    def _set(self) -> JobQuerySet:
        self._me()
        return JobQuerySet(type(self), self._site()).filter(pk=self.id)

    # -- the graph

    @property
    def _parents(self) -> List[Any]:
        if self._own_parents is None:
            body = {"filter": self._me()}
            edges = self._site().session.stream("POST", "/v1/edges", body)
            self._own_parents = [edge["parent"] for edge in edges]
        return self._own_parents

    @_parents.setter
    def _parents(self, value: List[Any]) -> None:
        self._own_parents = value

    @property
    def parents(self) -> List[Any]:
        """Ids of the parents; before it is saved, jobs too."""
        return self._parents

    @parents.setter
    def parents(self, value: Any) -> None:
        self.set_parents(value)

    def set_parents(self, parents: Any) -> None:
        """Parents as jobs or ids; of a saved job, they are added to those that it has."""
        if isinstance(parents, str):
            parents = json.loads(parents or "[]")
        found = [parents] if isinstance(parents, (Job, int)) else list(parents or [])
        if self.id is not None:
            known = {_id_of(each) for each in self._parents}
            add_edges(self._site(), [(_id_of(each), self.id) for each in found if _id_of(each) not in known])
        self._parents = found

    def add_parents(self, *parents: Union["Job", int]) -> None:
        """More jobs that must finish before this one starts."""
        if self.id is None:
            self._parents = [*self._parents, *parents]
            return
        add_edges(self._site(), [(_id_of(each), self.id) for each in parents])
        self._parents = [*self._parents, *(_id_of(each) for each in parents)]

    def get_parents_by_id(self) -> List[int]:
        return [_id_of(each) for each in self._parents]

    def get_parents(self) -> JobQuerySet:
        return self._others().filter(pk__in=self.get_parents_by_id())

    def get_children(self) -> JobQuerySet:
        known = self.detail()
        listed = known.get("children", [])
        if known.get("children_total", len(listed)) > len(listed):
            return self._others().filter(parents__contains=self.id)
        return self._others().filter(pk__in=listed)

    def get_children_by_id(self) -> List[int]:
        return list(self.get_children().values_list("id", flat=True))

    def get_child_by_name(self, name: str) -> "Job":
        """The only child of this name; ValueError when there is none or more than one."""
        found = list(self.get_children().filter(name=name))
        if len(found) != 1:
            raise ValueError(f"{'no' if not found else 'more than one'} child named {name}")
        return found[0]

    def _others(self) -> JobQuerySet:
        return JobQuerySet(type(self), self._site())

    # -- files

    def read_file_in_workdir(self, file_name: str) -> str:
        """The text of a file in the working directory; ValueError when there is none."""
        path = os.path.join(self.working_directory, file_name)
        if not os.path.exists(path):
            raise ValueError(f"{file_name} not found in {self.working_directory}")
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def read_output(self) -> str:
        """What the job printed."""
        path = self.output_file
        if path is None or not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def _repr_html_(self) -> str:
        from .progress import html_table

        rows = [[name, getattr(self, name)] for name in ("id", *self.columns()[1:])]
        return html_table(["field", "value"], rows)


for _name in (*_fields.REQUEST_FIELDS, *_fields.RESOURCE_FIELDS):
    setattr(Job, _name, _Field(_name))


def _id_of(job: Any) -> int:
    number = job.pk if isinstance(job, Job) else job
    if number is None:
        raise BalsamError(f"the job {job.name!r} has not been saved")
    return int(number)


def add_edges(site: Any, edges: Sequence[Tuple[int, int]]) -> int:
    """Parents for jobs that have not started; a cycle refuses all of them."""
    if not edges:
        return 0
    body = {"edges": [list(edge) for edge in edges]}
    return int(site.session.post("/v1/dependencies", body, is_repeatable=True)["added"])


def wait_for(site: Any, ids: Sequence[Optional[int]], timeout: Optional[float], poll: float) -> None:
    """Until these jobs have ended."""
    if not ids:
        return
    deadline = None if timeout is None else time.monotonic() + timeout
    path = f"/v1/wait?ids={quote(','.join(map(str, ids)))}" if len(ids) < 1000 else None
    while True:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError(f"{len(ids)} jobs have not ended after {timeout} s")
        if path is not None and _is_over(site, path, left):
            return
        if path is None:
            states = JobQuerySet(Job, site).filter(pk__in=list(ids)).exclude(state__in=END_STATES)
            if states.count() == 0:
                return
            time.sleep(poll if left is None else min(poll, left))


def _is_over(site: Any, path: str, left: Optional[float]) -> bool:
    """Looks at the stream of a wait for so long."""
    deadline = None if left is None else time.monotonic() + left
    try:
        for progress in site.session.stream("GET", path, timeout=left):
            if progress["is_done"]:
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False
    except BalsamError as error:
        # Silence until our own deadline, or a daemon that restarts: it is asked anew.
        if error.code != "DAEMON_UNREACHABLE":
            raise
        time.sleep(0.05)
    return False
