import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { useAnswer } from './pieces.tsx'

/** What people are called. Where nobody may know it, or has no name, the id itself. */
export function usePersonNames(stage: Stage): (id: string) => string {
  const { answer } = useAnswer(stage, 'principals.list', {}, (payload) => new Map(list(fields(payload)['people']).flatMap((value) => {
    const { id, name } = fields(value)
    const called = words(name)
    return typeof id === 'string' && called !== undefined ? [[id, called] as const] : []
  })))
  return (id) => (answer.kind === 'ready' ? answer.value.get(id) : undefined) ?? id
}
