import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Charge, ConfigView, IncomingMessage, Principal } from '@moltbot/contract'
import { memoryLogger, realClock } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { afterAll, describe, expect, it } from 'vitest'
import { createMedia, createSpeech, mediaSection, speechSection } from './foundation/media/index.ts'
import { bwrapIsolation } from './journey/sandbox/index.ts'
import { mediaNeeds } from './media-needs.ts'

const isolation = bwrapIsolation({ clock: realClock })
const state = await isolation.check()
const own = mkdtempSync(join(tmpdir(), 'moltbot-own-'))
afterAll(() => rmSync(own, { recursive: true, force: true }))

const needsHere = (): ReturnType<typeof mediaNeeds> => mediaNeeds({
  egress: { request: () => Promise.reject(new Error('no network here')) }, reader: { read: () => Promise.reject(new Error('no reader here')) }, secrets: { get: async () => undefined },
  isolation: () => isolation, limits: () => ({ memoryMb: 256, processes: 64, fileMb: 8, openFiles: 256, tmpMb: 8 }), own: [own], hide: (text) => text, providers: () => [], keyNames: () => [], has: () => false, setAside: async () => ({ settle: () => undefined }),
})

/** What a program of the operator's makes of a voice note; undefined: nothing. */
async function heard(args: string[], folders: string[] = []): Promise<string | undefined> {
  const log = memoryLogger()
  const media = createMedia({
    config: { get: () => Value.Default(mediaSection.schema, { audio: { models: [{ type: 'cli', command: '/bin/sh', args, folders }] } }) } as unknown as ConfigView, clock: realClock, log,
    needs: needsHere(),
  })
  const data = Buffer.from('OggS and so on').toString('base64')
  const message = { id: '1', chat: { channel: 'fake', account: 'default', chat: 'c', kind: 'direct' }, sender: { id: '7' }, sentAt: 0, text: '', mentioned: 'yes', attachments: [{ kind: 'voice', data }] } as unknown as IncomingMessage
  return (await media.read(message, { id: 'owner', role: 'owner' } as unknown as Principal, {} as Charge))?.attachments[0]?.reading?.text
}

// Where nothing isolates, no program runs at all; that is tested with the sandbox.
describe.runIf(state.available)('a program of the operator’s', () => {
  it('hears the sound and says its words, printed or in the file it was told', async () => {
    expect(await heard(['-c', 'head -c 4 {{MediaPath}}; echo " was heard"'])).toBe('OggS was heard')
    expect(await heard(['-c', 'echo noise; echo these words > {{OutputBase}}.txt'])).toBe('these words')
  })

  it('speaks what it reads from its input, and leads nobody out of its folder either', async () => {
    const said = async (script: string): Promise<string | undefined> => {
      const speech = createSpeech({
        config: { get: () => Value.Default(speechSection.schema, { provider: 'local', local: { command: '/bin/sh', args: ['-c', script, 'say', '{{OutputPath}}', '{{Voice}}'] } }) } as unknown as ConfigView,
        clock: realClock, log: memoryLogger(), needs: needsHere(),
      })
      return speech.speak('good `morning` $(id)', { wish: 'opus', charge: {} as Charge }, new AbortController().signal).then(({ bytes }) => bytes.subarray(12).toString(), () => undefined)
    }
    expect(await said('{ printf RIFF0000WAVE; printf "%s: " "$2"; cat; } > "$1"')).toBe('en: good `morning` $(id)\n')
    expect(await said('ln -s /etc/hostname "$1"')).toBeUndefined()
    expect(await said('exit 0')).toBeUndefined()
    expect(await said('{ printf RIFF0000WAVE; cat; } > "$1"; exit 3')).toBeUndefined()
  })

  it('leads nobody out of its folder by what it leaves there', async () => {
    expect(await heard(['-c', 'ln -s /etc/hostname {{OutputBase}}.txt; echo printed'])).toBe('printed')
  })

  it('reaches no network, sees nothing of the gateway’s, and is not believed when it fails', async () => {
    expect(await heard(['-c', `ls /sys/class/net 2>/dev/null | grep -v lo; test -e ${own} && echo seen; echo end`])).toBe('end')
    expect(await heard(['-c', 'echo words; exit 3'])).toBeUndefined()
    expect(await heard(['-c', 'echo never run'], [tmpdir()])).toBeUndefined()
  })
})
