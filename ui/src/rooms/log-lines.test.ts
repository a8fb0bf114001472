import { expect, it } from 'vitest'
import { isWanted, logWords, readLogLine, readTail } from './log-lines.ts'

const line = JSON.stringify({ 0: '{"subsystem":"outbox"}', 1: 'a delivery failed', chat: '77', tries: 3, _meta: { logLevelName: 'WARN', name: '{"subsystem":"outbox"}', date: '2026-11-22T10:00:00.000Z' }, time: '2026-11-22T10:00:00.000Z' })

it('reads a record of the gateway', () => {
  expect(readLogLine(line, 4)).toEqual({ id: 4, at: Date.parse('2026-11-22T10:00:00Z'), level: 'WARN', part: 'outbox', message: 'a delivery failed', facts: 'chat=77 tries=3' })
  expect(logWords(readLogLine(line, 4))).toBe('2026-11-22T10:00:00.000Z WARN outbox a delivery failed chat=77 tries=3')
})

it('reads the file as the gateway writes it', () => {
  const own = JSON.stringify({ level: 'info', time: '2026-11-22T10:00:00.000Z', room: 'config', facts: { file: 'moltbot.json' }, _meta: { logLevelName: 'INFO', date: '2026-11-22T10:00:00.000Z', name: '{"subsystem":"config"}' }, message: 'configuration loaded' })
  expect(readLogLine(own, 1)).toMatchObject({ level: 'INFO', part: 'config', message: 'configuration loaded', facts: 'file=moltbot.json' })
})

it('shows what is no record as it is', () => {
  for (const odd of ['Error: boom', '[1,2]', '{"msg":1}', 'null']) expect(readLogLine(odd, 1)).toMatchObject({ message: odd, level: 'INFO', part: '' })
  expect(readTail({ lines: ['a', 3], cursor: 'x' })).toEqual({ cursor: 0, lines: ['a'], truncated: false, reset: false, file: '' })
})

it('filters by level, part and words', () => {
  const read = readLogLine(line, 1)
  expect(isWanted(read, { least: 'WARN', part: '', find: '' })).toBe(true)
  expect(isWanted(read, { least: 'ERROR', part: '', find: '' })).toBe(false)
  expect(isWanted(read, { least: 'TRACE', part: 'inbox', find: '' })).toBe(false)
  expect(isWanted(read, { least: 'TRACE', part: 'outbox', find: ' TRIES=3 ' })).toBe(true)
})
