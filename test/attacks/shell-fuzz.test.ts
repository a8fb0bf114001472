import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readCommands, type SimpleCommand } from '../../gateway/src/journey/guard/allow-list/index.ts'
import { fuzzShell } from '../campaigns/shell-fuzz.ts'

const naive = (line: string): SimpleCommand[] => [{ argv: line.split(' '), after: 'first' }]
/** Knows quotes and joins, and takes everything else for an ordinary character. */
const careless = (line: string): SimpleCommand[] | undefined => readCommands(line.replaceAll(/[$*?~#{}[\]()<>!^`]/g, 'x'))

describe.skipIf(!existsSync('/bin/bash'))('EXE: what the shells make of a line', () => {
  it('EXE-08: of 1,500 random lines (`npm run shell-fuzz`: a hundred thousand), those that are read start exactly the programs and words that were read', async () => {
    const report = await fuzzShell({ count: 1_500, seed: 20_261_122 })
    expect(report.mismatches).toEqual([])
    expect(report.strays).toEqual([])
    expect(report.shells).toContain('bash')
    // It would prove nothing about lines that are never read.
    expect(report.read).toBeGreaterThan(500)
    expect(report.started).toBeGreaterThan(1_000)
  })

  it('EXE-08 twin: a reading by spaces is caught', async () => {
    expect((await fuzzShell({ count: 60, seed: 1, read: naive })).mismatches.length).toBeGreaterThan(10)
  })

  it('EXE-08 twin: a reading that knows quotes but not what shells expand is caught', async () => {
    expect((await fuzzShell({ count: 200, seed: 2, read: careless })).mismatches.length).toBeGreaterThan(5)
  })
})
