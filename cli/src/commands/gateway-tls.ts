import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { readConfigFile } from '../machine.ts'
import { findRunningGateway } from '../running-gateway.ts'
import { asFields, asText } from '../wire-fields.ts'

export const gatewayTls = defineCommand({
  name: 'gateway tls',
  summary: 'The fingerprint of the gateway\'s certificate, and the authority to trust',
  topic: 'look',
  description: 'Reads it on the gateway\'s own computer, without asking the network. Compare it with what a browser shows, or give it to another computer: moltbot --url wss://box:18789 --tls-fingerprint <sha256> status',
  args: {},
  flags: {},
  json: '{enabled, running, fingerprint, authorityFile, certificate: {subject, names, validTo, fingerprint}}',
  async run(_, { report, machine, terminal }) {
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
    report({
      enabled, running: running !== undefined, fingerprint, authorityFile: authorityFile ?? null,
      certificate: { subject: leaf.subject, names, validTo: new Date(leaf.validTo).toISOString(), fingerprint: leaf.fingerprint256 },
    }, () => [
      `${terminal.paint.bold('Fingerprint')}  ${fingerprint}`,
      ...(authorityFile === undefined ? [] : [`${terminal.paint.bold('Authority')}    ${authorityFile}`, `${terminal.paint.bold('Certificate')}  ${leaf.fingerprint256}`]),
      `${terminal.paint.bold('Names')}        ${names.join(', ')}`,
      `${terminal.paint.bold('Valid to')}     ${new Date(leaf.validTo).toISOString().slice(0, 10)}`,
      ...(enabled ? [] : [terminal.paint.yellow('The gateway does not use it: gateway.tls.enabled is off, or was set after the last start.')]),
    ])
    return exitCodes.ok
  },
})

async function readCertificate(file: string): Promise<X509Certificate> {
  try {
    return new X509Certificate(await readFile(file))
  } catch (cause) {
    throw new Problem('no-certificate', `There is no certificate in ${file}.`, { cause, next: 'Set gateway.tls.enabled to true (moltbot config set gateway.tls.enabled true) and start the gateway; it makes one.' })
  }
}
