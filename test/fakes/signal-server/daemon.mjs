/** As little of signal-cli's daemon as it takes to be started, to answer for one account, and to die when it is told to (`/die`). Takes the real one's arguments. */
import { createServer } from 'node:http'

const [host, port] = process.argv[process.argv.indexOf('--http') + 1].split(':')
const results = { listDevices: [], getUserStatus: [] }

createServer(async (request, response) => {
  if (request.url === '/die') process.exit(1)
  if (request.url === '/api/v1/check') return response.end()
  if (request.url.startsWith('/api/v1/events')) return response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n')
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const { id, method } = JSON.parse(Buffer.concat(chunks).toString())
  response.end(JSON.stringify({ jsonrpc: '2.0', id, ...(results[method] === undefined ? { error: { code: -32601, message: 'Method not implemented' } } : { result: results[method] }) }))
}).listen(Number(port), host)
