"""HyperQueue's Python build: server and one worker of two cores in this process.

Its wait_for_jobs looks only once a second. So the end is read from a file which the last task
(of lower priority, or at the end of the chain) touches; the touch is one of the counted tasks.
"""

import os
import time

from conversation import SCRATCH, converse, output_paths
from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig

QUIET = {"stdout": None, "stderr": None}
MARK = f"{SCRATCH}/mark"


def finish(client, job):
    """Submits a job whose last task touches MARK; returns the seconds until it did."""
    started = time.time()
    client.wait_for_jobs([client.submit(job)])
    return os.stat(MARK).st_mtime - started


def run_all(client, outputs):
    job = Job()
    for output in outputs[1:]:
        job.program(["/bin/true"], stdout=output, stderr=None)
    job.program(["/bin/touch", MARK], priority=-1, **QUIET)
    return finish(client, job)


def run_chain(client, count):
    job = Job()
    task = None
    for _ in range(count - 1):
        task = job.program(["/bin/true"], deps=[task] if task else [], **QUIET)
    job.program(["/bin/touch", MARK], deps=[task], **QUIET)
    return finish(client, job)


def main():
    os.chdir(SCRATCH)
    with LocalCluster(server_dir=f"{SCRATCH}/server") as cluster:
        cluster.start_worker(WorkerConfig(cores=2))
        client = cluster.client()
        run_all(client, [None] * 50)
        converse(
            {
                "true": lambda count: run_all(client, [None] * count),
                "files": lambda count: run_all(client, output_paths(count)),
                "hop": lambda count: run_chain(client, count),
            }
        )


if __name__ == "__main__":
    main()
