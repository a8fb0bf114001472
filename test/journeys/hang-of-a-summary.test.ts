import { afterAll, beforeAll, expect, it } from 'vitest'
import { hang, say } from '../fakes/model-servers/index.ts'
import { freeAfterMs, startHangingWorld, type HangingWorld } from '../support/hanging-world.ts'

const turnSeconds = 60
let world: HangingWorld
/** Summaries hang while this is true. */
let hanging = true
beforeAll(async () => {
  world = await startHangingWorld({
    config: {
      agents: { defaults: { model: { primary: 'test/test-model' }, timeoutSeconds: turnSeconds, contextTokens: 16_000 } },
      messages: { queue: { mode: 'followup' } },
    },
    script: (request) => {
      // A summary is asked for without tools.
      if (request.tools.length === 0) return hanging ? [hang] : [say('## Open requests\nNone.\n\nThey talked about many words.')]
      return [say(`heard ${request.lastUserText.slice(0, 20)}`)]
    },
  })
})
afterAll(() => world.at.close())

const summaries = (): number => world.at.model.requests.filter((request) => request.tools.length === 0).length

it('a summary that never comes ends with its turn, in words, and the conversation goes on when summaries work again', async () => {
  const { at, olga, pass, until, heard } = world
  for (let count = 1; summaries() === 0 && count <= 30; count += 1) {
    const before = heard().length
    await olga.hand(`number ${count} ${'many words '.repeat(250)}`)
    await until(() => heard().length > before || summaries() > 0, 'an answer or a summary')
  }
  expect(summaries()).toBeGreaterThan(0)
  const before = heard().length
  await pass(turnSeconds * 1_000 + freeAfterMs, () => heard().length > before)
  await until(() => heard().length > before, 'the word that it did not work')
  expect(heard().at(-1)).toContain('⚠️')
  await at.quiet()
  hanging = false
  expect(await olga.chat('and now?')).toBe('heard and now?')
  await at.quiet()
})

it('/compact gives up on a summary that never comes and says so', async () => {
  const { at, olga, pass, until, heard } = world
  for (let count = 1; count <= 8; count += 1) await olga.chat(`again ${count} ${'many words '.repeat(250)}`)
  hanging = true
  const before = { heard: heard().length, summaries: summaries() }
  await olga.hand('/compact')
  await until(() => summaries() > before.summaries, 'the request for a summary')
  await pass(120_000 + freeAfterMs, () => heard().length > before.heard)
  await until(() => heard().length > before.heard, 'the word that nothing was summarised')
  expect(heard().at(-1)).toContain('the history stays as it was')
  await at.quiet()
  hanging = false
  expect(await olga.chat('still there?')).toBe('heard still there?')
})
