import { defineMethod } from '../method.ts'
import { actorOf, haltOf, HaltShape, haltRow } from '../wire/halt-of.ts'
import { closed } from '../wire/params.ts'

export const pause = defineMethod({
  name: 'pause',
  scope: 'operator.admin',
  summary: 'Holds everything, also over a restart: what comes in is kept, what is being done waits before its next step. Channels stay connected.',
  params: closed({}),
  result: HaltShape,
  async handle(_params, rooms, caller) {
    await haltOf(rooms).pause(actorOf(caller))
    return haltRow(rooms)
  },
})
