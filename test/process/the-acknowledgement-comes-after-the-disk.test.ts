import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { echoModel } from '../fakes/model-servers/index.ts'
import { startProcessWorld, type ProcessWorld } from '../support/process-world.ts'

/** Watching system calls needs Linux, strace and the right to trace. */
const canTrace = process.platform === 'linux' && spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0

let world: ProcessWorld
beforeAll(async () => { world = await startProcessWorld(echoModel()) })
afterAll(() => world.close())

it.skipIf(!canTrace)('Telegram is told of a message only after the write-ahead log with it was flushed to the disk', async () => {
  const { gateway, telegram, olga } = world
  const trace = join(gateway.home, 'trace')
  const tracer = spawn('strace', ['-f', '-yy', '-s', '65536', '-e', 'trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg', '-o', trace, '-p', String(gateway.pid)], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<void>((resolve) => tracer.on('close', () => resolve()))
  await new Promise<void>((resolve) => tracer.stderr.on('data', (data: Buffer) => { if (data.includes('attached')) resolve() }))

  const { updateId } = telegram.say(olga, 'canary-of-durability')
  await telegram.until(() => telegram.isConfirmed(updateId), 'the message to be acknowledged')
  tracer.kill('SIGINT')
  await ended
  expect(existsSync(trace)).toBe(true)

  const lines = readFileSync(trace, 'latin1').split('\n')
  const written = lines.findIndex((line) => /pwrite64\(\d+<[^>]*moltbot\.db-wal>/.test(line) && line.includes('canary-of-durability'))
  expect(written, 'the message is written to the log of the database').toBeGreaterThanOrEqual(0)
  // The flush happens on another thread: strace shows its beginning and its end apart when something came between.
  const begun = lines.findIndex((line, at) => at > written && /f(data)?sync\(\d+<[^>]*moltbot\.db-wal>/.test(line))
  expect(begun, 'the log is being flushed').toBeGreaterThan(written)
  const thread = lines[begun]?.split(' ')[0] ?? ''
  const flushed = lines[begun]?.includes('<unfinished') === true ? lines.findIndex((line, at) => at > begun && line.startsWith(`${thread} `) && /f(data)?sync resumed>\)\s+= 0/.test(line)) : begun
  expect(lines[flushed], 'the log is flushed').toMatch(/\)\s+= 0/)
  const told = lines.findIndex((line) => /\b(write|writev|sendto|sendmsg)\(\d+<TCP/.test(line) && line.includes('getUpdates') && new RegExp(`offset[^0-9]{1,8}${updateId + 1}\\b`).test(line))
  expect(told, 'the next poll acknowledges it').toBeGreaterThanOrEqual(0)
  expect(told).toBeGreaterThan(flushed)
})
