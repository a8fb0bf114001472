import { expect, it } from 'vitest'
import type { ConfigIssue } from '../../foundation/config/types.ts'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { redacted } from '../wire/redaction.ts'
import { configGet } from './config-get.ts'

const issue = (severity: 'error' | 'warning'): ConfigIssue => ({ path: 'gateway.port', file: 'moltbot.json', line: 2, column: 3, message: `an ${severity}`, severity })

it('never shows a plain secret, wherever it is written; a reference to one is shown', async () => {
  const rooms = await fakeRooms()
  const plain = rooms.config.snapshot()
  const snapshot = {
    ...plain,
    raw: '{ gateway: { auth: { token: "plain-secret" } } }',
    redactedRaw: `{ gateway: { auth: { token: "${redacted}" } } }`,
    parsed: { gateway: { port: 1, auth: { token: 'plain-secret' } }, channels: { telegram: { botToken: '${TELEGRAM_BOT_TOKEN}', accounts: [{ botToken: 'plain-secret' }] } } },
    effective: { gateway: { port: 1, auth: { token: redacted } }, channels: { telegram: { botToken: redacted, accounts: [{ botToken: redacted }] } } },
    issues: [issue('error'), issue('warning')],
  }
  rooms.config.snapshot = () => snapshot
  const answer = await callMethod(configGet, {}, rooms)
  expect(JSON.stringify(answer)).not.toContain('plain-secret')
  expect(answer).toMatchObject({
    exists: true, valid: false, hash: 'hash-0', raw: snapshot.redactedRaw, config: snapshot.effective,
    parsed: { gateway: { port: 1, auth: { token: redacted } }, channels: { telegram: { botToken: '${TELEGRAM_BOT_TOKEN}', accounts: [{ botToken: redacted }] } } },
    issues: [{ path: 'gateway.port', line: 2 }], warnings: [{ message: 'an warning' }], legacyIssues: [],
  })
})

it('a file that does not exist has no hash and no text', async () => {
  const rooms = await fakeRooms()
  const snapshot = { ...rooms.config.snapshot(), exists: false, raw: null, redactedRaw: null, hash: undefined, parsed: {} }
  rooms.config.snapshot = () => snapshot
  const answer = await callMethod(configGet, {}, rooms)
  expect(answer).toMatchObject({ exists: false, raw: null, valid: true })
  expect(answer).not.toHaveProperty('hash')
})
