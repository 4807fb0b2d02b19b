// The table of balsam's verbs, in the order of the help. Loading one loads nothing of the others.
import type { VerbEntry } from './verb.ts'

/** Every verb. */
export const verbs: readonly VerbEntry[] = [
  {
    name: 'init',
    group: 'start',
    summary: 'make a site',
    load: async () => (await import('./verbs/init.ts')).init,
  },
  {
    name: 'app',
    group: 'start',
    summary: 'name an application',
    load: async () => (await import('./verbs/app.ts')).app,
  },
  {
    name: 'job',
    group: 'start',
    summary: 'add a job of an application',
    load: async () => (await import('./verbs/job.ts')).job,
  },
  {
    name: 'submit',
    group: 'start',
    summary: 'add jobs of a plain command',
    load: async () => (await import('./verbs/submit.ts')).submit,
  },
  {
    name: 'spawn',
    group: 'start',
    summary: 'within a task, add a changed copy of its job',
    load: async () => (await import('./verbs/spawn.ts')).spawn,
  },
  {
    name: 'mkchild',
    group: 'start',
    summary: 'within a task, add a job that waits for it',
    load: async () => (await import('./verbs/mkchild.ts')).mkchild,
  },
  {
    name: 'make_dummies',
    group: 'start',
    summary: 'add jobs that say hello, to try things out',
    load: async () => (await import('./verbs/make-dummies.ts')).makeDummies,
  },
  {
    name: 'submit-launch',
    group: 'start',
    summary: 'ask the scheduler for nodes',
    load: async () => (await import('./verbs/submit-launch.ts')).submitLaunch,
  },
  {
    name: 'launcher',
    group: 'start',
    summary: 'run jobs here, in the foreground',
    load: async () => (await import('./verbs/launcher.ts')).launcher,
  },
  {
    name: 'ls',
    group: 'look',
    summary: 'list jobs, apps, workflows, allocations, launchers',
    load: async () => (await import('./verbs/ls.ts')).ls,
  },
  {
    name: 'wait',
    group: 'look',
    summary: 'wait until jobs have ended',
    load: async () => (await import('./verbs/wait.ts')).wait,
  },
  {
    name: 'show',
    group: 'look',
    summary: 'all about a job',
    load: async () => (await import('./verbs/show.ts')).show,
  },
  {
    name: 'out',
    group: 'look',
    summary: "a job's output",
    load: async () => (await import('./verbs/out.ts')).out,
  },
  {
    name: 'log',
    group: 'look',
    summary: 'logs of daemon and launchers',
    load: async () => (await import('./verbs/log.ts')).log,
  },
  {
    name: 'dep',
    group: 'act',
    summary: 'make a job wait for another',
    load: async () => (await import('./verbs/dep.ts')).dep,
  },
  {
    name: 'kill',
    aliases: ['killjob'],
    group: 'act',
    summary: 'kill jobs',
    load: async () => (await import('./verbs/kill.ts')).kill,
  },
  {
    name: 'modify',
    group: 'act',
    summary: 'change jobs or apps',
    load: async () => (await import('./verbs/modify.ts')).modify,
  },
  {
    name: 'retry',
    group: 'act',
    summary: 'run ended jobs again',
    load: async () => (await import('./verbs/retry.ts')).retry,
  },
  {
    name: 'rm',
    group: 'act',
    summary: 'remove jobs from the site',
    load: async () => (await import('./verbs/rm.ts')).rm,
  },
  {
    name: 'which',
    group: 'manage',
    summary: 'the site in use, and all known ones',
    load: async () => (await import('./verbs/which.ts')).which,
  },
  {
    name: 'config',
    group: 'manage',
    summary: 'show and change settings',
    load: async () => (await import('./verbs/config.ts')).config,
  },
  {
    name: 'site',
    group: 'manage',
    summary: 'back up and restore a site',
    load: async () => (await import('./verbs/site.ts')).site,
  },
  {
    name: 'server',
    group: 'manage',
    summary: "Balsam 0.3's words for balsamd",
    load: async () => (await import('./verbs/server.ts')).server,
  },
]

/** Verbs of Balsam 0.3 that this version lacks: known, so that they are refused by name. */
export const laterVerbs: Readonly<Record<string, string>> = {
  service: 'the service that asks for allocations by itself (balsam service)',
}
