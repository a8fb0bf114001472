import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exitCodes } from '@moltbot/contract'
import type { Machine, Review } from '@moltbot/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { offlineConfig, offlineReview } from '../../../gateway/src/offline.ts'
import { makeStateDir, runCommand } from '../testing/run-command.ts'
import type { CommandRun } from '../testing/run-command.ts'
import { scriptPrompts } from '../testing/scripted-prompts.ts'

const token = '5f0c9e1b7a3d48264be1906df7c2a85d93e470b6182fca5d0e9b37641cd8a2f5'
let stateDir: string
beforeEach(async () => {
  stateDir = await makeStateDir()
  writeFileSync(join(stateDir, 'moltbot.json'), `// mine\n{\n  gateway: { port: 9, auth: { token: "${token}" } }, // the door\n  logging: { redactSensitive: "off" },\n}\n`, { mode: 0o600 })
  writeFileSync(join(stateDir, 'secrets.env'), '# none\n')
  chmodSync(join(stateDir, 'secrets.env'), 0o644)
  chmodSync(stateDir, 0o755)
})
afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

/** The gateway's own code on the state directory of the test; nothing answers at the port. */
function machine(): Partial<Machine> {
  return { offlineConfig: async () => offlineConfig(stateDir), offlineReview: (options) => offlineReview(stateDir, options) }
}
const doctor = (...words: string[]): Promise<CommandRun> => runCommand(['doctor', ...words], { stateDir, machine: machine() })
const modeOf = (name: string): number => statSync(join(stateDir, name)).mode & 0o777
const configText = (): string => readFileSync(join(stateDir, 'moltbot.json'), 'utf8')
const everything = (): unknown => readdirSync(stateDir, { recursive: true }).toSorted().map((name) => [name, modeOf(String(name))])

describe('moltbot doctor', () => {
  it('without --fix shows findings and the plan as a diff, and changes nothing', async () => {
    const before = { files: everything(), config: configText() }
    const { code, out } = await doctor()
    expect(code).toBe(exitCodes.failed)
    expect(out).toContain(`✗ critical  ${join(stateDir, 'secrets.env')}`)
    expect(out).toContain('moltbot doctor --fix would change these 3:')
    expect(out).toContain(`  mode of ${join(stateDir, 'secrets.env')}\n    - 644\n    + 600`)
    expect(out).toContain('  logging.redactSensitive\n    - "off"\n    + "tools"')
    expect({ files: everything(), config: configText() }).toEqual(before)
  })

  it('--fix changes what it showed, keeps comments, and the second time changes nothing', async () => {
    const first = await doctor('--fix')
    expect(first.code).toBe(exitCodes.ok)
    expect(first.err.indexOf('- 644')).toBeLessThan(first.err.indexOf('✓ mode of'))
    expect([modeOf('.'), modeOf('secrets.env')]).toEqual([0o700, 0o600])
    expect(configText()).toContain('redactSensitive: "tools"')
    expect(configText()).toContain('// the door')
    const between = { files: everything(), config: configText() }
    const second = await doctor('--fix')
    expect(second.code).toBe(exitCodes.ok)
    expect(second.err).toContain('Nothing to change.')
    expect({ files: everything(), config: configText() }).toEqual(between)
  })

  it('--undo brings back what was there, once', async () => {
    await doctor('--fix')
    const { code, out } = await doctor('--undo')
    expect(code).toBe(exitCodes.ok)
    expect(out).toContain('logging.redactSensitive is "off"')
    expect([modeOf('.'), modeOf('secrets.env')]).toEqual([0o755, 0o644])
    expect(configText()).toContain('redactSensitive: "off"')
    const again = await doctor('--undo')
    expect(again.code).toBe(exitCodes.failed)
    expect(again.err).toContain('nothing to undo')
  })

  it('asks a person, and a no changes nothing', async () => {
    const prompts = scriptPrompts([false])
    const { code } = await runCommand(['doctor', '--fix'], { stateDir, machine: machine(), interactive: true, prompts })
    expect(code).toBe(exitCodes.failed)
    expect(modeOf('secrets.env')).toBe(0o644)
  })

  it('never changes a mode through a link', async () => {
    const outside = await makeStateDir()
    try {
      writeFileSync(join(outside, 'theirs'), '')
      chmodSync(join(outside, 'theirs'), 0o644)
      rmSync(join(stateDir, 'secrets.env'))
      symlinkSync(join(outside, 'theirs'), join(stateDir, 'secrets.env'))
      const link = join(stateDir, 'secrets.env')
      const forged: Review = { takenAt: 1, stateDir, live: false, deep: false, checks: [], findings: [{ check: 'x.y', severity: 'critical', subject: link, evidence: 'A.', remedy: 'B.', fix: { kind: 'chmod', path: link, mode: 0o600 } }] }
      const { code, err } = await runCommand(['doctor', '--fix'], { stateDir, machine: { ...machine(), offlineReview: async () => forged } })
      expect(code).toBe(exitCodes.failed)
      expect(err).toContain('is a link')
      expect(statSync(join(outside, 'theirs')).mode & 0o777).toBe(0o644)
    } finally {
      rmSync(outside, { recursive: true, force: true })
    }
  })

  it('a clean installation gets a clean bill, also with a configuration that refers to a secret', async () => {
    chmodSync(stateDir, 0o700)
    chmodSync(join(stateDir, 'secrets.env'), 0o600)
    writeFileSync(join(stateDir, 'secrets.env'), "export MY_KEY='k-0123456789'\n")
    writeFileSync(join(stateDir, 'moltbot.json'), `{ gateway: { port: 9, auth: { token: "${token}" } }, models: { providers: { openai: { apiKey: "\${MY_KEY}" } } } }`)
    mkdirSync(join(stateDir, 'credentials'), { mode: 0o700 })
    const { out, code } = await doctor('--json')
    const { findings } = JSON.parse(out) as Review
    expect(code).toBe(exitCodes.ok)
    // What is true of the machine the test runs on.
    expect(findings.filter(({ check }) => !['gateway.runs_as_root', 'machine.node_unsupported', 'machine.disk_low', 'fs.log_link.foreign'].includes(check))).toEqual([])
  })

  it('finds what cannot even be read', async () => {
    writeFileSync(join(stateDir, 'secrets.env'), 'A="open')
    writeFileSync(join(stateDir, 'moltbot.json'), '{ gateway: { port: ')
    const review = await offlineReview(stateDir, { quick: false, deep: false })
    expect(review.findings.map(({ check }) => check)).toEqual(expect.arrayContaining(['secrets.env_invalid', 'config.unreadable']))
  })
})
