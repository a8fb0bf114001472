import { Problem } from '@moltbot/contract'
import type { AuditExport, AuditFormat, AuditPage, AuditQuery, AuditVerification, CommandContext, OfflineAudit } from '@moltbot/contract'
import { isLoopback } from '../gateway-address.ts'
import { asFields, asText } from '../wire-fields.ts'

/** The record, whoever tells of it. */
export interface AskedAudit {
  log(query: AuditQuery): Promise<AuditPage>
  export(query: AuditQuery & { format: AuditFormat }): Promise<AuditExport>
  verify(options: { anchors?: string; accept?: boolean }): Promise<AuditVerification>
  /** Who tells: the running gateway, or the same code on this computer's files. */
  through: 'gateway' | 'files'
  close(): Promise<void>
}

/** A whole record is read for `verify`. */
const verifyTimeMs = 600_000
/** A gateway that is down, too old or refuses us is no reason not to look at the files here. */
const lookHere = ['gateway-unreachable', 'gateway-refused']

/** The running gateway's record, else that of the files. One that is configured elsewhere and does not answer is a failure: the files here are not its own. */
export async function askAudit(context: CommandContext, offline: boolean): Promise<AskedAudit> {
  if (!offline) {
    try {
      const client = await context.gateway()
      if (client.methods.includes('audit.log')) {
        return {
          through: 'gateway',
          log: async (query) => linesOf<AuditPage>(await client.request('audit.log', { ...query })),
          export: async (query) => linesOf<AuditExport>(await client.request('audit.export', { ...query })),
          async verify(options) {
            const answer = await client.request('audit.verify', { ...options }, { timeoutMs: verifyTimeMs })
            if (typeof asFields(answer)['ok'] !== 'boolean') throw odd()
            return answer as AuditVerification
          },
          close: async () => undefined,
        }
      }
      if (!isLoopback(new URL(client.url).hostname)) throw new Problem('gateway-too-old', 'The gateway is older and does not tell of its record.', { next: 'Update it.' })
    } catch (error) {
      if (!(error instanceof Problem) || !lookHere.includes(error.code)) throw error
      const url = asText(error.details?.['url'])
      if (url !== undefined && !isLoopback(new URL(url).hostname)) throw error
    }
  }
  const record: OfflineAudit = await context.machine.offlineAudit()
  return {
    through: 'files',
    log: record.log, export: record.export, close: record.close,
    async verify({ anchors, accept }) {
      if (accept === true) throw new Problem('gateway-unreachable', 'Only a running gateway can accept the record as it is: that, too, is recorded.', { next: 'Start it: moltbot gateway run' })
      return record.verify(anchors === undefined ? {} : { anchors })
    },
  }
}

function linesOf<Page extends { lines: unknown[] }>(answer: unknown): Page {
  if (!Array.isArray(asFields(answer)['lines'])) throw odd()
  return answer as Page
}

function odd(): Problem {
  return new Problem('answer-odd', 'The gateway told of the record in a form this command does not know.', { next: 'Bring both to the same version, then restart the gateway.' })
}

/** `2026-11-22`, `2026-11-22T10:00:00Z`, or how long ago: `90m`, `24h`, `7d`. Throws `usage`. */
function momentOf(text: string | undefined, now: number, flag: string): number | undefined {
  if (text === undefined) return undefined
  const ago = /^(\d{1,6})([smhd])$/.exec(text)
  if (ago !== null) return now - Number(ago[1]) * { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[ago[2] as 's' | 'm' | 'h' | 'd']
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) throw new Problem('usage', `${JSON.stringify(text)} is no time.`, { next: `Write --${flag} 24h, 7d, 2026-11-22 or 2026-11-22T10:00:00Z.` })
  return at
}

/** The flags that narrow the record down, the same for every command. */
export const auditFlags = {
  since: { kind: 'text', value: 'time', summary: 'Only entries from then on: 24h, 7d, 2026-11-22' },
  until: { kind: 'text', value: 'time', summary: 'Only entries up to then' },
  kind: { kind: 'text', value: 'act', summary: 'Only this act (pairing.approved), noun (pairing) or class (people)' },
  principal: { kind: 'text', value: 'id', summary: 'Only what this principal did' },
  outcome: { kind: 'text', value: 'outcome', summary: 'Only entries that ended so', choices: ['allow', 'ask', 'deny', 'done', 'failed'] },
  offline: { kind: 'boolean', summary: 'Read the files on this computer, also while the gateway runs' },
} as const

export function queryOf(flags: { since: string | undefined; until: string | undefined; kind: string | undefined; principal: string | undefined; outcome: string | undefined }, now: number): AuditQuery {
  const since = momentOf(flags.since, now, 'since')
  const until = momentOf(flags.until, now, 'until')
  return {
    ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }), ...(flags.kind === undefined ? {} : { kind: flags.kind }),
    ...(flags.principal === undefined ? {} : { principal: flags.principal }), ...(flags.outcome === undefined ? {} : { outcome: flags.outcome as NonNullable<AuditQuery['outcome']> }),
  }
}
