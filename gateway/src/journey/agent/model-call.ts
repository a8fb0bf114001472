import type { AgentEvent, AgentHost, AssistantMessage, ModelCall, ModelFault, Usage } from '@moltbot/contract'
import { describeError, noUsage, silentToken } from '@moltbot/contract'
import { textOf } from './transcript.ts'
import { abortedFirst, untilAborted } from './until-aborted.ts'

/** How one model call ended, whatever the model did. */
export interface Reply {
  stop: 'end' | 'tool-use' | 'length' | 'refusal' | 'aborted' | 'error'
  message: AssistantMessage
  usage: Usage
  /** Present exactly when `stop` is `refusal` or `error`, or `aborted` without our asking. */
  fault?: ModelFault
}

/**
 * Makes one call, passes on what is for showing and returns how it ended. Never throws; a stream that breaks off, throws
 * or ignores the signal becomes a reply like any other, holding the text that had arrived.
 * The silent token is held back, so that it is never shown, not even in part.
 */
export async function* askModel(call: ModelCall, host: AgentHost): AsyncGenerator<AgentEvent, Reply> {
  let model = call.candidates[0] ?? ''
  let arrived = ''
  let held = ''
  const partial = (): AssistantMessage => ({ role: 'assistant', model, content: arrived === '' ? [] : [{ type: 'text', text: arrived }] })
  const broken = (fault: ModelFault): Reply => ({ stop: 'error', message: partial(), usage: noUsage, fault })

  let events: AsyncIterator<import('@moltbot/contract').ModelCallEvent>
  try {
    events = host.callModel(call)[Symbol.asyncIterator]()
  } catch (error) {
    return broken({ class: 'server_error', message: `The model could not be asked: ${describeError(error)}` })
  }
  const leave = () => {
    try {
      // Not awaited: a stream that hangs would hang here too.
      void Promise.resolve(events.return?.()).catch(() => 'what a stream says after we left it changes nothing')
    } catch {
      // A stream that cannot even be closed has nothing left for us.
    }
  }

  for (;;) {
    let next
    try {
      next = await untilAborted(events.next(), host.signal)
    } catch (error) {
      leave()
      return broken({ class: 'server_error', message: `The model's answer broke off: ${describeError(error)}` })
    }
    if (next === abortedFirst || (host.signal.aborted && next.done !== true && next.value.type !== 'end')) {
      leave()
      return { stop: 'aborted', message: partial(), usage: noUsage }
    }
    if (next.done === true) return broken({ class: 'network', message: 'The model stopped in the middle of its answer.' })
    const event = next.value
    switch (event.type) {
      case 'model-start':
        arrived = ''
        held = ''
        model = event.model
        yield event
        break
      case 'failover':
        arrived = ''
        held = ''
        model = event.to
        yield event
        break
      case 'text-delta':
        arrived += event.text
        held += event.text
        if (held !== '' && !couldBeSilent(arrived)) {
          yield { type: 'text-delta', text: held }
          held = ''
        }
        break
      case 'thinking-delta':
        yield event
        break
      case 'start':
      case 'tool-call-start':
      case 'tool-call-delta':
        break
      case 'end': {
        leave()
        if (held !== '' && textOf(event.message).trim() !== silentToken && !host.signal.aborted) yield { type: 'text-delta', text: held }
        return settle(event, partial(), host.signal)
      }
    }
  }
}

/** Whether a text that begins so may still turn out to be the silent token alone. */
function couldBeSilent(text: string): boolean {
  const start = text.trimStart()
  return start.length <= silentToken.length ? silentToken.startsWith(start) : start.trimEnd() === silentToken
}

function settle(event: Extract<import('@moltbot/contract').ModelEvent, { type: 'end' }>, partial: AssistantMessage, signal: AbortSignal): Reply {
  const reply: Reply = { stop: event.stop, message: event.message, usage: event.usage }
  switch (event.stop) {
    case 'end':
    case 'tool-use':
    case 'length':
      return reply
    case 'refusal':
      return { ...reply, message: onlyText(event.message), fault: event.fault ?? { class: 'refusal', message: 'The model declined to answer this.' } }
    case 'aborted':
    case 'error': {
      const message = onlyText(event.message)
      const kept = message.content.length === 0 ? partial : message
      if (signal.aborted) return { stop: 'aborted', message: kept, usage: event.usage }
      const fault: ModelFault =
        event.fault ?? (event.stop === 'aborted' ? { class: 'abort', message: 'The model broke off its answer.' } : { class: 'server_error', message: 'The model failed without saying why.' })
      return { stop: event.stop, message: kept, usage: event.usage, fault }
    }
  }
}

/** Half a call must not run and half a thought is not signed; only words survive a failure. */
function onlyText(message: AssistantMessage): AssistantMessage {
  return { ...message, content: message.content.filter((part) => part.type === 'text' && part.text !== '') }
}
