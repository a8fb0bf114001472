import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { memoryLogger, modelRequest, readModel, realClock } from '@moltbot/contract/testing'
import { expect, it } from 'vitest'
import openaiCompletions from '../openai-completions.ts'

it('does not hang up on a server that ends its answer a moment after the last word: the connection serves the next call', async () => {
  let tell: (hungUp: boolean) => void = () => undefined
  const ended = new Promise<boolean>((resolve) => { tell = resolve })
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"choices":[{"delta":{"content":"hi"}}]}\n\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
    setTimeout(() => {
      const hungUp = request.socket.destroyed
      response.end(() => tell(hungUp))
      if (hungUp) tell(true)
    }, 100)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    const model = openaiCompletions.connect({ id: 'fake', baseUrl, headers: {}, compat: {} }, { fetch: globalThis.fetch, clock: realClock, log: memoryLogger() })
    expect((await readModel(model.stream(modelRequest({})))).end.stop).toBe('end')
    expect(await ended).toBe(false)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})
