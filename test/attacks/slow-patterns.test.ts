import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { projectRoot } from '../../scripts/source-tree.ts'
import { attacksOn, patternsOfSources } from '../support/regular-expressions.ts'

/**
 * In CPU time, at 30,000 characters: what grows with the text needs a hundredth of it there, what grows with its square ten times as
 * much, what grows faster does not end. `x+$` becomes linear as `(?<!x)x+$`, `x.*$` with the flag `s`.
 */
const slowMs = 150
/** The names of patterns that are slow, or that did not end in time. */
function slowOnes(patterns: readonly { name: string; source: string; flags: string }[], timeoutMs: number): string[] {
  const input = JSON.stringify(patterns.map((each) => ({ ...each, attacks: attacksOn(each.source) })))
  const { stdout } = spawnSync(process.execPath, [join(projectRoot, 'test', 'support', 'time-patterns.mjs'), String(slowMs)], { input, timeout: timeoutMs, encoding: 'utf8', killSignal: 'SIGKILL' })
  const lines = stdout.trim().split('\n')
  const slow = lines.flatMap((line, at) => (line.startsWith('slow ') ? [`${lines.slice(0, at).findLast((each) => each.startsWith('try '))?.slice(4) ?? ''}: ${line}`] : []))
  return lines.at(-1) === 'done' ? slow : [...slow, `${lines.findLast((each) => each.startsWith('try '))?.slice(4) ?? 'nothing was tried'}: did not end`]
}

it('DOS-05: no regular expression of the sources can be made slow by a text', () => {
  const found = new Map(patternsOfSources().map(({ path, line, source, flags }) => [`${source}/${flags}`, { name: `${path}:${line} /${source}/${flags}`, source, flags }]))
  expect(found.size).toBeGreaterThan(400)
  expect(slowOnes([...found.values()], 110_000)).toEqual([])
})

it.each(['^(a+)+$', '^(\\w+\\s?)*$', '^([a-z]+)*\\d$', '(?:x*)*y', '^(?:\\d+|\\d+a)+b$', '\\/+$', '\\s+#.*$', '\\d+\\.'])('DOS-05 twin: /%s/ is found', (source) => {
  expect(slowOnes([{ name: 'twin', source, flags: '' }], 700)).not.toEqual([])
})
