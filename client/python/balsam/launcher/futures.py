"""Balsam 0.3's `balsam.launcher.futures`: what DeepHyper's drivers stand on."""
import time
from collections import namedtuple
from typing import Any, Callable, Dict, Iterable, List, Optional

from ..core.models import END_STATES, BalsamJob
from . import dag

__all__ = ["FutureTask", "TaskFailed", "WaitResult", "wait"]

WaitResult = namedtuple("WaitResult", ["active", "done", "failed", "cancelled"])
_WORDS = {"JOB_FINISHED": "done", "FAILED": "failed", "USER_KILLED": "cancelled"}


class TaskFailed(Exception):
    """The job failed, and there is no fail_callback."""


class FutureTask:
    """A job with what is to be done at its end. `result()` is what the callback returned."""

    def __init__(self, balsam_job: BalsamJob, done_callback: Callable[..., Any],
                 fail_callback: Optional[Callable[..., Any]] = None,
                 *args: Any, **kwargs: Any) -> None:
        assert isinstance(balsam_job, BalsamJob)
        assert callable(done_callback)
        self._job = balsam_job
        self._on_done, self._on_fail = done_callback, fail_callback
        self._args, self._kwargs = args, kwargs
        self._state = "active"
        self._result: Any = None
        self._is_called = False

    @property
    def cute_id(self) -> str:
        return self._job.cute_id

    def __repr__(self) -> str:
        return f"<balsam.launcher.futures.FutureTask {self.cute_id}: {self._state}>"

    def _take(self, job: BalsamJob) -> None:
        self._job = job
        self._state = _WORDS.get(job.state, "active")

    def _poll(self) -> str:
        if self._state == "active":
            found = BalsamJob.objects.get(pk=self._job.pk)
            assert isinstance(found, BalsamJob)
            self._take(found)
        return self._state

    @property
    def done(self) -> bool:
        return self._poll() == "done"

    @property
    def failed(self) -> bool:
        return self._poll() == "failed"

    @property
    def cancelled(self) -> bool:
        return self._poll() == "cancelled"

    @property
    def active(self) -> bool:
        return self._poll() == "active"

    def result(self, timeout: Optional[float] = None) -> Any:
        """What the callback of its end returned; None when it was cancelled. TimeoutError."""
        if self._is_called:
            return self._result
        if self.active:
            try:
                self._job.wait(timeout)
            except TimeoutError:
                raise TimeoutError(f"Task {self.cute_id} not finished after {timeout} seconds") from None
        if self._poll() == "cancelled":
            return None
        callback = self._on_done if self._state == "done" else self._on_fail
        if not callable(callback):
            raise TaskFailed(f"Task {self.cute_id} failed; no fail_callback was set to handle this.")
        self._result = callback(self._job, *self._args, **self._kwargs)
        self._is_called = True
        return self._result

    def cancel(self) -> None:
        """Kills the job, even when it runs, with all that wait for it."""
        dag.kill(self._job)
        self._state = "cancelled"


def wait(futures: Iterable[FutureTask], timeout: Optional[float] = None,
         return_when: str = "ANY_COMPLETED", poll_period: float = 1.0) -> WaitResult:
    """(active, done, failed, cancelled), once any or all have ended. TimeoutError."""
    when = return_when.strip()
    assert when in ("ANY_COMPLETED", "ALL_COMPLETED")
    by_job: Dict[Any, FutureTask] = {future._job.pk: future for future in futures}
    deadline = None if timeout is None else time.monotonic() + max(float(timeout), 0.01)
    ended = {pk for pk, future in by_job.items() if future._state != "active"}
    while True:
        # Only the ends are asked for: most of many wait.
        left = [pk for pk in by_job if pk not in ended]
        for job in BalsamJob.objects.filter(pk__in=left, state__in=END_STATES) if left else []:
            by_job[job.pk]._take(job)
            ended.add(job.pk)
        if len(ended) == len(by_job) or (when == "ANY_COMPLETED" and ended):
            break
        if deadline is not None and time.monotonic() >= deadline:
            raise TimeoutError(f"{timeout} sec timeout expired while waiting on {len(by_job)} tasks "
                               f"until {when}")
        rest = poll_period if deadline is None else deadline - time.monotonic()
        time.sleep(max(0.0, min(poll_period, rest)))
    found: Dict[str, List[FutureTask]] = {word: [] for word in WaitResult._fields}
    for future in by_job.values():
        found[future._state].append(future)
    return WaitResult(**found)
