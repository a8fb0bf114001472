import type { AuditLine } from '@moltbot/contract'
import { ocsfOf, type LineSource } from './lines.ts'

/** OpenTelemetry severity numbers (logs data model): 9 INFO, 13 WARN. */
function severityOf({ outcome }: AuditLine): { severityNumber: number; severityText: string } {
  return outcome === 'deny' || outcome === 'failed' ? { severityNumber: 13, severityText: 'WARN' } : { severityNumber: 9, severityText: 'INFO' }
}

/** Lines as the body of an OTLP/HTTP logs request in JSON. */
function otlpBody(lines: readonly AuditLine[], source: LineSource): string {
  const attribute = (key: string, text: string | null): { key: string; value: { stringValue: string } }[] => (text === null ? [] : [{ key, value: { stringValue: text } }])
  return JSON.stringify({
    resourceLogs: [{
      resource: { attributes: [...attribute('service.name', 'moltbot'), ...attribute('service.version', source.version), ...attribute('host.name', source.host)] },
      scopeLogs: [{
        scope: { name: 'moltbot.audit' },
        logRecords: lines.map((line) => ({
          timeUnixNano: `${line.at}000000`, ...severityOf(line), body: { stringValue: JSON.stringify(ocsfOf(line, source)) },
          attributes: [
            ...attribute('event.name', line.act), ...attribute('moltbot.audit.id', line.id), { key: 'moltbot.audit.seq', value: { intValue: String(line.seq) } },
            ...attribute('moltbot.audit.outcome', line.outcome), ...attribute('enduser.id', line.principal), ...attribute('moltbot.audit.subject', line.subject),
          ],
        })),
      }],
    }],
  })
}

/** Sends one batch. Rejects when the collector does not take it within 10 s. */
export async function sendOtlp(fetch: typeof globalThis.fetch, endpoint: string, lines: readonly AuditLine[], source: LineSource): Promise<void> {
  const answer = await fetch(endpoint, { method: 'POST', headers: { 'content-type': 'application/json' }, body: otlpBody(lines, source), redirect: 'error', signal: AbortSignal.timeout(10_000) })
  await answer.body?.cancel()
  if (!answer.ok) throw new Error(`the collector answered ${answer.status}`)
}
