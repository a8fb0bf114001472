import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readIfThere } from '../support/read-if-there.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let world: TestGateway
beforeAll(async () => {
  world = await startTestGateway({ config: { channels: { telegram: { process: 'own' } } } })
  await world.pairOwner()
})
afterAll(() => world.close())

/** The processes that this one started, with their command lines. */
function children(): { pid: number; command: string }[] {
  return readdirSync('/proc/self/task').flatMap((task) => readIfThere(`/proc/self/task/${task}/children`).trim().split(' ').filter((pid) => pid !== '').map(Number))
    .map((pid) => ({ pid, command: readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' ') }))
}

it('answers from its own process, and after that was killed in the middle nothing is lost and nothing comes twice', { skip: process.platform !== 'linux' }, async () => {
  const { telegram, gateway } = world
  const owner = telegram.user(1001)
  telegram.say(owner, 'first')
  await telegram.nextSent((message) => message.text.includes('first'))
  // What is being sent while its process dies may be sent again, marked: that is another story.
  await world.quiet()
  const [before, ...more] = children().filter(({ command }) => command.includes('channel-process'))
  expect(more).toEqual([])
  expect(before).toBeDefined()
  telegram.say(owner, 'second')
  process.kill(before?.pid ?? 0, 'SIGKILL')
  telegram.say(owner, 'third')
  await telegram.nextSent((message) => message.text.includes('third'), 60_000)
  await world.quiet()
  const answers = telegram.sent.filter((message) => message.chatId === 1001 && /first|second|third/.test(message.text))
  for (const word of ['first', 'second', 'third']) expect(answers.filter((message) => message.text.includes(word)).length, word).toBe(1)
  const [after] = children().filter(({ command }) => command.includes('channel-process'))
  expect(after?.pid).not.toBe(before?.pid)
  expect(gateway.rooms.connections.status().find(({ channel }) => channel === 'telegram')?.health.kind).toBe('connected')
  // No token of ours is told to anybody who looks at what runs.
  expect(after?.command).not.toMatch(/\d{6,}:AA/)
})
