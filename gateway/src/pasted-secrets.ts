/** Keys that somebody pasted into a chat: moved into the vault for who may keep secrets, dropped for everybody else. */
import { describeError, type Principal, type Tx } from '@moltbot/contract'
import { isElevated } from './elevated.ts'
import type { Audit } from './foundation/audit/types.ts'
import { freeName, markOf } from './foundation/log/index.ts'
import type { Vault } from './foundation/vault/index.ts'
import type { Journey } from './journey/handle-message.ts'
import type { InboxRow, PastedSecret } from './journey/inbox/index.ts'

/** Seals what was pasted for who may, and records it. `sentence`: what the person is told; `renamed`: puts the names under which they are kept into a text. */
export async function keepPastedSecrets(
  { vault, audit }: { vault: Vault; audit: Pick<Audit, 'append'> }, tx: Tx, row: InboxRow, principal: Principal, pasted: readonly PastedSecret[],
): ReturnType<Journey['keepSecrets']> {
  const names = pasted.map(({ name }) => name).join(', ')
  if (!isElevated(principal)) {
    await audit.append(tx, { act: 'secret.dropped', principal: principal.id, subject: row.id, outcome: 'deny', reason: 'pasted by somebody who may not keep secrets', facts: { kinds: names } })
    return { sentence: '🔑 Your message held what looks like a key or password. I removed it and did not keep it; please change it where it comes from, for it went through this chat.' }
  }
  try {
    const kept = await sealPasted(vault, pasted)
    await audit.append(tx, { act: 'secret.pasted', principal: principal.id, subject: row.id, outcome: 'done', reason: 'moved from the chat into the vault', facts: { names: [...kept.values()] } })
    const list = [...kept.values()].map((name) => `\`${name}\``).join(', ')
    return {
      sentence: `🔑 Your message held what looks like a key. It is in the vault now as ${list}, and \`[secret …]\` stands in its place here. The chat itself may still show it: delete your message there.`,
      ...([...kept].every(([before, after]) => before === after) ? {} : { renamed: (text: string) => renameMarks(text, kept) }),
    }
  } catch (error) {
    await audit.append(tx, { act: 'secret.dropped', principal: principal.id, subject: row.id, outcome: 'failed', reason: describeError(error), facts: { kinds: names } })
    return { sentence: `🔑 Your message held what looks like a key. I removed it but could not keep it: ${describeError(error)}` }
  }
}

/** Puts what was pasted into the vault, each under its own name or the next free one. Resolves with the names: as found, as kept. The same value twice is one secret. */
async function sealPasted(vault: Vault, pasted: readonly { name: string; value: string }[]): Promise<Map<string, string>> {
  const kept = new Map<string, string>()
  for (const { name, value } of pasted) {
    const holds = (candidate: string): string | undefined => vault.get(candidate)?.open('comparing with what was pasted')
    const final = freeName(name.replace(/-\d+$/, ''), (candidate) => ![undefined, value].includes(holds(candidate)))
    if (holds(final) === undefined) await vault.set(final, value)
    kept.set(name, final)
  }
  return kept
}

function renameMarks(text: string, names: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\[secret ([a-z0-9-]+)\]/g, (whole, name: string) => markOf(names.get(name) ?? name))
}
