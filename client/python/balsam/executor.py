"""`Executor`: Python functions and apps as jobs, by the interface of concurrent.futures.

Submissions go out in batches by one thread; another hears what has ended. A job that was accepted
is durable: it runs even when this program ends. Must never lose a future: each one is resolved by
its job's end, by a refusal, or by cancel.
"""
import atexit
import concurrent.futures
import itertools
import os
import shutil
import sys
import threading
import uuid
import weakref
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple, Union

from . import _calls, _directory, _fields
from ._ends import Ends
from ._outbox import Outbox
from .errors import BalsamError
from .job import Job
from .progress import progress_bar
from .site import Site, current_site

__all__ = ["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION", "Executor", "Future", "app",
           "as_completed", "wait"]

_open: "weakref.WeakSet[Executor]" = weakref.WeakSet()


class Future(concurrent.futures.Future):
    """The end of a job. Of a function it is what that returned; of an app the finished `Job`."""

    is_balsam_future = True

    def __init__(self, executor: "Executor", key: str, name: str, is_app: bool) -> None:
        super().__init__()
        self._executor = executor
        self.key = key
        self.name = name
        self.is_app = is_app
        self.result_file = os.path.join(executor.directory, f"{key}.result")
        #: Futures that this one waits for.
        self.parents: List[Any] = []
        self.arguments_file: Optional[str] = None
        self._users = 0
        self._is_sent = False
        self._id: Optional[int] = None

    @property
    def job_id(self) -> int:
        """The number of its job; waits until the daemon has accepted it. Raises when it was not."""
        changed = self._executor._accepted
        with changed:
            # It may also be refused, or given up: then nobody notifies.
            while self._id is None and not self.done():
                changed.wait(0.2)
        if self._id is None:
            error = None if self.cancelled() else self.exception()
            raise error if error is not None else BalsamError(f"{self.name} never became a job")
        return self._id

    @property
    def job(self) -> Job:
        """The job, read anew."""
        found: Job = self._executor.site.jobs.get(pk=self.job_id)
        return found

    def cancel(self) -> bool:
        """Gives the job up unless it runs already."""
        return self._executor._cancel(self)

    def kill(self) -> bool:
        """Ends the job even when it runs; the future then raises JobFailed, or is cancelled."""
        if self.cancel():
            return True
        if self.done():
            return False
        body = {"filter": {"ids": [self.job_id]}}
        self._executor.site.session.post("/v1/kill", body, is_repeatable=True)
        return True

    def _accepted(self, number: int) -> None:
        # One condition for all futures: their own one wakes whoever waits for the result.
        with self._executor._accepted:
            self._id = number
            self._executor._accepted.notify_all()

    def _invoke_callbacks(self) -> None:
        """Called once it is done, however. The executor hears of it last: whoever waits for its
        shutdown finds that all callbacks have run."""
        super()._invoke_callbacks()  # type: ignore[misc]
        if self._is_sent:
            self._executor._done(self)

    def _give_up(self) -> bool:
        """Cancels it in the eyes of whoever waits."""
        return super().cancel() and (self.set_running_or_notify_cancel() or True)

    def __repr__(self) -> str:
        number = self._id if self._id is not None else "not accepted yet"
        return f"<Future {self.name} job {number} {self._state.lower()}>"

    def __reduce__(self) -> Any:
        raise TypeError("a future can't be pickled; give it as an argument to submit")


class Executor(concurrent.futures.Executor):
    """Runs functions and apps on a site's launchers.

    `max_workers`: an allocation of its own with so many cores on each of `nodes` nodes, which ends
    with the executor. Without it, the launchers of the site serve it; when there are none and the
    scheduler is the local one, an allocation of the whole machine is asked for. Other arguments are
    fields of every job: `cpus=1`, `tags={…}`, `max_retries=2`, `environment={…}` …
    """

    def __init__(self, site: Union[None, str, Site] = None, *, max_workers: Optional[int] = None,
                 nodes: int = 1, workflow: Optional[str] = None, launch: Optional[bool] = None,
                 wall_time_minutes: float = 24 * 60, interpreter: Optional[str] = None,
                 initializer: Optional[Callable[..., Any]] = None, initargs: Tuple[Any, ...] = (),
                 keep_output: bool = False, **fields: Any) -> None:
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self.site = site if isinstance(site, Site) else Site(site) if site else current_site()
        self.workflow = workflow or f"python-{uuid.uuid4().hex[:12]}"
        self.interpreter = os.path.abspath(interpreter or sys.executable)
        self.keep_output = keep_output
        self.directory = os.path.join(self.site.path, "python", uuid.uuid4().hex[:16])
        self._fields = {Job.field_of(name): _fields.taken(Job.field_of(name), value)
                        for name, value in {"cpus": 1, **fields}.items()}
        self._numbers = itertools.count()
        self._lock = threading.Condition()
        self._accepted = threading.Condition()
        self._files = threading.Lock()
        self._pending = 0
        self._is_shut = False
        self._is_awaited = False
        self._is_released = False
        self._allocation: Optional[int] = None
        os.makedirs(self.directory, mode=0o700)
        _calls.write_context(self.directory, initializer, initargs)
        self._ends = Ends(self.site, self.workflow)
        self._outbox = Outbox(self.site, self._ends)
        self._launch(max_workers, nodes, launch, wall_time_minutes)
        _open.add(self)

    # -- the interface of concurrent.futures

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """A call of the function as a job. Futures among the arguments make it wait for their
        jobs, and are their results when it runs."""
        return self._submit_call(fn, args, kwargs, {})

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any],
            timeout: Optional[float] = None, chunksize: int = 1) -> Iterator[Any]:
        """As the built-in map; `chunksize` calls make one job."""
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        if chunksize == 1:
            return super().map(fn, *iterables, timeout=timeout)
        chunks = _chunks(zip(*iterables), chunksize)
        found = super().map(_ChunkOf(fn), chunks, timeout=timeout)
        return itertools.chain.from_iterable(found)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """No more calls; `wait` until all have ended. What it started ends with it."""
        with self._lock:
            self._is_shut = True
            # Who comes last cleans up: whoever waits here, else the end of the last job.
            self._is_awaited = self._is_awaited or wait
        if cancel_futures:
            for future in [*self._outbox.futures(), *self._ends.futures()]:
                future.cancel()
        if wait:
            with self._lock:
                while self._pending > 0:
                    self._lock.wait()
            self._release_if_done()
        elif not self._is_awaited:
            self._release_if_done()

    # -- more

    def submit_app(self, app: Any, *args: Any, name: Optional[str] = None,
                   parents: Iterable[Any] = (), **fields: Any) -> Future:
        """A job of an app (its name, or an `App`); its words as arguments. `parents`: futures or
        jobs that must finish before. The future's result is the finished `Job`."""
        app_name = app if isinstance(app, str) else app.name
        if any(isinstance(each, concurrent.futures.Future) for each in args):
            raise TypeError("words of a command can't be futures: name them in parents=")
        values = {**fields, "application": app_name}
        if args:
            values["args"] = [str(each) for each in args]
        future = Future(self, self._key(), name or app_name, True)
        future.parents = list(parents)
        self._send(future, lambda: self._request(future, values, None))
        return future

    def submit_job(self, job: Job) -> Future:
        """A job that is not saved yet, with its parents; the future's result is the finished job."""
        future = Future(self, self._key(), job.name, True)
        future.parents = list(job.parents)

        def request() -> Dict[str, Any]:
            made = _fields.request_of(job._values, [])
            return {**made, "workflow": self.workflow}

        self._send(future, request)
        return future

    @property
    def jobs(self) -> Any:
        """Its jobs, as a set."""
        return self.site.jobs.filter(workflow=self.workflow)

    # -- how

    def _submit_call(self, function: Callable[..., Any], args: Tuple[Any, ...],
                     kwargs: Dict[str, Any], fields: Dict[str, Any]) -> Future:
        function = getattr(function, "__balsam_function__", function)
        key = self._key()
        future = Future(self, key, _calls.name_of(function), False)
        try:
            call = _calls.make_call(self.directory, function, args, kwargs, key)
        except Exception as error:  # What can't be pickled is the call's failure, not ours.
            self._check_open()
            future.set_exception(error)
            return future
        future.parents = call.parents
        if "argumentsFile" in call.payload:
            future.arguments_file = os.path.join(self.directory, call.payload["argumentsFile"])
        self._send(future, lambda: self._request(future, fields, call.payload))
        return future

    def _request(self, future: Future, fields: Dict[str, Any],
                 payload: Optional[Dict[str, Any]]) -> Dict[str, Any]:
        values = {**self._fields, **{Job.field_of(name): _fields.taken(Job.field_of(name), value)
                                     for name, value in fields.items()}}
        request = _fields.request_of({**values, "name": values.get("name") or future.name}, [])
        request["workflow"] = self.workflow
        if payload is not None:
            apps = {each.key: each._id for each in future.parents
                    if isinstance(each, Future) and each.is_app}
            request["python"] = {
                "interpreter": self.interpreter, "context": self.directory,
                "payload": _compact({**payload, "jobs": apps} if apps else payload),
                "resultFile": future.result_file,
            }
            if not self.keep_output:
                request["output"] = {"to": "none"}
        return request

    def _send(self, future: Future, request: Callable[[], Dict[str, Any]]) -> None:
        with self._lock:
            self._check_open()
            self._pending += 1
        for parent in future.parents:
            if isinstance(parent, Future):
                parent._executor._borrow(parent)
        future._is_sent = True
        self._outbox.put(future, request)

    def _check_open(self) -> None:
        if self._is_shut:
            raise RuntimeError("cannot schedule new futures after shutdown")

    def _key(self) -> str:
        return f"c{next(self._numbers)}"

    def _borrow(self, parent: Future) -> None:
        """A result that somebody waits for stays; one that was taken away is put back."""
        # Counting and looking are one: else the file goes between the two.
        with self._files:
            parent._users += 1
            if parent.done() and not parent.is_app and not parent.cancelled():
                if parent.exception() is None and not os.path.exists(parent.result_file):
                    self._ends.put_back(parent)

    def _done(self, future: Future) -> None:
        for parent in future.parents:
            if isinstance(parent, Future):
                parent._executor._returned(parent)
        self._ends.forget(future)
        with self._lock:
            self._pending -= 1
            self._lock.notify_all()
        if self._is_shut and not self._is_awaited:
            self._release_if_done()

    def _returned(self, parent: Future) -> None:
        with self._files:
            parent._users -= 1
        self._drop_if_free(parent)

    def _drop_if_free(self, future: Future) -> None:
        """A result that its future has, and that no call waits for, needs no file."""
        with self._files:
            if future._users == 0 and future.done():
                self._ends.drop_file(future)

    def _cancel(self, future: Future) -> bool:
        if future.done() or future.running():
            return future.cancelled()
        if self._outbox.take_back(future):
            return future._give_up()
        try:
            number = future.job_id
        except BalsamError:
            return future.cancelled()
        states = ["CREATED", "AWAITING_PARENTS", "READY", "STAGED_IN", "PREPROCESSED",
                  "RESTART_READY"]
        body = {"filter": {"ids": [number], "states": states}}
        try:
            killed = self.site.session.post("/v1/kill", body, is_repeatable=True)["killed"]
        except BalsamError as error:
            if error.code != "NOTHING_MATCHED":
                raise
            killed = 0
        return bool(killed) and (future._give_up() or future.cancelled())

    def _launch(self, max_workers: Optional[int], nodes: int, launch: Optional[bool],
                minutes: float) -> None:
        if launch is None:
            launch = max_workers is not None or (
                _directory.scheduler_of(self.site.path) == "local" and not _is_served(self.site))
        if launch:
            found = self.site.submit_launch(
                wall_time_minutes=minutes, nodes=nodes, cpus_per_node=max_workers,
                wf_filter=self.workflow)
            self._allocation = int(found["id"])

    def _release_if_done(self) -> None:
        with self._lock:
            if self._pending > 0 or self._is_released:
                return
            self._is_released = True
        _open.discard(self)
        self._outbox.close()
        self._ends.close()
        if self._allocation is not None:
            try:
                self.site.cancel_allocation(self._allocation)
            except BalsamError as error:
                if error.code != "ALLOCATION_UNKNOWN":
                    raise
        shutil.rmtree(self.directory, ignore_errors=True)


def _is_served(site: Site) -> bool:
    if any(each["state"] == "CONNECTED" for each in site.launchers()):
        return True
    return any(each["state"] in ("PENDING", "SUBMITTING", "QUEUED", "RUNNING")
               for each in site.allocations())


def _compact(value: Any) -> str:
    import json

    return json.dumps(value, separators=(",", ":"))


def _chunks(items: Iterable[Tuple[Any, ...]], size: int) -> Iterator[List[Tuple[Any, ...]]]:
    iterator = iter(items)
    while True:
        chunk = list(itertools.islice(iterator, size))
        if not chunk:
            return
        yield chunk


class _ChunkOf:
    """Several calls of a function as one."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__name__ = _calls.name_of(function)
        self.__qualname__ = f"<{self.__name__}>"

    def __call__(self, chunk: List[Tuple[Any, ...]]) -> List[Any]:
        return [self.function(*args) for args in chunk]


def as_completed(fs: Iterable[concurrent.futures.Future], timeout: Optional[float] = None,
                 progress: Any = False) -> Iterator[concurrent.futures.Future]:
    """Futures as they end; with a bar when `progress` is wanted and tqdm is installed."""
    futures = list(fs)
    return progress_bar(concurrent.futures.as_completed(futures, timeout), len(futures), progress)


def wait(fs: Iterable[concurrent.futures.Future], timeout: Optional[float] = None,
         return_when: str = ALL_COMPLETED) -> Any:
    """As concurrent.futures.wait: (done, not_done)."""
    return concurrent.futures.wait(fs, timeout, return_when)


class PythonApp:
    """A function whose calls are jobs: what `@balsam.app` leaves in its place."""

    def __init__(self, function: Callable[..., Any], fields: Dict[str, Any]) -> None:
        self.__balsam_function__ = function
        self.fields = fields
        self.__name__ = getattr(function, "__name__", "call")
        self.__qualname__ = getattr(function, "__qualname__", self.__name__)
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__
        self.__wrapped__ = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if os.environ.get("BALSAM_TASK_TOKEN"):
            # Within a worker it is a function like any other: a job per call would be a surprise.
            return self.__balsam_function__(*args, **kwargs)
        return _default_executor()._submit_call(self.__balsam_function__, args, kwargs, self.fields)

    def submit_to(self, executor: Executor, *args: Any, **kwargs: Any) -> Future:
        """The same on an executor of one's own."""
        return executor._submit_call(self.__balsam_function__, args, kwargs, self.fields)


def app(function: Optional[Callable[..., Any]] = None, **fields: Any) -> Any:
    """Makes calls of a function jobs: each returns a Future, and futures may be its arguments.
    `@balsam.app(cpus=2, walltime="20m", nodes=1)`; other arguments are fields of the job."""
    fields = {{"nodes": "num_nodes"}.get(name, name): value for name, value in fields.items()}
    if "walltime" in fields:
        fields["wall_time_minutes"] = _minutes(fields.pop("walltime"))
    for name in fields:
        Job.field_of(name)

    def decorate(decorated: Callable[..., Any]) -> PythonApp:
        return PythonApp(decorated, fields)

    return decorate if function is None else decorate(function)


def _minutes(text: Any) -> float:
    """20, "20", "20m", "90s", "2h", "1d" in minutes."""
    if isinstance(text, (int, float)):
        return float(text)
    units = {"s": 1 / 60, "m": 1, "h": 60, "d": 24 * 60}
    word = text.strip().lower()
    return float(word[:-1]) * units[word[-1]] if word[-1:] in units else float(word)


_default: Dict[str, Any] = {"executor": None, "pid": 0}
_default_lock = threading.Lock()


def _default_executor() -> Executor:
    with _default_lock:
        held = _default["executor"]
        if held is None or held._is_shut or _default["pid"] != os.getpid():
            _default.update(executor=Executor(), pid=os.getpid())
        found: Executor = _default["executor"]
        return found


def _finish_all(pid: int = os.getpid()) -> None:
    """As the standard library's executors: what was submitted is finished before the end."""
    if os.getpid() != pid:
        return
    for executor in list(_open):
        executor.shutdown()


atexit.register(_finish_all)
