import { writeFile } from 'node:fs/promises'
import { Problem, Secret, type Charge, type ConfigView } from '@moltbot/contract'
import { FakeClock, memoryLogger } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { beforeEach, describe, expect, it } from 'vitest'
import { createSpeech, speechSection, type Speech, type SpeechNeeds } from './index.ts'
import type { Upload } from './transcribe.ts'

const opus = Buffer.from('OggS........OpusHead', 'latin1')
const wav = Buffer.from('RIFF\x10\0\0\0WAVEfmt ', 'latin1')
const charge = { principal: 'owner', agent: 'main', channel: 'fake', session: 'k', turn: 't1', privy: true } as unknown as Charge

let values: Record<string, unknown>
let keys: Record<string, string>
let installed: string[]
let uploads: Upload[]
let answers: (() => Promise<{ status: number; body: Buffer }>)[]
let spent: string[]
let runs: { words: readonly string[]; input: string | undefined; readOnly: readonly string[] }[]
let clock: FakeClock
let speech: Speech

const sounds = (body: Buffer, status = 200) => async () => ({ status, body })
const words = (upload: Upload | undefined): unknown => JSON.parse(upload?.body.toString('utf8') ?? 'null')
const say = (text = 'good morning', wish: 'opus' | 'mp3' = 'opus', first?: string): ReturnType<Speech['speak']> => speech.speak(text, { wish, charge, ...(first === undefined ? {} : { first }) }, new AbortController().signal)

beforeEach(() => {
  values = {}
  keys = { 'messages.tts.openai.apiKey': 'openai-key' }
  ;[installed, uploads, answers, spent, runs] = [[], [], [], [], []]
  clock = new FakeClock()
  const needs: SpeechNeeds = {
    async post(upload) {
      uploads.push(upload)
      return (answers.shift() ?? sounds(opus))()
    },
    async run({ words: given, workspace, readOnly, input }) {
      runs.push({ words: given, input, readOnly })
      const out = given.map((word) => word.replace('/workspace', workspace)).find((word) => word.endsWith('/speech.wav') || word.endsWith('/made.ogg') || word.endsWith('/made.mp3'))
      if (out !== undefined) await writeFile(out, out.endsWith('.ogg') ? opus : out.endsWith('.mp3') ? Buffer.from('ID3 and so on') : wav)
      return { code: 0, output: '' }
    },
    has: (program) => installed.includes(program),
    credential: async (provider) => (keys[provider] === undefined ? undefined : new Secret('k', keys[provider])),
    secret: async (path) => (keys[path] === undefined ? undefined : new Secret('k', keys[path])),
    providers: () => ['anthropic'],
    async setAside(_charge, { kind, provider, model, most, price }) {
      if (spent.includes('broke')) throw new Problem('budget-reached', 'no money')
      spent.push(`${kind} ${provider}/${model} ${most} at ${price?.usd ?? 'the ceiling'}`)
      let open = true
      return { settle: (amount) => { if (open) spent.push(`took ${amount}`); open = false } }
    },
  }
  speech = createSpeech({ config: { get: () => Value.Default(speechSection.schema, structuredClone(values)) } as unknown as ConfigView, clock, log: memoryLogger(), needs })
})

describe('who speaks', () => {
  it('nobody, where nobody is set up: words go to no company by themselves', async () => {
    keys = { openai: 'key-of-the-models', elevenlabs: 'key-of-the-environment' }
    await expect(say()).rejects.toMatchObject({ code: 'speech-unset' })
    expect([uploads, spent]).toEqual([[], []])
    expect((await speech.voices()).map(({ id, why }) => [id, why])).toEqual([['openai', 'it is not set up'], ['elevenlabs', 'it is not set up'], ['local', 'espeak-ng is not installed']])
  })

  it('who was chosen, with the key of its models, in the network’s form', async () => {
    values = { provider: 'openai', openai: { voice: 'onyx', instructions: 'cheerful', speed: 1.2 } }
    keys = { openai: 'key-of-the-models' }
    expect(await say()).toEqual({ bytes: opus, extension: 'ogg', by: 'openai' })
    expect(words(uploads[0])).toEqual({ model: 'gpt-4o-mini-tts', voice: 'onyx', input: 'good morning', response_format: 'opus', instructions: 'cheerful', speed: 1.2 })
    expect(uploads[0]).toMatchObject({ url: 'https://api.openai.com/v1/audio/speech', purpose: 'speech', secretHeader: { name: 'authorization', value: 'Bearer key-of-the-models' } })
    expect(uploads[0]?.own).toBeUndefined()
  })

  it('ElevenLabs in its own words', async () => {
    values = { provider: 'elevenlabs', elevenlabs: { voiceId: 'Rachel', voiceSettings: { stability: 0.5, useSpeakerBoost: true } } }
    keys = { 'messages.tts.elevenlabs.apiKey': 'xi-key' }
    await say('good morning', 'mp3')
    expect(uploads[0]).toMatchObject({ url: 'https://api.elevenlabs.io/v1/text-to-speech/Rachel?output_format=mp3_44100_64', secretHeader: { name: 'xi-api-key', value: 'xi-key' } })
    expect(words(uploads[0])).toEqual({ text: 'good morning', model_id: 'eleven_multilingual_v2', voice_settings: { stability: 0.5, use_speaker_boost: true } })
  })

  it('the next one when one fails; with `local` nobody else', async () => {
    installed = ['espeak-ng']
    answers = [sounds(Buffer.from('{}'), 500)]
    expect((await say()).by).toBe('local')
    expect(spent).toEqual(['speech openai/gpt-4o-mini-tts 0.012 at 0.02', 'took 0'])
    installed = []
    await expect(say('good morning', 'opus', 'local')).rejects.toMatchObject({ code: 'speech-unset' })
    expect(uploads).toHaveLength(1)
  })

  it('nobody for longer than it may take', async () => {
    answers = [() => new Promise(() => undefined)]
    const speaking = say()
    const ended = expect(speaking).rejects.toMatchObject({ code: 'media-timeout' })
    await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(30_000)
    await ended
  })
})

describe('a program of this machine', () => {
  it('is told the words by its input, and its recording is made what the network wants', async () => {
    installed = ['espeak-ng', 'ffmpeg']
    values = { provider: 'local', local: { voice: 'de' } }
    expect(await say('$(id); `id`\n--help')).toEqual({ bytes: opus, extension: 'ogg', by: 'local' })
    expect(runs.map(({ words: [program] }) => program)).toEqual(['espeak-ng', 'ffmpeg'])
    expect(runs[0]).toEqual({ words: ['espeak-ng', '--stdin', '-v', 'de', '-w', '/workspace/speech.wav'], input: '$(id); `id`\n--help\n', readOnly: [] })
    expect([spent, uploads]).toEqual([[], []])
  })

  it('speaks in its own form where nothing can change that, and says what is missing', async () => {
    values = { local: { command: '/opt/piper/piper', args: ['--model', '/opt/piper/de.onnx', '--output_file', '{{OutputPath}}'], folders: ['/opt/piper'] }, provider: 'local' }
    expect(await say()).toEqual({ bytes: wav, extension: 'wav', by: 'local' })
    expect(runs[0]).toMatchObject({ words: ['/opt/piper/piper', '--model', '/opt/piper/de.onnx', '--output_file', '/workspace/speech.wav'], readOnly: ['/opt/piper'] })
    expect(speech.missingEncoder('opus')).toBe('none of ffmpeg, opusenc is installed')
    installed = ['opusenc']
    expect(speech.missingEncoder('opus')).toBeUndefined()
  })
})

describe('what it costs', () => {
  it('is set aside by characters and kept; without money nobody is asked', async () => {
    values = { openai: { model: 'tts-1-hd' } }
    await say('x'.repeat(500))
    values = { openai: { baseUrl: 'http://10.0.0.4:8880/v1/', model: 'tts-1' } }
    await say('x'.repeat(100))
    expect(uploads[1]).toMatchObject({ url: 'http://10.0.0.4:8880/v1/audio/speech', own: 'http://10.0.0.4:8880' })
    expect(spent).toEqual(['speech openai/tts-1-hd 0.5 at 0.03', 'took 0.5', 'speech openai/tts-1 0.1 at the ceiling', 'took 0.1'])
    spent = ['broke']
    await expect(say()).rejects.toMatchObject({ code: 'budget-reached' })
    expect(uploads).toHaveLength(2)
  })

  it('is nothing for a refusal, and everything for what broke off or was no sound', async () => {
    for (const [end, took] of [[sounds(Buffer.from('no'), 401), 0], [() => Promise.reject(new Problem('egress-off', 'cut')), 0], [() => Promise.reject(new Problem('egress-timeout', 'late')), 0.012], [sounds(Buffer.from('<html>')), 0.012]] as const) {
      answers = [end]
      await expect(say()).rejects.toBeInstanceOf(Problem)
      expect(spent.at(-1)).toBe(`took ${took}`)
    }
  })
})
