import { expect, it } from 'vitest'
import { logLine } from './log-line.ts'
import { captureTerminal } from './testing/captured-terminal.ts'

const { paint } = captureTerminal()

it.each([
  ['{"level":30,"time":1770000000000,"room":"outbox","msg":"sent","key":"k1"}', '02:40:00 info  outbox sent key=k1'],
  ['{"level":50,"time":1770000000000,"msg":"bad\\u001b[2Jthing"}', '02:40:00 error badthing'],
  ['{"0":"{\\"subsystem\\":\\"gateway/ws\\"}","1":"hello","_meta":{"logLevelName":"WARN"},"time":"2026-01-31T10:11:12.000Z"}', '10:11:12 warn  gateway/ws hello'],
  ['not a record\u0007', 'not a record'],
])('%s', (line, expected) => {
  expect(logLine(line, undefined, paint)).toBe(expected)
})

it('leaves out what is below the wished level', () => {
  expect(logLine('{"level":30,"msg":"x"}', 'warn', paint)).toBeUndefined()
  expect(logLine('{"level":40,"msg":"x"}', 'warn', paint)).toContain('x')
})
