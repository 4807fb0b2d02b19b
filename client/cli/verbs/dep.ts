// balsam dep: makes one job wait for another, as in Balsam 0.3.
import { refOf } from '../refs.ts'
import type { Verb } from '../verb.ts'

/** The verb. */
export const dep: Verb = {
  declare(command) {
    command
      .argument('<parent>', 'id, unique name, or current')
      .argument('<child>', 'id, unique name, or current; it may not have started')
  },
  async run(context, parsed) {
    const balsam = context.balsam()
    const [parent, child] = await Promise.all(
      [parsed.args[0], parsed.args[1]].map((word) => balsam.job(refOf(word ?? '', context))),
    )
    if (parent === undefined || child === undefined) throw new Error('there are two jobs')
    const receipt = await balsam.addDependencies([[parent.id, child.id]])
    if (parsed.options['json'] === true) context.print(`${JSON.stringify(receipt)}\n`)
    const link = `${parent.name} (${parent.id}) --> ${child.name} (${child.id})`
    context.say(`balsam: ${receipt.added === 0 ? 'there already is' : 'made'} the link ${link}`)
    return 0
  },
}
