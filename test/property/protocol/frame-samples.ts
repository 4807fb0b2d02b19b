// Arbitrary frames of both directions and, independent of the checks, what a frame may be.
import * as fc from 'fast-check'
import { z } from 'zod'
import type {
  DaemonFrame,
  LauncherFrame,
  StepPlan,
  TaskTemplate,
} from '../../../protocol/frames.ts'
import { exitStride, frameKind } from '../../../protocol/frames.ts'

const token = fc.nat({ max: 2 ** 40 })
const tokens = fc.array(token, { maxLength: 30 })
const word = fc.string({ maxLength: 40 }).filter((text) => !text.includes('\0'))
const path = word.map((text) => `/${text}`)
const environment = fc
  .array(fc.tuple(fc.stringMatching(/^[A-Z][A-Z_]{0,8}$/), word), { maxLength: 4 })
  .map((entries): Record<string, string> => Object.fromEntries(entries))

const timeoutMs = fc.integer({ min: 1, max: 2 ** 40 })
const step: fc.Arbitrary<StepPlan> = fc.oneof(
  fc.record({
    kind: fc.constant('hook' as const),
    log: word,
    header: word,
    tailLines: fc.nat({ max: 100 }),
    timeoutMs,
  }),
  fc.record({
    kind: fc.constant('stageIn' as const),
    url: path,
    globs: fc.array(word, { maxLength: 3 }),
    parents: fc.array(fc.tuple(token, path), { maxLength: 3 }),
    parentsTotal: fc.nat({ max: 3 }),
    timeoutMs,
  }),
  fc.record({
    kind: fc.constant('stageOut' as const),
    url: path,
    globs: fc.array(word, { maxLength: 3 }),
    timeoutMs,
  }),
)

const runTemplate: fc.Arbitrary<TaskTemplate> = fc.record({
  templateId: token,
  name: word,
  argv: fc.array(word, { minLength: 1, maxLength: 5 }),
  environment,
  envscript: path,
  cpus: fc.oneof(fc.integer({ min: 1, max: 64 }), fc.constantFrom(0.25, 1 / 3)),
  arrayOffset: fc.option(fc.integer({ min: -100, max: 2 ** 40 })),
  workdirRoot: fc.option(path),
  cwd: path,
  output: fc.oneof(
    fc.constant('workdir' as const),
    fc.constant(null),
    path.map((file) => ({ file })),
  ),
})
const template: fc.Arbitrary<TaskTemplate> = fc.oneof(
  runTemplate,
  fc
    .tuple(runTemplate, step)
    .map(([run, plan]) => ({ ...run, cpus: 0, isCwdMade: true, step: plan })),
)

const exit = fc.tuple(
  token,
  fc.integer({ min: -1, max: 255 }),
  fc.integer({ min: 0, max: 64 }),
  fc.nat({ max: 2 ** 42 }),
  token,
  token,
  token,
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
  fc.nat({ max: 9 }),
)

/** Any frame a launcher may send. */
export const launcherFrames: fc.Arbitrary<LauncherFrame> = fc.oneof(
  fc.tuple(
    fc.constant(frameKind.hello),
    fc.record({
      versionOldest: fc.constant(1),
      versionNewest: fc.integer({ min: 1, max: 9 }),
      siteId: word,
      allocationId: token,
      nodeIndex: fc.nat({ max: 64 }),
      node: word,
      incarnation: word,
      pid: token,
      cpus: fc.integer({ min: 1, max: 512 }),
      memoryMiB: token,
      epochSeen: token,
      held: tokens,
      hookSlots: fc.nat({ max: 100 }),
    }),
  ),
  fc.tuple(
    fc.constant(frameKind.started),
    fc.array(fc.tuple(token, token), { maxLength: 9 }).map((pairs) => pairs.flat()),
  ),
  fc.tuple(
    fc.constant(frameKind.exited),
    token,
    fc.array(exit, { maxLength: 9 }).map((list) => list.flat()),
    fc.array(fc.tuple(token, word), { maxLength: 3 }),
  ),
  fc.tuple(fc.constant(frameKind.returned), tokens),
  fc.tuple(fc.constant(frameKind.heartbeat), token, token, fc.constantFrom(0, 1.5, 99), token),
  fc.tuple(fc.constant(frameKind.bye), word),
  fc.tuple(fc.constant(frameKind.call), token, fc.constantFrom('GET', 'POST'), path, word, token),
)

/** Any frame a daemon may send. */
export const daemonFrames: fc.Arbitrary<DaemonFrame> = fc.oneof(
  fc.tuple(fc.constant(frameKind.welcome), fc.constant(1), token, token, fc.constant(5000)),
  fc.tuple(fc.constant(frameKind.refused), word, word),
  fc.tuple(
    fc.constant(frameKind.assign),
    token,
    fc.array(template, { maxLength: 3 }),
    fc.array(fc.tuple(token, token, token, token), { maxLength: 9 }).map((list) => list.flat()),
    tokens,
  ),
  fc.tuple(fc.constant(frameKind.ack), token, token),
  fc.tuple(fc.constant(frameKind.kill), token, tokens, token),
  fc.tuple(fc.constant(frameKind.recall), token, token),
  fc.tuple(fc.constant(frameKind.takeBack), token, tokens),
  fc.tuple(
    fc.constant(frameKind.drain),
    token,
    fc.constantFrom('finish' as const, 'stop' as const),
    token,
  ),
  fc.tuple(fc.constant(frameKind.answer), token, fc.integer({ min: 100, max: 599 }), word),
)

const n = z.int().min(0)
const ns = z.array(n)
const multipleOf = (stride: number) => (list: readonly number[]) => list.length % stride === 0

/** What the types in frames.ts allow a launcher to say. */
export const launcherShape = z.union([
  z.tuple([
    z.literal(1),
    z.strictObject({
      versionOldest: n,
      versionNewest: n,
      siteId: z.string(),
      allocationId: n,
      nodeIndex: n,
      node: z.string(),
      incarnation: z.string(),
      pid: n,
      cpus: n,
      hookSlots: n,
      memoryMiB: z.number().min(0),
      epochSeen: n,
      held: ns,
    }),
  ]),
  z.tuple([z.literal(5), ns.refine(multipleOf(2))]),
  z.tuple([
    z.literal(6),
    n,
    z.array(z.int()).refine(multipleOf(exitStride)),
    z.array(z.tuple([n, z.string()])),
  ]),
  z.tuple([z.literal(10), ns]),
  z.tuple([z.literal(11), n, n, z.number().min(0), z.number().min(0)]),
  z.tuple([z.literal(13), z.string()]),
  z.tuple([z.literal(14), n, z.string(), z.string(), z.string(), n]),
])

const words = z.array(z.string())
const stepShape = z.union([
  z.strictObject({
    kind: z.literal('hook'),
    log: z.string(),
    header: z.string(),
    tailLines: n,
    timeoutMs: n,
  }),
  z.strictObject({
    kind: z.literal('stageIn'),
    url: z.string(),
    globs: words,
    parents: z.array(z.tuple([n, z.string()])),
    parentsTotal: n,
    timeoutMs: n,
  }),
  z.strictObject({ kind: z.literal('stageOut'), url: z.string(), globs: words, timeoutMs: n }),
])

/** What the types in frames.ts allow a daemon to say. */
export const daemonShape = z.union([
  z.tuple([z.literal(2), n, n, n, n]),
  z.tuple([z.literal(3), z.string(), z.string()]),
  z.tuple([
    z.literal(4),
    n,
    z.array(
      z.strictObject({
        templateId: n,
        name: z.string(),
        argv: z.array(z.string().refine((text) => !text.includes('\0'))).min(1),
        environment: z.record(z.string(), z.string()),
        envscript: z.string(),
        cpus: z.number().min(0),
        isCwdMade: z.literal(true).optional(),
        step: stepShape.optional(),
        arrayOffset: z.int().nullable(),
        workdirRoot: z.string().nullable(),
        cwd: z.string(),
        output: z.union([z.literal('workdir'), z.null(), z.strictObject({ file: z.string() })]),
      }),
    ),
    ns.refine(multipleOf(4)),
    ns,
  ]),
  z.tuple([z.literal(7), n, n]),
  z.tuple([z.literal(8), n, ns, n]),
  z.tuple([z.literal(9), n, n]),
  z.tuple([z.literal(16), n, ns]),
  z.tuple([z.literal(12), n, z.enum(['finish', 'stop']), n]),
  z.tuple([z.literal(15), n, n, z.string()]),
])
