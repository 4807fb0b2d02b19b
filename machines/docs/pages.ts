// The pages about all machines, by file name.
import { allocationMachine, shownAllocationStates } from '../allocation.ts'
import { attemptMachine } from '../attempt.ts'
import { daemonMachine } from '../daemon.ts'
import { jobMachine } from '../job.ts'
import { launcherMachine, shownLauncherStates } from '../launcher.ts'
import { nodeMachine } from '../node.ts'
import { type PageFacts, pageOf } from './page.ts'

/** The machines in the order in which a reader meets them. */
export const pageFacts: readonly PageFacts[] = [
  {
    machine: jobMachine,
    file: 'machines/job.ts',
    description:
      'One run request of an app. Its states are the public ones. `ADVANCE` is what the daemon ' +
      'delivers whenever a job has come to a state: the job goes on, or rests and names what the ' +
      'state is for; after a restart the same event names it again. Jobs are stepped by a table ' +
      'that is compiled from this definition.',
    undrawn: ['FORCE', 'KILL', 'RETRY', 'HANDLER_DONE'],
  },
  {
    machine: attemptMachine,
    file: 'machines/attempt.ts',
    description:
      'One lease of a job, from the assignment to its outcome. Its effects are the events that ' +
      'its job is told, in order, and `killTask`. Attempts, too, are stepped by a compiled table.',
  },
  {
    machine: allocationMachine,
    file: 'machines/allocation.ts',
    description:
      "A batch job of the site's scheduler that holds nodes. Not known is never ended: an " +
      'allocation ends on proof, or when its walltime and a grace have passed. A submission ' +
      'whose answer was lost is searched by its token before it is sent again.',
    shown: shownAllocationStates,
  },
  {
    machine: launcherMachine,
    file: 'machines/launcher.ts',
    description:
      'The program that runs on a node and takes jobs. Silence alone has no effect on its ' +
      'leases: they end by its goodbye, or with its allocation.',
    shown: shownLauncherStates,
  },
  {
    machine: nodeMachine,
    file: 'machines/node.ts',
    description: 'One node of an allocation. It is gone on proof only.',
  },
  {
    machine: daemonMachine,
    file: 'machines/daemon.ts',
    description: 'The daemon itself, from its start to its end.',
    undrawn: ['FAILED'],
  },
]

/** File names and contents of docs/machines. */
export function allPages(): ReadonlyMap<string, string> {
  const pages = pageFacts.map((facts): [string, string] => [
    `${facts.machine.id}.md`,
    pageOf(facts),
  ])
  const links = pageFacts.map(({ machine }) => `- [${machine.id}](${machine.id}.md)`)
  const index = [
    '# Machines',
    "<!-- Made by npm run docs from machines/docs/pages.ts. Don't edit. -->",
    'The statecharts that decide everything in Balsam, each page made from the definition in use.',
    links.join('\n'),
  ]
  return new Map([['README.md', `${index.join('\n\n')}\n`], ...pages])
}
