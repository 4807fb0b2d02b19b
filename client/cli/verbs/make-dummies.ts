// balsam make_dummies N: jobs that only say hello, to try things out; Balsam 0.3's verb.
import { fault } from '../../../protocol/faults.ts'
import { printReceipt } from '../show/receipt.ts'
import type { Verb } from '../verb.ts'

/** The verb. */
export const makeDummies: Verb = {
  declare(command) {
    command.argument('<N>', 'how many')
  },
  async run(context, parsed) {
    const text = parsed.args[0] ?? ''
    const last = /^\d[\d_]*$/.test(text) ? Number(text.replaceAll('_', '')) : 0
    if (last < 1 || !Number.isSafeInteger(last)) {
      throw fault('BAD_FIELD', { field: 'N', what: `${text} is no whole number of at least 1` })
    }
    const receipt = await context.balsam().submit([
      {
        name: 'dummy',
        workflow: 'dummy',
        command: ['echo', 'hello'],
        resources: { cpus: null, nodePackingCount: 64 },
        array: { first: 1, last },
      },
    ])
    printReceipt(context, parsed, receipt, 'echo hello (workflow dummy)')
    return 0
  },
}
