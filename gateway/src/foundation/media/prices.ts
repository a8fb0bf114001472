/**
 * What providers take, in US dollars, by their public lists of November 2026. A model counts as the longest name here that its own begins with; one
 * that is not here has no known price.
 */
const perMinuteHeard: Readonly<Record<string, number>> = { 'whisper-1': 0.006, 'gpt-4o-transcribe': 0.006, 'gpt-4o-mini-transcribe': 0.003, 'whisper-large-v3': 0.001_85, 'whisper-large-v3-turbo': 0.000_67, 'distil-whisper': 0.000_34 }
/** A thousand characters are about a minute of speech and a few hundred tokens. */
const perThousandSpoken: Readonly<Record<string, number>> = { 'tts-1': 0.015, 'tts-1-hd': 0.03, 'gpt-4o-mini-tts': 0.02, 'eleven_multilingual_v2': 0.3, 'eleven_v3': 0.3, 'eleven_turbo': 0.15, 'eleven_flash': 0.15 }

export interface KnownPrice { usd: number; from: 'catalog' | 'config' }

/** US dollars for a minute of sound. `configured`: by the operator. */
export const priceOfListening = (model: string, configured?: number): KnownPrice | undefined => priceIn(perMinuteHeard, model, configured)
/** US dollars for a thousand characters. */
export const priceOfSpeech = (model: string, configured?: number): KnownPrice | undefined => priceIn(perThousandSpoken, model, configured)

function priceIn(list: Readonly<Record<string, number>>, model: string, configured: number | undefined): KnownPrice | undefined {
  if (configured !== undefined) return { usd: configured, from: 'config' }
  const name = Object.keys(list).filter((each) => model.startsWith(each)).sort((a, b) => b.length - a.length)[0]
  return name === undefined ? undefined : { usd: list[name] ?? 0, from: 'catalog' }
}
