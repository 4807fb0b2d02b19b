// Conditions as people type them: `data.energy<-3`, `tags.exp=first`, `args~seed`, and patterns
// with stars. What they may name is checked by the daemon.
import { fault } from '../../../protocol/faults.ts'
import type { Comparison, QueryOperator, Where } from '../../../protocol/query.ts'

const operators: Readonly<Record<string, QueryOperator>> = {
  '=': 'eq',
  '==': 'eq',
  '!=': 'ne',
  '<=': 'le',
  '>=': 'ge',
  '<': 'lt',
  '>': 'gt',
  '~': 'contains',
}

/** FIELD, an operator, a value: JSON where it is some (3, true, null), else text. */
export function parseCondition(text: string): Comparison {
  const found = /^([\w.-]+?)\s*(==|!=|<=|>=|=|<|>|~)\s*(.*)$/s.exec(text)
  const [, field = '', sign = '', value = ''] = found ?? []
  const op = operators[sign]
  if (op === undefined) {
    const what = `${text} is not FIELD=VALUE (or != < <= > >= ~)`
    throw fault('BAD_FIELD', { field: '--where', what })
  }
  const read = op === 'contains' ? value : jsonOrText(value)
  if (read === null) return { field, op: 'isnull', value: op === 'eq' }
  return { field, op, value: read }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** `run-*`, `*.dat`, `*md*`, `a*z`: a star stands for any text. Throws BAD_FIELD for others. */
export function patternCondition(field: string, pattern: string): Where {
  const [, before = '', value = '', after = ''] = /^(\*?)([^*]+)(\*?)$/.exec(pattern) ?? []
  if (value !== '' && before === '') return { field, op: 'startswith', value }
  if (value !== '') return { field, op: after === '' ? 'endswith' : 'contains', value }
  const [head = '', tail = '', more] = pattern.split('*')
  if (head === '' || tail === '' || more !== undefined) {
    const what = `${pattern} has stars where none can be: write x*, *x, *x* or x*y`
    throw fault('BAD_FIELD', { field: `--${field}`, what })
  }
  const ends: Comparison[] = [
    { field, op: 'startswith', value: head },
    { field, op: 'endswith', value: tail },
  ]
  return { all: ends }
}
