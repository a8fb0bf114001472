/**
 * The fake Bot API server as a process of its own:
 *
 *   tsx test/fakes/telegram-server/serve.ts [--port N] [--control-port N] [--token T]
 *
 * Prints one line of JSON, `{ "apiRoot", "port", "token", "control" }`, once both ports are open. `POST <control>/<name>`
 * with a JSON list calls the function of that name (`say`, `user`, `fault` …); `GET <control>/state` tells counts, what the
 * bot sent and what it has not confirmed. Ends on SIGTERM and SIGINT.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { startTelegramServer } from './telegram-server.ts'

const { values } = parseArgs({ options: { port: { type: 'string' }, 'control-port': { type: 'string' }, token: { type: 'string' } } })
const server = await startTelegramServer({ port: Number(values.port ?? 0), ...(values.token === undefined ? {} : { token: values.token }) })

const callable = [
  'user', 'group', 'topic', 'say', 'edit', 'press', 'react', 'post', 'migrate', 'memberChange', 'inject', 'redeliver', 'fault', 'clearFaults', 'block', 'unblock',
  'conflict', 'revokeToken', 'restoreToken', 'dropConnections', 'deafen', 'goOffline', 'goOnline', 'counts', 'unconfirmed', 'isConfirmed',
] as const

const control = createServer((request, response) => {
  const answer = (status: number, body: unknown): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? null))
  const name = (request.url ?? '/').slice(1)
  if (request.method === 'GET' && name === 'state') {
    return answer(200, { counts: server.counts(), sent: server.sent, unconfirmed: server.unconfirmed(), commands: server.commands, typing: server.typing.length })
  }
  const known = callable.find((one) => one === name)
  if (request.method !== 'POST' || known === undefined) return answer(404, { error: 'no such function' })
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const run = async (): Promise<unknown> => {
      const text = Buffer.concat(chunks).toString('utf8')
      const list: unknown = text === '' ? [] : JSON.parse(text)
      if (!Array.isArray(list)) throw new Error('the body must be a JSON list of arguments')
      return (server[known] as (...given: unknown[]) => unknown)(...(list as unknown[]))
    }
    run().then((result) => answer(200, result), (error: unknown) => answer(400, { error: String(error) }))
  })
})
control.listen(Number(values['control-port'] ?? 0), '127.0.0.1', () => {
  const { port } = control.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ apiRoot: server.apiRoot, port: server.port, token: server.token, control: `http://127.0.0.1:${port}` })}\n`)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    control.close()
    control.closeAllConnections()
    void server.close().then(() => process.exit(0))
  })
}
