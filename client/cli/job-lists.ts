// Lists of jobs, page by page: 50 on request, any number with --all, never all in memory.
import type { WorkflowItem } from '../../protocol/calls.ts'
import type { JobDetail, JobFilter, JobId, JobItem } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import type { JobState } from '../../protocol/states.ts'
import { jobStates } from '../../protocol/states.ts'
import { integerOf, isGiven } from './options.ts'
import { chosenJobs, isEverything } from './refs.ts'
import { detailText, historyText } from './show/detail.ts'
import { grouped, printList } from './show/document.ts'
import { jobColumns, moreJobColumns } from './show/job-columns.ts'
import { stateColour } from './show/look.ts'
import { type Column, renderTable } from './show/table.ts'
import type { Context, Parsed } from './verb.ts'

/** balsam ls jobs. Exit code 3 when something was asked for and nothing matched. */
export async function listJobs(context: Context, parsed: Parsed): Promise<number> {
  const filter = await chosenJobs({ ...parsed, args: parsed.args.slice(1) }, context)
  const isDetailed = isGiven(parsed, 'history') || isGiven(parsed, 'verbose')
  const print = isDetailed ? printDetails : printTable
  const total = await (isGiven(parsed, 'json') ? printDocument : print)(context, parsed, filter)
  return total > 0 || isEverything(filter) || isGiven(parsed, 'allowEmpty') ? 0 : 3
}

/** The shown jobs in pages, with what is known of the whole. */
async function* pages(
  context: Context,
  parsed: Parsed,
  filter: JobFilter,
): AsyncGenerator<{ items: readonly JobItem[]; total: number; isMore: boolean }, void, undefined> {
  let left = wantedCount(context, parsed)
  let after: JobId | null = integerOf(parsed, 'after', 0) ?? 0
  while (after !== null && left > 0) {
    const limit = Math.min(left, limits.pageJobsMax)
    const page = await context
      .balsam()
      .query({ filter, after, limit, fields: wantedFields(context) })
    left -= page.items.length
    after = page.next
    yield { items: page.items, total: page.total, isMore: after !== null }
  }
}

/** --limit, --all, Balsam 0.3's BALSAM_LS_LIMIT, or one screenful. */
function wantedCount(context: Context, parsed: Parsed): number {
  if (isGiven(parsed, 'all')) return Number.POSITIVE_INFINITY
  const asked = integerOf(parsed, 'limit', 1) ?? Number(context.terminal.env['BALSAM_LS_LIMIT'])
  return Number.isSafeInteger(asked) && asked > 0 ? asked : limits.pageJobsDefault
}

async function printTable(context: Context, parsed: Parsed, filter: JobFilter): Promise<number> {
  const columns = [...jobColumns, ...askedColumns(context)]
  let shown = 0
  let total = 0
  for await (const page of pages(context, parsed, filter)) {
    const text = renderTable(page.items, columns, context.look)
    // Only the first page brings the header.
    context.print(shown === 0 ? text : text.slice(text.indexOf('\n') + 1))
    shown += page.items.length
    total = page.total
  }
  sayTruncation(context, shown, total)
  return total
}

/** One document, written as the pages come. */
async function printDocument(context: Context, parsed: Parsed, filter: JobFilter): Promise<number> {
  context.print('{"schema":"balsam.jobs/1","items":[')
  let shown = 0
  let total = 0
  let isMore = false
  for await (const page of pages(context, parsed, filter)) {
    const text = page.items.map((item) => JSON.stringify(item)).join(',\n')
    context.print(`${shown > 0 && text !== '' ? ',\n' : ''}${text}`)
    shown += page.items.length
    ;({ total, isMore } = page)
  }
  context.print(`],"total":${total},"truncated":${isMore}}\n`)
  return total
}

async function printDetails(context: Context, parsed: Parsed, filter: JobFilter): Promise<number> {
  const text = isGiven(parsed, 'verbose') ? detailText : historyText
  let shown = 0
  let total = 0
  for await (const page of pages(context, parsed, filter)) {
    for (const item of page.items) {
      const job: JobDetail = await context.balsam().job(item.id)
      context.print(`${text(job)}\n`)
    }
    shown += page.items.length
    total = page.total
  }
  sayTruncation(context, shown, total)
  return total
}

function sayTruncation(context: Context, shown: number, total: number): void {
  if (shown < total) {
    context.say(`balsam: showing ${grouped(shown)} of ${grouped(total)}; --all shows all`)
  } else if (total === 0) context.say('balsam: no job matches')
}

/** Balsam 0.3's BALSAM_LS_FIELDS=a:b, any columns that queries know. */
function namedFields(context: Context): readonly string[] {
  return (context.terminal.env['BALSAM_LS_FIELDS'] ?? '').split(':').filter(Boolean)
}

/** Fields that the daemon must send beside what it always sends. */
function wantedFields(context: Context): readonly string[] {
  return namedFields(context).filter((field) => !isPlain(field))
}

function isPlain(field: string): boolean {
  return moreJobColumns[field] !== undefined || jobColumns.some(({ header }) => header === field)
}

function askedColumns(context: Context): Column<JobItem>[] {
  return namedFields(context).flatMap((field) => {
    const column = moreJobColumns[field]
    if (column !== undefined) return [column]
    if (isPlain(field)) return []
    return [{ header: field, importance: 2, cell: (job) => fieldText(job.fields?.[field]) }]
  })
}

function fieldText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

interface StateRow {
  readonly state: JobState
  readonly jobs: number
}

const stateColumns: readonly Column<StateRow>[] = [
  {
    header: 'state',
    importance: 1,
    cell: (row) => row.state,
    colour: (row) => stateColour(row.state),
  },
  { header: 'jobs', importance: 1, isRight: true, cell: (row) => String(row.jobs) },
]

/** balsam ls --by-states. */
export async function listByState(context: Context, parsed: Parsed): Promise<void> {
  const filter = await chosenJobs({ ...parsed, args: parsed.args.slice(1) }, context)
  const tally = await context.balsam().tally(filter)
  const rows = jobStates.map((state) => ({ state, jobs: tally.states[state] ?? 0 }))
  const present = rows.filter((row) => row.jobs > 0)
  if (isGiven(parsed, 'json')) context.print(`${JSON.stringify(tally)}\n`)
  else context.print(renderTable(present, stateColumns, context.look))
}

const workflowColumns: readonly Column<WorkflowItem>[] = [
  { header: 'workflow', importance: 1, cell: (row) => row.workflow },
  { header: 'jobs', importance: 1, isRight: true, cell: (row) => String(row.total) },
  { header: 'states', importance: 2, cell: (row) => statesText(row) },
]

/** balsam ls wf: workflows with their jobs by state. */
export async function listWorkflows(context: Context, parsed: Parsed): Promise<void> {
  const balsam = context.balsam()
  const filter = await chosenJobs({ ...parsed, args: parsed.args.slice(1) }, context)
  const rows = await balsam.workflows()
  if (isEverything(filter)) {
    printList(context, parsed, 'balsam.workflows/1', rows, workflowColumns)
    return
  }
  const chosen: WorkflowItem[] = []
  for (const { workflow } of rows) {
    if (filter.workflow !== undefined && filter.workflow !== workflow) continue
    const { total, states } = await balsam.tally({ ...filter, workflow })
    if (total > 0) chosen.push({ workflow, total, states })
  }
  printList(context, parsed, 'balsam.workflows/1', chosen, workflowColumns)
}

function statesText(row: WorkflowItem): string {
  const present = jobStates.filter((state) => row.states[state] !== undefined)
  return present.map((state) => `${row.states[state]} ${state}`).join(', ')
}
