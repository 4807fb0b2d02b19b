// Conditions as people type them: `data.energy<-3`, `tags.exp=first`, `name~^run`, and patterns
// with stars. What they may name is checked by the daemon.
import { fault } from '../../../protocol/faults.ts'
import type { Comparison, QueryOperator } from '../../../protocol/query.ts'

const operators: Readonly<Record<string, QueryOperator>> = {
  '=': 'eq',
  '==': 'eq',
  '!=': 'ne',
  '<=': 'le',
  '>=': 'ge',
  '<': 'lt',
  '>': 'gt',
  '~': 'regex',
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
  const read = op === 'regex' ? value : jsonOrText(value)
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

/** `run-*`, `*md*`: stars stand for any text. */
export function patternCondition(field: string, pattern: string): Comparison {
  const inner = /^(\*?)([^*]+)(\*?)$/.exec(pattern)
  if (inner === null) {
    const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
    return { field, op: 'regex', value: `^${parts.join('.*')}$` }
  }
  const [, before, value = '', after] = inner
  if (before === '') return { field, op: 'startswith', value }
  return { field, op: after === '' ? 'endswith' : 'contains', value }
}
