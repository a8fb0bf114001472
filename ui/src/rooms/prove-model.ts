import type { Desk } from '../desk.ts'
import { explainFailure } from '../explain-failure.ts'
import { fields, readHistory, textOf, words } from '../wire.ts'
import { onboardingText as say } from './onboarding-text.ts'
import { rehearsalName } from './onboarding-progress.ts'

const answerMs = 60_000

/** Asks a model (`provider/model`) for one word, in a conversation of its own that is removed again. Undefined: it answered. Else why not, in words. Never rejects. */
export async function proveModel(desk: Desk, model: string): Promise<string | undefined> {
  const id = crypto.getRandomValues(new Uint32Array(2)).join('-')
  const key = `agent:${desk.hello.value?.defaultAgent ?? 'main'}:${rehearsalName}${id}`
  try {
    await desk.ask('agent', { message: 'Answer with the one word: ready', sessionKey: key, idempotencyKey: `onboard-${id}`, model, timeout: answerMs / 1_000, deliver: false })
    const end = fields(await desk.ask('agent.wait', { runId: `onboard-${id}`, timeoutMs: answerMs + 5_000 }, answerMs + 15_000))
    if (end['status'] === 'timeout') return say.tookTooLong
    if (end['status'] !== 'ok') return words(end['error']) ?? say.emptyAnswer
    const answer = readHistory(await desk.ask('chat.history', { sessionKey: key, limit: 20 })).messages.findLast(({ role }) => role === 'assistant')
    // Another model may have stood in; that proves nothing about this one.
    if (answer?.model !== undefined && answer.model !== model) return say.stoodIn(answer.model)
    return answer === undefined || textOf(answer.blocks).trim() === '' ? say.emptyAnswer : undefined
  } catch (error) {
    return explainFailure(error).reason
  } finally {
    // Only the rehearsal's own conversation; one too many in a list harms nobody.
    await desk.ask('sessions.delete', { key }).catch(() => undefined)
  }
}
