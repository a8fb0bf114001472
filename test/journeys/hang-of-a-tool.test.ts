import { defineTool, type Tool } from '@moltbot/contract'
import { Type } from 'typebox'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { callTool, say } from '../fakes/model-servers/index.ts'
import { freeAfterMs, startHangingWorld, type HangingWorld } from '../support/hanging-world.ts'

const toolSeconds = 60
let world: HangingWorld
let runs = 0
/** Never ends, whatever it is told. */
const stuck = defineTool({
  name: 'stuck', description: 'Never ends.', input: Type.Object({}), needs: [], effects: () => [{ kind: 'writes-workspace', path: 'somewhere' }], summarize: () => 'Get stuck',
  run: () => {
    runs += 1
    return new Promise(() => {})
  },
})
beforeAll(async () => {
  world = await startHangingWorld({
    tools: [stuck as unknown as Tool],
    config: { messages: { queue: { mode: 'followup' } } },
    script: (request) => {
      const last = request.messages.at(-1)
      if (last?.role === 'tool') return [say(`the tool said: ${last.text}`)]
      return request.lastUserText.startsWith('get stuck') ? [callTool('stuck', {})] : [say(`heard: ${request.lastUserText}`)]
    },
  })
})
afterAll(() => world.at.close())

it('a tool that ignores its signal is given up at its deadline, the model hears why, and the queue goes on', async () => {
  const { at, olga, pass, until, heard } = world
  await olga.hand('get stuck')
  await until(() => runs === 1, 'the tool to run')
  await olga.hand('what comes after')
  await pass(toolSeconds * 1_000 + freeAfterMs, () => heard().length >= 2)
  await until(() => heard().length >= 2, 'both answers')
  expect(heard()[0]).toContain('did not end within 60 s; its outcome is unknown')
  expect(heard()[1]).toBe('heard: what comes after')
  await at.quiet()
})

it('/stop ends a turn whose tool ignores its signal, without waiting for the tool\'s deadline', async () => {
  const { at, olga, pass, until, heard } = world
  const before = heard().length
  await olga.hand('get stuck again')
  await until(() => runs === 2, 'the tool to run')
  await olga.hand('/stop')
  await pass(freeAfterMs, () => heard().length >= before + 1)
  await until(() => heard().length >= before + 1, 'the word that it stopped')
  await at.quiet()
  expect(heard().slice(before).join('\n')).toMatch(/stopped/i)
  expect(await olga.chat('still there?')).toBe('heard: still there?')
  expect(runs).toBe(2)
})
