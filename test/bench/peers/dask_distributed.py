"""Dask distributed: two workers of one thread on this machine."""

import time

from conversation import SCRATCH, converse, output_paths, run_true


def hop_task(_previous):
    return run_true()


def run_all(client, inputs):
    started = time.perf_counter()
    futures = client.map(run_true, inputs, pure=False)
    assert not any(client.gather(futures))
    return time.perf_counter() - started


def run_chain(client, count):
    started = time.perf_counter()
    future = 0
    for _ in range(count):
        future = client.submit(hop_task, future, pure=False)
    assert future.result() == 0
    return time.perf_counter() - started


def main():
    from distributed import Client, LocalCluster

    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        local_directory=SCRATCH,
    ) as cluster, Client(cluster) as client:
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
