import { Problem } from '@moltbot/contract'

/** Where a syslog receiver listens. `local`: the machine's own, through its `logger` program. */
export type SyslogAddress = { kind: 'local' } | { kind: 'udp' | 'tcp'; host: string; port: number } | { kind: 'unix'; path: string }

/** Throws `audit-address-invalid`. Ports: 514 for UDP (RFC 5426), 601 for TCP (RFC 6587) where none is named. */
export function parseSyslogAddress(text: string): SyslogAddress {
  if (text === 'local') return { kind: 'local' }
  if (text.startsWith('unix:/')) return { kind: 'unix', path: text.slice('unix:'.length).replace(/^\/{2,}/, '/') }
  const found = /^(udp|tcp):\/\/(?:\[([0-9a-f:.]+)\]|([^:/\s]+))(?::(\d{1,5}))?\/?$/i.exec(text)
  const kind = found?.[1]?.toLowerCase()
  const host = found?.[2] ?? found?.[3]
  const port = found?.[4] === undefined ? (kind === 'udp' ? 514 : 601) : Number(found[4])
  if ((kind !== 'udp' && kind !== 'tcp') || host === undefined || port < 1 || port > 65_535) {
    throw new Problem('audit-address-invalid', `${JSON.stringify(text.slice(0, 200))} is no address of a syslog receiver.`, { next: 'Write local, udp://host:514, tcp://host:601 or unix:/path.' })
  }
  return { kind, host, port }
}
