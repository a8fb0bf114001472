import { afterAll, beforeAll, expect, it } from 'vitest'
import { hang, say } from '../fakes/model-servers/index.ts'
import { freeAfterMs, startHangingWorld, type HangingWorld } from '../support/hanging-world.ts'

const turnSeconds = 60
let world: HangingWorld
beforeAll(async () => {
  world = await startHangingWorld({
    config: { agents: { defaults: { model: { primary: 'test/test-model' }, timeoutSeconds: turnSeconds } }, messages: { queue: { mode: 'followup' } } },
    script: (request) => {
      if (request.lastUserText === 'say nothing at all') return [hang]
      if (request.lastUserText === 'stop in the middle') return [say('It begins well and then '), hang]
      return [say(`heard: ${request.lastUserText}`)]
    },
  })
})
afterAll(() => world.at.close())

it.each([
  ['a model that never begins', 'say nothing at all', undefined],
  ['a model that falls silent in the middle', 'stop in the middle', 'It begins well and then'],
])('%s costs its turn only: what arrived and the reason are told, and the next message is answered', async (_name, words, partial) => {
  const { at, olga, pass, until, heard } = world
  const asked = at.model.requests.length
  const before = heard().length
  await olga.hand(words)
  await at.model.arrived(asked + 1)
  await olga.hand(`after "${words}"`)
  await pass(turnSeconds * 1_000 + freeAfterMs, () => heard().length >= before + 2)
  await until(() => heard().length >= before + 2, 'the end of the turn and the next answer')
  await at.quiet()
  const [told, next] = heard().slice(before)
  if (partial !== undefined) expect(told).toContain(partial)
  expect(told).toContain('⚠️ I stopped: this took longer than 1 minute.')
  expect(next).toBe(`heard: after "${words}"`)
})
