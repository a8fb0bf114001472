import type { Facts } from '@moltbot/contract'
import { asFields, asList, valueAt, wordsOf } from './config-value.ts'

/** Every model that may answer, once each, with the place that names it. What is chosen by itself counts when a running gateway was asked. */
export function chosenModels(facts: Facts): { name: string; subject: string }[] {
  const named = [
    ...modelsOf(valueAt(facts, 'agents.defaults.model'), 'agents.defaults.model'),
    ...asList(valueAt(facts, 'agents.list')).flatMap((agent, index) => modelsOf(asFields(agent)['model'], `agents.list[${index}].model`)),
    ...(facts.live === null ? [] : [{ name: facts.live.model, subject: facts.live.model }]),
  ]
  return named.filter(({ name }, index) => name !== '' && named.findIndex((each) => bare(each.name) === bare(name)) === index)
}

/** The model without its provider, in small letters. */
export function bare(name: string): string {
  return name.toLowerCase().replace(/^.*\//, '')
}

function modelsOf(value: unknown, subject: string): { name: string; subject: string }[] {
  const names = typeof value === 'string' ? [value] : [...wordsOf([asFields(value)['primary']]), ...wordsOf(asFields(value)['fallbacks'])]
  return names.map((name) => ({ name, subject }))
}
