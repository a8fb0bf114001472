import { fork } from 'node:child_process'
import { once } from 'node:events'
import { request, Agent } from 'node:http'
import { join } from 'node:path'
import { root } from '../test/support/spawned-gateway.ts'

export interface ModelProcess {
  baseUrl: string
  /** The bytes of the newest request it got from the gateway. */
  last(): Promise<string>
  /** Asks it directly, with the gateway's own bytes. Resolves with the milliseconds to the end of the answer. */
  ask(body: string): Promise<number>
  close(): Promise<void>
}

export async function startModelProcess(): Promise<ModelProcess> {
  const child = fork(join(root, 'bench', 'model-process.ts'), { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [hello] = (await once(child, 'message')) as [{ baseUrl: string }]
  const agent = new Agent({ keepAlive: true })
  return {
    baseUrl: hello.baseUrl,
    async last() {
      const answer = once(child, 'message')
      child.send('last')
      return ((await answer) as [{ last: string }])[0].last
    },
    ask: (body) => timedPost(`${hello.baseUrl}/chat/completions`, body, { agent }).then(({ ms }) => ms),
    async close() {
      agent.destroy()
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    },
  }
}

/** Posts JSON and reads the whole answer. Rejects on any status but 200. */
export function timedPost(url: string, body: string, options: { agent: Agent; headers?: Record<string, string> }): Promise<{ ms: number; text: string }> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    const post = request(url, { method: 'POST', agent: options.agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...options.headers } }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8')
        if (response.statusCode === 200) resolve({ ms: performance.now() - startedAt, text })
        else reject(new Error(`HTTP ${response.statusCode}: ${text.slice(0, 500)}`))
      })
    })
    post.on('error', reject)
    post.end(body)
  })
}
