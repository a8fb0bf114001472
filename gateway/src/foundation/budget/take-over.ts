import type { ModelCall, ModelCallEvent } from '@moltbot/contract'
import type { BudgetsConfig } from './config.ts'

/** A call that found no money asks the model that is named for this case instead, and says so as any failover does. */
export function takeOver(ask: (call: ModelCall) => AsyncIterable<ModelCallEvent>, whenReached: () => BudgetsConfig['whenReached']): (call: ModelCall) => AsyncIterable<ModelCallEvent> {
  return (call) => (typeof whenReached() === 'string' ? ask(call) : replaced(call))

  async function* replaced(call: ModelCall): AsyncGenerator<ModelCallEvent> {
    let asked = call.candidates[0] ?? ''
    for await (const event of ask(call)) {
      if (event.type === 'model-start') asked = event.model
      const wish = event.type === 'end' && event.fault?.class === 'budget' ? whenReached() : 'stop'
      if (event.type !== 'end' || event.fault === undefined || typeof wish === 'string') {
        yield event
        continue
      }
      yield { type: 'failover', from: asked, to: wish.model, fault: event.fault }
      yield* ask({ ...call, candidates: [wish.model], strict: true })
      return
    }
  }
}
