import { describeError, Problem, type Charge, type Clock, type ConfigView, type Logger, type Secret } from '@moltbot/contract'
import { costsNothing } from './costs-nothing.ts'
import { priceOfSpeech } from './prices.ts'
import { speechSection, type SpeechConfig } from './speech-config.ts'
import type { SetAside } from './transcribe.ts'
import { untilAborted } from './until-aborted.ts'
import { asWished, byElevenlabs, byOpenai, byProgram, elevenlabsBase, encodersFor, localProgram, openaiBase, type Asked, type MadeSound, type SoundWish, type VoiceId, type VoiceNeeds } from './voices.ts'

export interface SpeechNeeds extends VoiceNeeds {
  /** The key of a provider, as for its models. */
  credential(provider: string): Promise<Secret | undefined>
  /** A secret of the configuration, by its path. */
  secret(path: string): Promise<Secret | undefined>
  /** The providers whose models answer in this gateway. */
  providers(): readonly string[]
  setAside: SetAside
}

/** One who can speak. `why`: what is missing; null: it can be asked. */
export interface VoiceFacts { id: VoiceId; detail: string; why: string | null }

export interface Speech {
  /** All of them, in the order in which they are asked; `first` as a person chose it. */
  voices(first?: string): Promise<VoiceFacts[]>
  /** What makes a sound unfit to be shown as speech here, in words; undefined: nothing. */
  missingEncoder(wish: SoundWish): string | undefined
  /** The sound of a text, by the first that can. Rejects with a `Problem`: `speech-unset`, `budget-reached`, or what the first one failed with. */
  speak(text: string, how: { wish: SoundWish; charge: Charge; first?: string }, signal: AbortSignal): Promise<MadeSound & { by: VoiceId }>
  settings(): SpeechConfig
  /** Gives up what is being spoken. */
  close(): void
}

const all: readonly VoiceId[] = ['openai', 'elevenlabs', 'local']

export function createSpeech(options: { config: ConfigView; clock: Clock; log: Logger; needs: SpeechNeeds }): Speech {
  const { clock, log, needs } = options
  const controller = new AbortController()
  const settings = (): SpeechConfig => options.config.get(speechSection)

  /** Words go by themselves only to who reads them anyway, or whom the operator named. */
  async function look(id: VoiceId, first: string | undefined): Promise<VoiceFacts & { key?: Secret }> {
    const now = settings()
    if (id === 'local') {
      const program = localProgram(now, needs.has)
      return { id, detail: program ?? 'a program of this machine', why: program === undefined ? 'espeak-ng is not installed' : null }
    }
    const { model, baseUrl } = id === 'openai' ? now.openai : { model: now.elevenlabs.modelId, baseUrl: now.elevenlabs.baseUrl }
    const own = await needs.secret(`messages.tts.${id}.apiKey`)
    const isMeant = own !== undefined || baseUrl !== undefined || first === id || (id === 'openai' && needs.providers().includes(id))
    const key = own ?? (isMeant ? await needs.credential(id) : undefined)
    return { id, detail: model, why: !isMeant ? 'it is not set up' : key === undefined && baseUrl === undefined ? 'there is no key for it' : null, ...(key === undefined ? {} : { key }) }
  }

  /** A key of the first that was chosen for one conversation does not open the others. */
  async function inOrder(chosen: string | undefined): Promise<(VoiceFacts & { key?: Secret })[]> {
    const first = chosen ?? settings().provider
    const order = first === 'local' ? ['local' as const] : [...all.filter((id) => id === first), ...all.filter((id) => id !== first)]
    const looked: (VoiceFacts & { key?: Secret })[] = []
    for (const id of order) looked.push(await look(id, first))
    return looked
  }

  async function paid(id: VoiceId, text: string, charge: Charge, signal: AbortSignal): Promise<{ settle(amount: number): void }> {
    const now = settings()
    if (id === 'local') return { settle: () => undefined }
    const { model, baseUrl, pricePer1000 } = id === 'openai' ? { ...now.openai, baseUrl: openaiBase(now) } : { model: now.elevenlabs.modelId, baseUrl: elevenlabsBase(now), pricePer1000: now.elevenlabs.pricePer1000 }
    // What a server of the operator's takes is not what OpenAI takes for a model of the same name.
    const price = (id === 'openai' ? now.openai : now.elevenlabs).baseUrl === undefined || pricePer1000 !== undefined ? priceOfSpeech(model, pricePer1000) : undefined
    return needs.setAside(charge, { kind: 'speech', provider: id, model, baseUrl, most: text.length / 1_000, ...(price === undefined ? {} : { price }) }, signal)
  }

  async function by(id: VoiceId, asked: Asked, charge: Charge, signal: AbortSignal): Promise<MadeSound> {
    const money = await paid(id, asked.text, charge, signal)
    try {
      const sound = await (id === 'openai' ? byOpenai(asked, needs, signal) : id === 'elevenlabs' ? byElevenlabs(asked, needs, signal) : byProgram(asked, needs, signal))
      money.settle(asked.text.length / 1_000)
      return await asWished(sound, asked.wish, needs, signal)
    } catch (error) {
      money.settle(costsNothing(error) ? 0 : asked.text.length / 1_000)
      throw error
    }
  }

  return {
    settings,
    voices: async (first) => (await inOrder(first)).map(({ id, detail, why }) => ({ id, detail, why })),
    missingEncoder: (wish) => (encodersFor(wish).some((program) => needs.has(program)) ? undefined : `none of ${encodersFor(wish).join(', ')} is installed`),
    async speak(text, { wish, charge, first }, given) {
      const now = settings()
      /** That of whom was asked first: the others stood in for them. */
      let failure: unknown
      for (const { id, why, key } of await inOrder(first)) {
        if (why !== null) continue
        const mine = new AbortController()
        const cancel = clock.after(now.timeoutMs, () => mine.abort())
        const signal = AbortSignal.any([mine.signal, controller.signal, given])
        try {
          const work = by(id, { text, wish, settings: now, key, principal: charge.principal }, charge, signal)
          return { ...(await untilAborted(work, signal)), by: id }
        } catch (error) {
          failure ??= error
          log.warn('An answer could not be spoken.', { by: id, error: describeError(error) })
          if (given.aborted || controller.signal.aborted) break
        } finally {
          cancel()
        }
      }
      throw failure ?? new Problem('speech-unset', 'Nobody here can speak.', { next: 'Set messages.tts up, or install espeak-ng.' })
    },
    close: () => controller.abort(),
  }
}
