import { randomUUID } from 'node:crypto'
import { lstat, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Problem, type Charge, type PrincipalId, type Secret } from '@moltbot/contract'
import type { MediaConfig } from './config.ts'
import { costsNothing } from './costs-nothing.ts'
import { priceOfListening } from './prices.ts'
import { soundSeconds } from './sound-length.ts'

type Transcriber = MediaConfig['audio']['models'][number]

export interface Sound { bytes: Buffer; mimeType: string; extension: string }

/** One POST through the gateway's own way out. `own`: an origin that the operator wrote into the configuration, which may be near. */
export interface Upload {
  /** Under which name it stands in the accounts of what left. */
  purpose: 'transcription' | 'speech'
  url: string
  own?: string
  headers: Readonly<Record<string, string>>
  secretHeader?: { name: string; value: string }
  body: Buffer
  timeoutMs: number
  bytesMax: number
  signal: AbortSignal
  principal: PrincipalId
}

/** Sets money aside for what is paid for by thousands of characters or by minutes. Rejects with a `Problem` when there is none; to be settled with what was taken, 0 for nothing. */
export type SetAside = (charge: Charge, expense: { kind: 'speech' | 'listening'; provider: string; model: string; baseUrl: string; most: number; price?: { usd: number; from: 'catalog' | 'config' } }, signal: AbortSignal) => Promise<{ settle(amount: number): void }>

/** A program of the operator's, isolated and without network; `workspace` stands at `/workspace` inside. `input`: what it reads. Resolves with its code and what it printed. */
export type RunIsolated = (program: { words: readonly string[]; workspace: string; readOnly: readonly string[]; outputMax: number; input?: string }, signal: AbortSignal) => Promise<{ code: number; output: string }>

export interface TranscribeNeeds {
  post(upload: Upload): Promise<{ status: number; body: Buffer }>
  run: RunIsolated
  /** The key of a provider of models. */
  credential(provider: string): Promise<Secret | undefined>
  setAside: SetAside
}

const known: Readonly<Record<string, { baseUrl: string; model: string }>> = {
  openai: { baseUrl: 'https://api.openai.com/v1', model: 'gpt-4o-mini-transcribe' },
  groq: { baseUrl: 'https://api.groq.com/openai/v1', model: 'whisper-large-v3-turbo' },
}
/** Providers that turn sound into words by themselves, where their key is set. */
export const knownTranscribers: readonly string[] = Object.keys(known)
const answerBytesMax = 2_000_000
/** How a program of the operator's sees the folder that holds the sound. */
const inside = '/workspace'

/** The words of a sound by one way. Rejects with a `Problem` or whatever went wrong on the way. */
export async function transcribe(by: Transcriber, sound: Sound, settings: { timeoutMs: number; language?: string; prompt?: string }, who: Charge, needs: TranscribeNeeds, signal: AbortSignal): Promise<string> {
  const text = by.type === 'cli' || (by.type === undefined && by.command !== undefined) ? await byProgram(by, sound, needs, signal) : await byProvider(by, sound, settings, who, needs, signal)
  // A note of silence has no words, and a program's colours are none.
  return text.replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, '').replaceAll(/[\0-\x08\x0b-\x1f\x7f]/g, '').replaceAll('\r\n', '\n').trim()
}

async function byProvider(by: Transcriber, sound: Sound, { timeoutMs, language, prompt }: { timeoutMs: number; language?: string; prompt?: string }, charge: Charge, needs: TranscribeNeeds, signal: AbortSignal): Promise<string> {
  const provider = by.provider ?? (by.baseUrl === undefined ? 'openai' : undefined)
  const defaults = provider === undefined ? undefined : known[provider]
  const baseUrl = by.baseUrl ?? defaults?.baseUrl
  if (baseUrl === undefined) throw new Problem('media-unset', `Where ${provider ?? 'the transcriber'} is, is not said.`, { next: 'Set baseUrl in tools.media.audio.models.' })
  const key = provider === undefined ? undefined : await needs.credential(provider)
  if (key === undefined && by.baseUrl === undefined) throw new Problem('media-unset', `There is no key for ${provider ?? 'the transcriber'}.`, { next: 'Set the provider’s key, as for its models.' })
  const boundary = `moltbot-${randomUUID()}`
  const fields = { model: by.model ?? defaults?.model ?? 'whisper-1', response_format: 'json', ...(language === undefined ? {} : { language }), ...(prompt === undefined ? {} : { prompt }) }
  const url = new URL(`${baseUrl.replace(/(?<!\/)\/+$/, '')}/audio/transcriptions`)
  const model = fields.model
  const price = by.baseUrl === undefined || by.pricePerMinute !== undefined ? priceOfListening(model, by.pricePerMinute) : undefined
  const minutes = soundSeconds(sound.bytes, sound.extension) / 60
  const money = await needs.setAside(charge, { kind: 'listening', provider: provider ?? url.hostname, model, baseUrl, most: minutes, ...(price === undefined ? {} : { price }) }, signal)
  try {
    const { text, seconds } = await asked()
    // Its own count is what is on the bill.
    money.settle(seconds === undefined ? minutes : seconds / 60)
    return text
  } catch (error) {
    money.settle(costsNothing(error) ? 0 : minutes)
    throw error
  }

  async function asked(): Promise<{ text: string; seconds: number | undefined }> {
    const { status, body } = await needs.post({
      purpose: 'transcription', url: url.href, ...(by.baseUrl === undefined ? {} : { own: url.origin }), headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, accept: 'application/json' },
      ...(key === undefined ? {} : { secretHeader: { name: 'authorization', value: `Bearer ${key.open('transcription of a voice note')}` } }),
      body: form(boundary, fields, sound), timeoutMs, bytesMax: answerBytesMax, signal, principal: charge.principal,
    })
    if (status !== 200) throw new Problem('media-refused', `${url.host} answered with HTTP ${status}.`)
    const { text, duration, usage } = JSON.parse(body.toString('utf8')) as { text?: unknown; duration?: unknown; usage?: { seconds?: unknown } }
    if (typeof text !== 'string') throw new Problem('media-empty', `${url.host} gave no words.`)
    const counted = [usage?.seconds, duration].find((each) => typeof each === 'number' && Number.isFinite(each) && each >= 0)
    return { text, seconds: counted as number | undefined }
  }
}

function form(boundary: string, fields: Readonly<Record<string, string>>, { bytes, mimeType, extension }: Sound): Buffer {
  const parts = Object.entries(fields).map(([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
  // The name somebody gave it is nobody's business; the ending tells the format.
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="sound.${extension}"\r\ncontent-type: ${mimeType}\r\n\r\n`
  return Buffer.concat([Buffer.from(parts.join('') + head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)])
}

async function byProgram({ command, args, folders = [] }: Transcriber, sound: Sound, needs: TranscribeNeeds, signal: AbortSignal): Promise<string> {
  if (command === undefined) throw new Problem('media-unset', 'Which program turns sound into words is not said.', { next: 'Set command in tools.media.audio.models.' })
  const workspace = await mkdtemp(join(tmpdir(), 'moltbot-sound-'))
  try {
    const name = `sound.${sound.extension}`
    await writeFile(join(workspace, name), sound.bytes, { mode: 0o600 })
    const words = [command, ...(args ?? ['{{MediaPath}}']).map((arg) => arg.replaceAll('{{MediaPath}}', `${inside}/${name}`).replaceAll('{{OutputBase}}', `${inside}/words`))]
    const { code, output } = await needs.run({ words, workspace, readOnly: folders, outputMax: answerBytesMax }, signal)
    if (code !== 0) throw new Problem('media-refused', `${command} ended with ${code}.`)
    return (await written(join(workspace, 'words.txt'))) ?? output
  } finally {
    await rm(workspace, { recursive: true, force: true })
  }
}

/** What the program left in the file it was told; undefined: nothing. It is a file of the sandbox: no link, no flood. */
async function written(file: string): Promise<string | undefined> {
  try {
    const facts = await lstat(file)
    if (!facts.isFile() || facts.size > answerBytesMax) return undefined
    return await readFile(file, 'utf8')
  } catch {
    // It prints its words instead.
    return undefined
  }
}
