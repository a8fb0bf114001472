import { Problem } from '@moltbot/contract'
import type { GatewayClient } from '@moltbot/contract'
import { asFields, asList, asText } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'

/**
 * Who the words mean: an id or its beginning, or `channel:id` of one of their senders. Never a name: two people can have the same.
 * Throws `usage` when nobody or more than one person fits.
 */
export async function findPerson(client: GatewayClient, given: string): Promise<Fields> {
  const people = asList(asFields(await client.request('principals.list'))['people'])
  const senders = (person: Fields): string[] => asList(person['senders']).map((sender) => `${asText(sender['channel'])}:${asText(sender['sender'])}`)
  const exact = people.filter((person) => asText(person['id']) === given || senders(person).includes(given))
  const [found, ...others] = exact.length > 0 ? exact : people.filter((person) => given.length >= 4 && asText(person['id'])?.startsWith(given) === true)
  if (found !== undefined && others.length === 0) return found
  throw new Problem('usage', found === undefined ? `Nobody here is "${given}".` : `More than one person is "${given}".`, { next: 'Name them by id or by channel:id, as in: moltbot people list' })
}

/** How a person is called in a sentence. */
export function personName(person: Fields): string {
  return asText(person['name']) ?? asText(person['id']) ?? 'They'
}
