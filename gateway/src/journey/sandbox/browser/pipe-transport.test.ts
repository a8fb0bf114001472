import { PassThrough } from 'node:stream'
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
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('messages arrive whole, wherever they are cut', async () => {
  const { fromProgram, heard, transport, toProgram } = pipes()
  const bytes = Buffer.from('{"id":1,"words":"Grüße"}\0{"id":2}\0')
  for (const byte of bytes) fromProgram.write(Buffer.from([byte]))
  await settled()
  expect(heard).toEqual([{ id: 1, words: 'Grüße' }, { id: 2 }])
  transport.send({ id: 3 })
  expect(String(toProgram.read())).toBe('{"id":3}\0')
})

it('a browser that talks nonsense is ended, once, and not listened to any more', async () => {
  const { fromProgram, heard, over, ended } = pipes()
  fromProgram.write('no json\0{"id":1}\0')
  fromProgram.write('{"id":2}\0')
  await settled()
  expect([heard, over, ended()]).toEqual([[], ['the browser said something unreadable'], 1])
})

it('its end is told, and nothing is sent after it', async () => {
  const { fromProgram, toProgram, transport, over, ended } = pipes()
  fromProgram.destroy()
  await settled()
  transport.send({ id: 1 })
  transport.close()
  expect([over, ended(), toProgram.read()]).toEqual([['the browser ended'], 1, null])
})
