import { setConfig, testCheck } from '@moltbot/contract/testing'
import type { ChangeableFacts } from '@moltbot/contract/testing'
import { gatewayRemotePlain } from './gateway-remote-plain.ts'

const remote = (url: string, mode = 'remote') => (facts: ChangeableFacts): void => {
  setConfig(facts, 'gateway.mode', mode)
  setConfig(facts, 'gateway.remote.url', url)
}
const subject = 'gateway.remote.url'
testCheck(gatewayRemotePlain, {
  faults: { 'in use': { change: remote('ws://box.example.org:18789'), finds: [{ subject }] }, 'configured, not in use': { change: remote('ws://10.0.0.4:18789', 'local'), finds: [{ subject, severity: 'warn' }] } },
  harmless: { 'encrypted': remote('wss://box.example.org'), 'a tunnel': remote('ws://127.0.0.1:9000'), 'a tailnet': remote('ws://100.90.1.2:18789') },
})
