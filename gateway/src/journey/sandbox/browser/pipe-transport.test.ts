import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { expect, it } from 'vitest'
import { pipeTransport } from './pipe-transport.ts'

function pipes() {
  const [toProgram, fromProgram] = [new PassThrough(), new PassThrough()]
  const heard: object[] = []
  const over: (string | undefined)[] = []
  let ended = 0
  const transport = pipeTransport({ toProgram, fromProgram }, () => { ended += 1 })
  transport.onmessage = (message) => heard.push(message)
  transport.onclose = (reason) => over.push(reason)
  return { toProgram, fromProgram, transport, heard, over, ended: () => ended }
}
it('messages arrive whole, wherever they are cut', async () => {
  const { fromProgram, heard, transport, toProgram } = pipes()
  const bytes = Buffer.from('{"id":1,"words":"Grüße"}\0{"id":2}\0')
  for (const byte of bytes) fromProgram.write(Buffer.from([byte]))
  await expect.poll(() => heard).toEqual([{ id: 1, words: 'Grüße' }, { id: 2 }])
  transport.send({ id: 3 })
  expect(String(toProgram.read())).toBe('{"id":3}\0')
})

it('what waits for an answer runs before the next message is told, though both come at once', async () => {
  const { fromProgram, transport } = pipes()
  const told: string[] = []
  let answer = (): void => undefined
  const answered = new Promise<void>((resolve) => { answer = resolve })
  void answered.then(async () => undefined).then(() => told.push('what waited for the answer'))
  transport.onmessage = (message) => ('id' in message ? answer() : told.push('what came next'))
  fromProgram.write('{"id":1}\0{"method":"next"}\0')
  await expect.poll(() => told.length).toBe(2)
  expect(told).toEqual(['what waited for the answer', 'what came next'])
})

it('the last that a browser says is told before its end', async () => {
  const { fromProgram, heard, transport } = pipes()
  const ended = new Promise<object[]>((resolve) => { transport.onclose = () => resolve([...heard]) })
  fromProgram.end('{"id":1}\0{"id":2}\0')
  expect(await ended).toEqual([{ id: 1 }, { id: 2 }])
})

it('a browser that talks nonsense is ended, once, and not listened to any more', async () => {
  const { fromProgram, heard, over, ended } = pipes()
  fromProgram.write('no json\0{"id":1}\0')
  fromProgram.end('{"id":2}\0')
  await finished(fromProgram)
  // All that came has been told by then, or never is.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  expect([heard, over, ended()]).toEqual([[], ['the browser said something unreadable'], 1])
})

it('its end is told, and nothing is sent after it', async () => {
  const { fromProgram, toProgram, transport, over, ended } = pipes()
  fromProgram.destroy()
  await expect.poll(ended).toBe(1)
  transport.send({ id: 1 })
  transport.close()
  expect([over, ended(), toProgram.read()]).toEqual([['the browser ended'], 1, null])
})
