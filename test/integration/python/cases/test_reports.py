"""Reports of a history that is known, against what a hand counts."""
import unittest
import uuid
from datetime import datetime, timedelta

import balsam
from balsam import Job


class Reports(unittest.TestCase):
    def test_shapes_and_sums_of_a_history_by_hand(self):
        start = datetime(2026, 1, 1)

        def at(*seconds):
            return [start + timedelta(seconds=each) for each in seconds]

        times = {"RUNNING": at(0, 0, 10), "RUN_DONE": at(5, 20), "RUN_ERROR": at(8)}
        self.assertEqual(self.plain(balsam.utilization_report(times)),
                         (at(0, 5, 8, 10, 20), [2, 1, 0, 1, 0]))
        self.assertEqual(self.plain(balsam.throughput_report(times)), (at(5, 20), [1, 2]))
        errors = {"RUN_ERROR": at(0, 59, 61, 185)}
        self.assertEqual(self.plain(balsam.error_report(errors)),
                         (at(0, 60, 120, 180, 240), [2, 1, 0, 1]))
        self.assertIsNone(balsam.error_report({}))

    @staticmethod
    def plain(report):
        return report[0], [int(each) for each in report[1]]

    def test_a_history_that_happened(self):
        site = balsam.current_site()
        flow = f"reports-{uuid.uuid4().hex[:6]}"
        allocation = site.submit_launch(60, cpus_per_node=2, wf_filter=flow)
        good = [Job(name=f"g{i}", workflow=flow, command=["true"], cpus=1) for i in range(5)]
        bad = [Job(name=f"b{i}", workflow=flow, command=["false"], cpus=1) for i in range(2)]
        Job.objects.bulk_create(good + bad)
        mine = Job.objects.filter(workflow=flow).wait(60)
        site.cancel_allocation(allocation["id"])
        times = balsam.process_job_times(mine)
        counts = {state: len(found) for state, found in times.items()}
        self.assertEqual({state: counts[state] for state in (
            "CREATED", "RUNNING", "RUN_DONE", "JOB_FINISHED", "RUN_ERROR", "FAILED")},
            {"CREATED": 7, "RUNNING": 7, "RUN_DONE": 5, "JOB_FINISHED": 5, "RUN_ERROR": 2,
             "FAILED": 2})
        by_hand = sorted(datetime.fromisoformat(each["at"].rstrip("Z"))
                         for job in mine for each in job.history if each["state"] == "RUN_DONE")
        moments, done = balsam.throughput_report(times)
        self.assertEqual((sorted(times["RUN_DONE"]), int(done[-1])), (by_hand, 5))
        self.assertEqual(moments[-1], by_hand[-1])
        self.assertEqual(int(balsam.utilization_report(times)[1][-1]), 0)
        self.assertEqual(sum(int(each) for each in balsam.error_report(times)[1]), 2)
        narrowed = balsam.process_job_times(mine.filter(name__startswith="b"))
        self.assertEqual(len(narrowed["FAILED"]), 2)


if __name__ == "__main__":
    unittest.main()
