import { fork } from 'node:child_process'
import { once } from 'node:events'
import { request, Agent } from 'node:http'
import { join } from 'node:path'
import { root } from '../test/support/spawned-gateway.ts'

/** Milliseconds from asking to the first word of an answer, and to its end. */
export interface Times { first: number; end: number }

export interface ModelProcess {
  baseUrl: string
  /** The bytes of the newest request it got from the gateway. */
  last(): Promise<string>
  /** Asks it directly, with the gateway's own bytes. */
  ask(body: string): Promise<Times>
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
    ask: (body) => timedPost(`${hello.baseUrl}/chat/completions`, body, { agent }).then(({ times }) => times),
    async close() {
      agent.destroy()
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    },
  }
}

/** What the first piece of a streamed answer with words in it has. */
const words = /"content":\s*"[^"]/

/** Posts JSON and reads the whole answer; its first word is where the answer says `content` first. Rejects on any status but 200. */
export function timedPost(url: string, body: string, options: { agent: Agent; headers?: Record<string, string> }): Promise<{ times: Times; text: string }> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    const post = request(url, { method: 'POST', agent: options.agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...options.headers } }, (response) => {
      let text = ''
      let first: number | undefined
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
        if (first === undefined && words.test(text)) first = performance.now() - startedAt
      })
      response.on('error', reject)
      response.on('end', () => {
        const end = performance.now() - startedAt
        if (response.statusCode === 200) resolve({ times: { first: first ?? end, end }, text })
        else reject(new Error(`HTTP ${response.statusCode}: ${text.slice(0, 500)}`))
      })
    })
    post.on('error', reject)
    post.end(body)
  })
}
