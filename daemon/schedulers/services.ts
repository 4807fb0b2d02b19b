// The core's allocation services over the adapters: each allocation goes to the scheduler of its
// name.
import { fault } from '../../protocol/faults.ts'
import type {
  AllocationFacts,
  AllocationServices,
  KnownAllocation,
  PollAnswer,
} from '../core/allocation-services.ts'
import { readExits } from './exits.ts'
import type { LauncherAccess } from './launcher-access.ts'
import type { AllocationSite } from './run-directory.ts'
import { localAllocationFile, writeRunDirectory } from './run-directory.ts'
import type { Scheduler } from './scheduler.ts'

/** Services over these schedulers. */
export function allocationServices(
  schedulers: readonly Scheduler[],
  site: AllocationSite,
  access: LauncherAccess,
): AllocationServices {
  const byName = new Map(schedulers.map((each) => [each.name, each]))
  const schedulerOf = (facts: AllocationFacts): Scheduler => {
    const found = byName.get(facts.scheduler)
    if (found !== undefined) return found
    throw fault('SCHEDULER_UNKNOWN', {
      name: facts.scheduler,
      known: [...byName.keys()].join(', '),
    })
  }

  return {
    submit: async (facts) => {
      const scheduler = byName.get(facts.scheduler)
      if (scheduler !== undefined) return await scheduler.submit(facts)
      return { kind: 'refused', said: `no scheduler is named ${facts.scheduler}` }
    },
    find: (facts) => schedulerOf(facts).findByToken(facts),
    poll: async (allocations) => {
      const groups = Map.groupBy(allocations, (each: KnownAllocation) => each.scheduler)
      const answers = new Map<number, PollAnswer>()
      for (const [name, group] of groups) {
        const found = await byName.get(name)?.poll(group)
        for (const [id, answer] of found ?? []) answers.set(id, answer)
      }
      return answers
    },
    cancel: (allocation, isForced) => schedulerOf(allocation).cancel(allocation, isForced),
    async prepareRun(facts) {
      const file = localAllocationFile(facts, site, await access.addressOf(facts.id))
      await writeRunDirectory(facts.runDirectory, file, facts.token)
      await access.grant(facts.id)
    },
    readExits,
    forget: ({ id }) => access.revoke(id),
  }
}
