import type { PrincipalId } from '@moltbot/contract'
import type { PolicyDoor } from '../../journey/guard/types.ts'

/** A judge that says the same to everybody and keeps what it was asked. */
export function fakePolicy(): PolicyDoor & { asked: unknown[] } {
  const asked: unknown[] = []
  return {
    asked,
    async explain(question) {
      asked.push(question)
      return { principal: { id: 'owner' as PrincipalId, role: 'owner' }, tool: 'run', effects: [], verdict: 'ask', reason: 'because', layers: [{ layer: 'a rule', says: 'ask', why: 'because' }], question: 'Run it' }
    },
    async whoCan(kind) {
      asked.push(kind)
      return []
    },
    async test() {
      asked.push('test')
      return { file: '/state/policy-expectations.json5', fault: null, results: [{ where: 'policy-expectations.json5:2', words: 'guest may not use run', ok: true, said: 'deny', because: 'guests have no tools', why: null }] }
    },
  }
}
