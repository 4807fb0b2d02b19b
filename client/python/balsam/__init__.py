"""Balsam's Python client: sites, jobs, apps, and functions that run on their launchers."""
from typing import Any

from .apps import App
from .errors import (BalsamError, DaemonUnreachable, JobFailed, MultipleObjectsReturned,
                     ObjectDoesNotExist, SiteMissing)
from .executor import Executor, Future, app, as_completed, wait
from .job import END_STATES, Job, JobQuerySet
from .query import Q
from .reports import error_report, process_job_times, throughput_report, utilization_report
from .site import Site, current_site
from .task import current_job, spawn_child

__version__ = "0.1.0"

__all__ = [
    "App", "BalsamError", "DaemonUnreachable", "END_STATES", "Executor", "Future", "Job",
    "JobFailed", "JobQuerySet", "MultipleObjectsReturned", "ObjectDoesNotExist", "Q", "Site",
    "SiteMissing", "app", "as_completed", "current_job", "current_site", "error_report",
    "process_job_times", "setup", "spawn_child", "throughput_report", "utilization_report", "wait",
]


def setup(*_ignored: Any) -> None:
    """Balsam 0.3's scripts call it; there is nothing to set up."""
