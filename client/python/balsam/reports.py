"""What happened when: throughput, use and errors of any set of jobs, from the daemon's history.

Shapes are Balsam 0.3's: times are datetimes without a zone, in UTC; counts are numpy arrays where
numpy is installed, lists elsewhere.
"""
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from .errors import BalsamError

Times = Dict[str, List[datetime]]


def history_of(query: Any = None) -> Iterator[Dict[str, Any]]:
    """{id, name, …, history: [{at, state, message}], attempts} of each job of the set."""
    from .job import Job

    jobs = Job.objects.all() if query is None else query.all()
    body = {"filter": jobs.job_filter()}
    try:
        yield from jobs.site.session.stream("POST", "/v1/history", body)
    except BalsamError as error:
        if error.code != "CALL_UNKNOWN":
            raise
        # A daemon that tells histories one by one only.
        for job in jobs:
            yield job.detail()


def process_job_times(query: Any = None, **named: Any) -> Times:
    """{state: times at which a job of the set came into it}."""
    times: Times = {}
    for job in history_of(named.get("qs", query)):
        for entry in job["history"]:
            times.setdefault(entry["state"], []).append(time_of(entry["at"]))
    return times


def utilization_report(time_data: Optional[Times] = None) -> Tuple[List[datetime], Any]:
    """(times, how many jobs ran from then on)."""
    times = process_job_times() if time_data is None else time_data
    steps: Counter = Counter(times.get("RUNNING", []))
    for state in ("RUN_DONE", "RUN_ERROR", "RUN_TIMEOUT"):
        steps.subtract(times.get(state, []))
    moments = sorted(steps)
    return moments, _sums(steps[each] for each in moments)


def throughput_report(time_data: Optional[Times] = None) -> Tuple[List[datetime], Any]:
    """(times, how many jobs were done by then)."""
    times = process_job_times() if time_data is None else time_data
    done = Counter(times.get("RUN_DONE", []))
    moments = sorted(done)
    return moments, _sums(done[each] for each in moments)


def error_report(time_data: Optional[Times] = None) -> Optional[Tuple[List[datetime], Any]]:
    """(minutes since the first error, errors in each of them): one more edge than counts. None
    when there was no error."""
    times = process_job_times() if time_data is None else time_data
    errors = sorted(times.get("RUN_ERROR", []))
    if not errors:
        return None
    first = errors[0]
    minutes = [int((each - first).total_seconds() // 60) for each in errors]
    counts = [0] * (max(minutes) + 1)
    for minute in minutes:
        counts[minute] += 1
    edges = [first + timedelta(minutes=each) for each in range(len(counts) + 1)]
    return edges, _array(counts)


def time_of(text: str) -> datetime:
    """ISO 8601 UTC without its zone."""
    return datetime.fromisoformat(text.rstrip("Z"))


def _sums(steps: Iterable[int]) -> Any:
    sums: List[int] = []
    total = 0
    for step in steps:
        total += step
        sums.append(total)
    return _array(sums)


def _array(numbers: Sequence[int]) -> Any:
    try:
        import numpy  # type: ignore[import-not-found]
    except ImportError:
        return list(numbers)
    return numpy.array(numbers, dtype=int)
