/** What reading the files of messages, and speaking answers, needs of other rooms: a way out, a confined reader, an isolated program, a key, money. */
import { Problem, type AgentId, type Secret, type SecretSource, type SessionKey } from '@moltbot/contract'
import type { Egress, Reader } from './foundation/egress/index.ts'
import type { MediaNeeds, SetAside, SpeechNeeds } from './foundation/media/index.ts'
import type { IsolatedProgram, Isolation } from './journey/sandbox/index.ts'

export interface MediaNeedsOptions {
  egress: Pick<Egress, 'request'>
  reader: Reader
  secrets: SecretSource
  isolation(): Isolation
  limits(): IsolatedProgram['limits']
  /** Folders no program may look into, nor anything that holds them. */
  own: readonly string[]
  hide(text: string): string
  providers(): readonly string[]
  /** Names of the environment that hold a provider's key. */
  keyNames(provider: string): readonly string[]
  /** Whether a program stands where commands find it, and nobody but root can change it. */
  has(program: string): boolean
  setAside: SetAside
}

export function mediaNeeds({ egress, reader, secrets, isolation, limits, own, hide, providers, keyNames, has, setAside }: MediaNeedsOptions): MediaNeeds & SpeechNeeds {
  return {
    hide, providers, has, setAside, secret: (path) => secrets.get(path),
    read: ({ kind, charset, charsMax }, bytes, signal) => reader.read({ kind, charset, charsMax, url: '', as: 'markdown' }, bytes, signal),
    async credential(provider): Promise<Secret | undefined> {
      const configured = await secrets.get(`models.providers.${provider}.apiKey`)
      if (configured !== undefined) return configured
      for (const name of keyNames(provider)) {
        const found = await secrets.get(`env:${name}`)
        if (found !== undefined) return found
      }
      return undefined
    },
    async post({ purpose, url, own: origin, headers, secretHeader, body, timeoutMs, bytesMax, signal, principal }) {
      // In the accounts of what left, turning sound into words and back stands where agents do. Only the host that was configured is reached, or one we know.
      const identity = { use: 'media', hosts: [new URL(url).hostname], agent: purpose as string as AgentId, principal, owner: false, session: `media:${purpose}` as SessionKey } as const
      const answer = await egress.request(identity, {
        url, headers, post: body, bytesMax, timeoutMs, redirectsMax: 0, signal, ...(secretHeader === undefined ? {} : { secretHeader }), ...(origin === undefined ? {} : { trustedOrigin: origin }),
      })
      return { status: answer.status, body: answer.body }
    },
    async run({ words, workspace, readOnly, outputMax, input }, signal) {
      const forbidden = readOnly.find((folder) => own.some((each) => `${each}/`.startsWith(folder.endsWith('/') ? folder : `${folder}/`)))
      if (forbidden !== undefined) throw new Problem('media-folder', `${forbidden} holds what the gateway keeps to itself.`, { next: 'Name the folder of the model alone in tools.media.audio.models.' })
      const by = isolation()
      const state = await by.check()
      if (!state.available) throw new Problem('media-isolation', `Programs cannot be isolated here: ${state.reason}`, { next: state.remedy })
      const running = by.start({ words, workspace, readOnly, folder: [], env: {}, access: 'rw', hidden: [], pty: false, input: input !== undefined, limits: limits() })
      const stop = (): void => running.kill()
      signal.addEventListener('abort', stop, { once: true })
      if (signal.aborted) stop()
      // A program that ends before it has read everything is judged by how it ended.
      running.input?.on('error', () => undefined)
      running.input?.end(input)
      let output = ''
      running.output.on('data', (piece: Buffer) => {
        output += piece.toString('utf8')
        if (output.length > outputMax) stop()
      })
      const { code } = await running.ended
      signal.removeEventListener('abort', stop)
      return { code, output }
    },
  }
}
