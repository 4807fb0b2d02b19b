"""A hyperparameter search as Balsam's DeepHyper tutorial drives it: a loop over futures."""
import os
import random
import textwrap
import unittest
import uuid

import balsam
from balsam.core.models import BalsamJob
from balsam.launcher import dag, futures

EVALUATIONS = int(os.environ.get("BALSAM_TEST_EVALUATIONS", "500"))
BATCH = 40


class Search(unittest.TestCase):
    def test_evaluations_are_driven_by_futures_and_their_data(self):
        site = balsam.current_site()
        flow = f"search-{uuid.uuid4().hex[:6]}"
        script = os.path.join(site.path, f"{flow}.sh")
        # The evaluation tells its objective by its own `data`, over the socket of its node.
        with open(script, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent("""
                y=$(( ($1 - 37) * ($1 - 37) ))
                curl -sS --fail --unix-socket "$BALSAM_SOCKET" \\
                  -H "authorization: Bearer $BALSAM_TASK_TOKEN" \\
                  -H 'content-type: application/json' http://x/v1/modify --data \\
                  '{"filter":{"ids":['$BALSAM_JOB_ID']},"changes":{"data":{"y":'$y'}}}'
            """))
        dag.add_app(f"evaluate-{flow}", f"sh {script}")
        allocation = site.submit_launch(60, cpus_per_node=2, wf_filter=flow)
        random.seed(7)
        asked = 0

        def evaluate(x):
            nonlocal asked
            asked += 1
            job = dag.add_job(name=f"e{asked}", workflow=flow, application=f"evaluate-{flow}",
                              args=str(x), data={"x": x}, node_packing_count=2)
            return futures.FutureTask(job, lambda done: (done.data["x"], done.data["y"]))

        best, told, cancelled = (None, float("inf")), 0, 0
        active = [evaluate(random.randrange(1000)) for _ in range(BATCH)]
        while told + cancelled < EVALUATIONS:
            found = futures.wait(active, timeout=120, poll_period=0.05)
            self.assertEqual(found.failed, [])
            for task in found.done:
                told += 1
                x, y = task.result()
                if y < best[1]:
                    best = (x, y)
            active = found.active
            # The one that is farthest from the best is not worth its time.
            worst = max(active, key=lambda task: abs(task._job.data["x"] - best[0]), default=None)
            if worst is not None and told % 5 == 0:
                worst.cancel()
                active.remove(worst)
                cancelled += worst.cancelled
            while len(active) < BATCH and asked < EVALUATIONS:
                active.append(evaluate(max(0, best[0] + random.randrange(-50, 51))))
        site.cancel_allocation(allocation["id"])
        jobs = BalsamJob.objects.filter(workflow=flow)
        self.assertEqual(jobs.count(), EVALUATIONS)
        # One may have finished in the very moment that it was given up.
        ended = {state: jobs.filter(state=state).count() for state in ("JOB_FINISHED", "USER_KILLED")}
        self.assertEqual(sum(ended.values()), EVALUATIONS)
        self.assertTrue(told <= ended["JOB_FINISHED"] and ended["USER_KILLED"] <= cancelled)
        self.assertLessEqual(best[1], 25)
        first = jobs.filter(state="JOB_FINISHED").order_by("data__y").first()
        self.assertEqual(first.data["y"], best[1])


if __name__ == "__main__":
    unittest.main()
