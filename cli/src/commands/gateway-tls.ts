import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { readConfigFile } from '../machine.ts'
import { findRunningGateway } from '../running-gateway.ts'
import { asFields, asNumber, asText } from '../wire-fields.ts'

const defaultDays = 14

export const gatewayTls = defineCommand({
  name: 'gateway tls',
  summary: 'The fingerprint of the gateway\'s certificate, the authority to trust, and a new one',
  topic: 'look',
  description: 'Reads it on the gateway\'s own computer, without asking the network. Compare it with what a browser shows, or give it to another computer: moltbot --url wss://box:18789 --tls-fingerprint <sha256> status',
  args: {
    action: { summary: 'rotate: make a new authority. Nothing: show', required: false },
  },
  flags: {
    after: { kind: 'number', value: 'days', summary: `With rotate: when the new authority signs (default ${defaultDays}; 0: at once, for a key that others have)`, min: 0, max: 60 },
  },
  json: '{enabled, running, fingerprint, next, authorityFile, certificate: {subject, names, validTo, fingerprint}}; with rotate {ok, fingerprint, next}',
  examples: ['gateway tls', 'gateway tls rotate', 'gateway tls rotate --after 0'],
  async run({ args, flags }, { gateway, report, machine, terminal }) {
    if (args.action !== undefined) {
      if (args.action !== 'rotate') throw new Problem('usage', `"${args.action}" is not what can be done with the certificate.`, { next: 'Make a new authority: moltbot gateway tls rotate' })
      const answer = asFields(await (await gateway()).request('tls.rotate', { afterDays: flags.after ?? defaultDays }))
      const next = asFields(answer['next'])
      const [now, then] = [asText(answer['fingerprint']) ?? '', asText(next['fingerprint'])]
      report(answer, () => (then === undefined
        ? [`${terminal.paint.green('✓')} A new authority signs from now on. What pins the one before is refused by its clients: give them this fingerprint.`, '', `  ${now}`]
        : [
            `${terminal.paint.green('✓')} A new authority signs from ${day(asNumber(next['from']) ?? 0)} on. Give its fingerprint to every client before; until all have it, they may pin both:`, '',
            `  --tls-fingerprint ${now},${then}`,
          ]))
      return exitCodes.ok
    }
    const tls = asFields(asFields((await readConfigFile(machine.configFile))['gateway'])['tls'])
    const running = await findRunningGateway(machine.stateDir)
    const own = asText(tls['certPath'])
    const folder = join(machine.stateDir, 'tls')
    const leaf = await readCertificate(own === undefined || own === '' ? join(folder, 'server.pem') : own)
    const authorityFile = own === undefined || own === '' ? join(folder, 'authority.pem') : undefined
    const pinned = authorityFile === undefined ? leaf : await readCertificate(authorityFile)
    const enabled = running === undefined ? tls['enabled'] === true : running.tls !== undefined
    const fingerprint = running?.tls?.fingerprint ?? pinned.fingerprint256
    const names = (leaf.subjectAltName ?? '').split(', ').map((name) => name.replace(/^(?:DNS|IP Address):/, ''))
    const next = running?.tls?.next
    report({
      enabled, running: running !== undefined, fingerprint, next: next ?? null, authorityFile: authorityFile ?? null,
      certificate: { subject: leaf.subject, names, validTo: new Date(leaf.validTo).toISOString(), fingerprint: leaf.fingerprint256 },
    }, () => [
      `${terminal.paint.bold('Fingerprint')}  ${fingerprint}`,
      ...(authorityFile === undefined ? [] : [`${terminal.paint.bold('Authority')}    ${authorityFile}`, `${terminal.paint.bold('Certificate')}  ${leaf.fingerprint256}`]),
      ...(next === undefined ? [] : [`${terminal.paint.bold('From')} ${day(next.from)}  ${next.fingerprint}`]),
      `${terminal.paint.bold('Names')}        ${names.join(', ')}`,
      `${terminal.paint.bold('Valid to')}     ${day(Date.parse(leaf.validTo))}`,
      ...(enabled ? [] : [terminal.paint.yellow('The gateway does not use it: gateway.tls.enabled is off, or was set after the last start.')]),
    ])
    return exitCodes.ok
  },
})

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

async function readCertificate(file: string): Promise<X509Certificate> {
  try {
    return new X509Certificate(await readFile(file))
  } catch (cause) {
    throw new Problem('no-certificate', `There is no certificate in ${file}.`, { cause, next: 'Set gateway.tls.enabled to true (moltbot config set gateway.tls.enabled true) and start the gateway; it makes one.' })
  }
}
