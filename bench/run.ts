/**
 * The bench: how fast the built gateway starts, answers and reads, and what it needs. Prints every number with its budget and
 * writes them into docs/performance.md. It measures; it never changes what it measures, and it never speaks to the network.
 *
 *   npm run bench -- [--check] [--quick] [--only start,cli,memory,latency,throughput,history,sockets,sandbox,security,page,channels] [--no-build] [--note 'what else the reader must know of the machine']
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { startTelegramServer } from '../test/fakes/telegram-server/index.ts'
import { root } from '../test/support/spawned-gateway.ts'
import { gatewayUnderTest, telegramToken } from './gateway-under-test.ts'
import { measureChannels } from './measure-channels.ts'
import { measureCli } from './measure-cli.ts'
import { measureDisk } from './measure-disk.ts'
import { measureHistory } from './measure-history.ts'
import { measureLatency } from './measure-latency.ts'
import { measureIdleMemory, memoryNow } from './measure-memory.ts'
import { measurePage } from './measure-page.ts'
import { measureSecurity } from './measure-security.ts'
import { measureSockets } from './measure-sockets.ts'
import { measureStart, measureStartWithBacklog } from './measure-start.ts'
import { measureThroughput } from './measure-throughput.ts'
import { startModelProcess } from './model-under-load.ts'
import { machineFacts, performancePage } from './page.ts'
import { amount, missedByFar, verdictOf, type Figure } from './results.ts'
import { measureSandbox } from './sandbox.ts'

const words = process.argv.slice(2)
const check = words.includes('--check')
const quick = words.includes('--quick')
const parts = ['start', 'cli', 'memory', 'latency', 'throughput', 'history', 'sockets', 'sandbox', 'security', 'page', 'channels'] as const
type Part = (typeof parts)[number]
const onlyAt = words.indexOf('--only')
const noteAt = words.indexOf('--note')
const wanted: readonly string[] = onlyAt < 0 ? parts : (words[onlyAt + 1] ?? '').split(',')
const unknown = wanted.filter((name) => !parts.some((part) => part === name))
if (unknown.length > 0) {
  console.error(`There is no part "${unknown.join(', ')}". Parts: ${parts.join(', ')}`)
  process.exit(2)
}
const wants = (...names: Part[]): boolean => names.some((name) => wanted.includes(name))
const samples = (many: number): number => Math.max(3, Math.round(quick ? many / 5 : many))

if (!words.includes('--no-build') && spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs'), 'code'], { cwd: root, stdio: 'inherit' }).status !== 0) process.exit(1)

const figures: Figure[] = []
const show = (measured: readonly Figure[]): void => {
  for (const figure of measured) {
    const mark = { kept: '✓', missed: '✗', none: ' ' }[verdictOf(figure)]
    console.log(`${mark} ${figure.what.padEnd(52)} ${amount(figure.value, figure.unit).padStart(16)}  ${figure.budget === undefined ? '' : `(≤ ${figure.budget} ${figure.unit}) `}${figure.how}`)
  }
  figures.push(...measured)
}

// Every start is a gateway of its own, and each cleans up after itself when the bench ends.
process.setMaxListeners(100)
const loadBefore = loadavg()[0] ?? 0
const model = await startModelProcess()
try {
  if (wants('start')) show([...(await measureStart(model.baseUrl, samples(15))), ...(await measureStartWithBacklog(2_000, samples(5)))])
  if (wants('cli', 'memory')) {
    const gateway = await gatewayUnderTest({ model: model.baseUrl })
    try {
      await gateway.start()
      if (wants('memory')) show(await measureIdleMemory(gateway, quick ? 3 : 15))
      if (wants('cli')) show(await measureCli(gateway, samples(20)))
    } finally {
      await gateway.kill()
      gateway.remove()
    }
  }
  if (wants('latency', 'throughput', 'history', 'sockets')) {
    const telegram = await startTelegramServer({ token: telegramToken })
    const gateway = await gatewayUnderTest({ model: model.baseUrl, telegram: telegram.apiRoot })
    try {
      await gateway.start()
      if (wants('latency')) show(await measureDisk(samples(200)))
      if (wants('latency')) show(await measureLatency(gateway, model, telegram, samples(300)))
      if (wants('throughput')) show(await measureThroughput(gateway, telegram))
      if (wants('latency', 'throughput')) show([memoryNow(gateway, 'Memory after all these messages', 'resident, at once')])
      if (wants('history')) show(await measureHistory(gateway, model, samples(20)))
      if (wants('sockets')) show(await measureSockets(gateway, model, samples(100)))
    } finally {
      await gateway.kill()
      gateway.remove()
      await telegram.close()
    }
  }
  if (wants('sandbox')) show(await measureSandbox(samples(60)))
  if (wants('page')) show(await measurePage(samples(15)))
  if (wants('channels')) show(await measureChannels(model.baseUrl, quick ? 3 : 15))
  if (wants('security')) {
    const telegram = await startTelegramServer({ token: telegramToken })
    try {
      show(await measureSecurity(model, telegram, samples(300)))
    } finally {
      await telegram.close()
    }
  }
} finally {
  await model.close()
}

const missed = figures.filter((figure) => verdictOf(figure) === 'missed')
console.log(`${figures.filter((figure) => verdictOf(figure) === 'kept').length} budgets kept, ${missed.length} missed${missed.length === 0 ? '' : `: ${missed.map((figure) => figure.what).join('; ')}`}`)
if (check) process.exitCode = figures.some(missedByFar) ? 1 : 0
else if (!quick && wanted.length === parts.length) writeFileSync(join(root, 'docs', 'performance.md'), performancePage(figures, machineFacts(loadBefore, loadavg()[0] ?? 0), new Date().toISOString().slice(0, 10), noteAt < 0 ? '' : (words[noteAt + 1] ?? '')))
