import { mkdtemp, readFile, lstat, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Problem, type PrincipalId, type Secret } from '@moltbot/contract'
import { fileKind } from './file-kind.ts'
import type { SpeechConfig } from './speech-config.ts'
import type { RunIsolated, Upload } from './transcribe.ts'

/** How a network wants recorded speech. `opus`: Opus in Ogg. */
export type SoundWish = 'opus' | 'mp3'
export interface MadeSound { bytes: Buffer; extension: string }
export type VoiceId = 'openai' | 'elevenlabs' | 'local'

export interface VoiceNeeds {
  post(upload: Upload): Promise<{ status: number; body: Buffer }>
  run: RunIsolated
  /** Whether a program of this name can be run on this machine, isolated. */
  has(program: string): boolean
}

/** No answer of a few thousand characters is longer, in whatever format. */
const soundBytesMax = 20_000_000
const inside = '/workspace'
const openaiUrl = 'https://api.openai.com/v1'
const elevenlabsUrl = 'https://api.elevenlabs.io'

/** Where a provider is asked. */
export const openaiBase = ({ openai }: SpeechConfig): string => openai.baseUrl?.replace(/(?<!\/)\/+$/, '') ?? openaiUrl
export const elevenlabsBase = ({ elevenlabs }: SpeechConfig): string => elevenlabs.baseUrl?.replace(/(?<!\/)\/+$/, '') ?? elevenlabsUrl

export interface Asked { text: string; wish: SoundWish; settings: SpeechConfig; key: Secret | undefined; principal: PrincipalId }

/** The sound of a text by OpenAI's way. Rejects with a `Problem` or whatever went wrong on the way. */
export function byOpenai({ text, wish, settings, key, principal }: Asked, needs: VoiceNeeds, signal: AbortSignal): Promise<MadeSound> {
  const { model, voice, instructions, speed, baseUrl } = settings.openai
  const body = { model, voice, input: text, response_format: wish, ...(instructions === undefined ? {} : { instructions }), ...(speed === undefined ? {} : { speed }) }
  const header = key === undefined ? undefined : { name: 'authorization', value: `Bearer ${key.open('speech of an answer')}` }
  return ask(`${openaiBase(settings)}/audio/speech`, baseUrl !== undefined, body, header, { settings, principal }, needs, signal)
}

export function byElevenlabs({ text, wish, settings, key, principal }: Asked, needs: VoiceNeeds, signal: AbortSignal): Promise<MadeSound> {
  const { voiceId, modelId, languageCode, voiceSettings: { stability, similarityBoost, style, useSpeakerBoost, speed }, baseUrl } = settings.elevenlabs
  const sounds = Object.entries({ stability, similarity_boost: similarityBoost, style, use_speaker_boost: useSpeakerBoost, speed }).filter(([, value]) => value !== undefined)
  const body = { text, model_id: modelId, ...(languageCode === undefined ? {} : { language_code: languageCode.toLowerCase() }), ...(sounds.length === 0 ? {} : { voice_settings: Object.fromEntries(sounds) }) }
  const header = key === undefined ? undefined : { name: 'xi-api-key', value: key.open('speech of an answer') }
  return ask(`${elevenlabsBase(settings)}/v1/text-to-speech/${voiceId}?output_format=${wish === 'opus' ? 'opus_48000_32' : 'mp3_44100_64'}`, baseUrl !== undefined, body, header, { settings, principal }, needs, signal)
}

async function ask(address: string, isOwn: boolean, words: object, secretHeader: { name: string; value: string } | undefined, { settings, principal }: Pick<Asked, 'settings' | 'principal'>, needs: VoiceNeeds, signal: AbortSignal): Promise<MadeSound> {
  const url = new URL(address)
  const { status, body } = await needs.post({
    purpose: 'speech', url: url.href, ...(isOwn ? { own: url.origin } : {}), headers: { 'content-type': 'application/json' }, ...(secretHeader === undefined ? {} : { secretHeader }),
    body: Buffer.from(JSON.stringify(words)), timeoutMs: settings.timeoutMs, bytesMax: soundBytesMax, signal, principal,
  })
  if (status !== 200) throw new Problem('speech-refused', `${url.host} answered with HTTP ${status}.`)
  return soundIn(body, url.host)
}

/** What it is by content: a page of words is no speech. */
function soundIn(bytes: Buffer, from: string): MadeSound {
  const kind = fileKind(bytes, { sound: true })
  if (kind?.kind !== 'sound') throw new Problem('speech-empty', `${from} gave no sound.`)
  return { bytes, extension: kind.extension }
}

/** The programs of this machine that speak without being set up, the better one first. */
const knownPrograms = ['espeak-ng', 'espeak'] as const

/** Which program speaks here; undefined: none. */
export function localProgram({ local }: SpeechConfig, has: (program: string) => boolean): string | undefined {
  return local.command ?? knownPrograms.find(has)
}

export async function byProgram({ text, settings }: Asked, needs: VoiceNeeds, signal: AbortSignal): Promise<MadeSound> {
  const { args, voice, folders = [] } = settings.local
  const command = localProgram(settings, needs.has)
  if (command === undefined) throw new Problem('speech-unset', 'No program of this machine speaks.', { next: 'Install espeak-ng.' })
  const usual = (knownPrograms as readonly string[]).includes(basename(command)) ? ['--stdin', '-v', '{{Voice}}', '-w', '{{OutputPath}}'] : ['{{OutputPath}}']
  return inFolder(async (workspace) => {
    const words = [command, ...(args ?? usual).map((arg) => arg.replaceAll('{{OutputPath}}', `${inside}/speech.wav`).replaceAll('{{Voice}}', voice))]
    const { code } = await needs.run({ words, workspace, readOnly: folders, outputMax: 100_000, input: `${text}\n` }, signal)
    if (code !== 0) throw new Problem('speech-refused', `${command} ended with ${code}.`)
    return soundIn(await written(join(workspace, 'speech.wav'), command), command)
  })
}

/** The programs that make what networks show as speech out of a sound, with how they are told. */
const encoders: Readonly<Record<SoundWish, readonly (readonly [program: string, ...args: string[]])[]>> = {
  opus: [
    ['ffmpeg', '-v', 'error', '-i', `${inside}/given`, '-vn', '-map_metadata', '-1', '-c:a', 'libopus', '-b:a', '32k', '-ar', '48000', '-ac', '1', `${inside}/made.ogg`],
    ['opusenc', '--quiet', '--bitrate', '32', `${inside}/given`, `${inside}/made.ogg`],
  ],
  mp3: [['ffmpeg', '-v', 'error', '-i', `${inside}/given`, '-vn', '-map_metadata', '-1', '-c:a', 'libmp3lame', '-b:a', '64k', '-ac', '1', `${inside}/made.mp3`], ['lame', '--quiet', '-b', '64', `${inside}/given`, `${inside}/made.mp3`]],
}

/** Names of the programs of which one is needed. */
export const encodersFor = (wish: SoundWish): string[] => encoders[wish].map(([program]) => program)

/** The sound as it is wished, where a program of this machine can make it so; else as it is. */
export async function asWished(sound: MadeSound, wish: SoundWish, needs: VoiceNeeds, signal: AbortSignal): Promise<MadeSound> {
  const isSo = wish === 'opus' ? sound.extension === 'ogg' && sound.bytes.subarray(0, 64).includes('OpusHead') : sound.extension === 'mp3'
  const encoder = isSo ? undefined : encoders[wish].find(([program]) => needs.has(program))
  if (encoder === undefined) return sound
  return inFolder(async (workspace) => {
    await writeFile(join(workspace, 'given'), sound.bytes, { mode: 0o600 })
    const { code } = await needs.run({ words: encoder, workspace, readOnly: [], outputMax: 100_000 }, signal)
    if (code !== 0) throw new Problem('speech-refused', `${encoder[0]} ended with ${code}.`)
    return soundIn(await written(join(workspace, wish === 'opus' ? 'made.ogg' : 'made.mp3'), encoder[0]), encoder[0])
  })
}

async function inFolder<T>(work: (workspace: string) => Promise<T>): Promise<T> {
  const workspace = await mkdtemp(join(tmpdir(), 'moltbot-sound-'))
  try {
    return await work(workspace)
  } finally {
    await rm(workspace, { recursive: true, force: true })
  }
}

/** What a program left there. It is a file of the sandbox: no link, no flood. */
async function written(file: string, by: string): Promise<Buffer> {
  const facts = await lstat(file).catch(() => undefined)
  if (facts === undefined || !facts.isFile() || facts.size === 0 || facts.size > soundBytesMax) throw new Problem('speech-empty', `${by} made no sound.`)
  return readFile(file)
}
