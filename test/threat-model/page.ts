/** `docs/threat-model.md` out of what was weighed. */
import { controls, findings } from './model.ts'
import type { Count } from './model.ts'
import { cannotBeCleared, exclusions, isNotBuilt, ourSystem } from './our-system.ts'
import { rules, severities } from './rules.ts'
import { specification } from './specification.ts'
import type { Weighed } from './weigh.ts'

const names = { VH: 'very high', H: 'high', M: 'medium', L: 'low', VL: 'very low' } as const
const row = (...cells: (string | number)[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] => [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))]
const counted = (what: string, { total, by }: Count): (string | number)[] => [what, total, ...severities.map((severity) => by[severity])]
const sentence = (reason: string): string => reason.replaceAll('|', '\\|')

export function threatModelPage(weighed: Weighed): string {
  const { raw, rawCount, countAfterExclusions, bareCount, holding, lacking, proven, backWithoutAttacks, clearancesHolding } = weighed
  const nameOf = new Map([...ourSystem.elements.map((element) => [element.id, element.name] as const), ...ourSystem.flows.map((flow) => [flow.id, flow.id] as const)])
  const on = new Map<string, number>()
  for (const finding of raw) on.set(finding.on, (on.get(finding.on) ?? 0) + 1)
  const byRule = new Map<string, string[]>()
  for (const finding of raw) byRule.set(finding.rule, [...(byRule.get(finding.rule) ?? []), finding.on])
  const ofMissingParts = raw.filter((finding) => isNotBuilt(finding.on))
  const bare = new Map<string, number>()
  for (const finding of findings(ourSystem)) bare.set(finding.on, (bare.get(finding.on) ?? 0) + 1)
  const specificationBy = severities.map((severity) => findings(specification).filter((finding) => finding.severity === severity).length)
  return `${[
    '# The threat model, counted',
    '',
    'Written by `npm run threat-model` from a run of the tests; not by hand. The rules are those of pytm 1.4, restated in',
    '`test/threat-model/rules.ts`; the counter gives the published numbers of the specification to the digit',
    '(`test/threat-model/count.test.ts`). The system is ours: every element and flow of the specification stays, also what is not built',
    'yet, and what we added is added. A control is true only where an entry of `test/threat-model/evidence.ts` names tests that passed in',
    'this run, at least one of them an attack. A test that is missing, fails or is left out makes its control false.',
    '',
    ...table(['', 'findings', ...severities.map((severity) => names[severity])], [
      ['the specification, as published', findings(specification).length, ...specificationBy],
      counted('our system, with nothing proven', bareCount),
      counted('**our system, with what is proven (raw)**', rawCount),
      counted('**after the two documented exclusions**', countAfterExclusions),
    ]),
    '',
    ...table(['', ''], [
      ['entries of evidence that hold', `${holding.length + clearancesHolding.length} of ${holding.length + clearancesHolding.length + lacking.length}`],
      ['pairs of part and control that are true', proven.size],
      ['findings that come back without entries whose attack is a test of its own', backWithoutAttacks],
      ['raised on parts that are not built yet, and on what flows to and from them', ofMissingParts.length],
      ['… of these, after the two exclusions', ofMissingParts.filter((finding) => !(finding.rule in exclusions)).length],
    ]),
    '',
    '## The two exclusions',
    '',
    ...Object.entries(exclusions).map(([rule, reason]) => `- **${rule}** ${reason}`),
    '',
    'The three XML rules count as one exclusion. No flag is set for either.',
    '',
    '## What no control can clear',
    '',
    'These stay in both numbers.',
    '',
    ...Object.entries(cannotBeCleared).map(([rule, reason]) => `- **${rule}** (${byRule.get(rule)?.length ?? 0}): ${reason}.`),
    '',
    '## What a word means here',
    '',
    '`isEncrypted` of a flow is TLS 1.3 to another machine, a Unix socket of the same user on this one, or no wire at all: a call within the',
    'process, or a file that the process opens itself and that nobody else can open or replace. It says nothing of how a store lies on the',
    'disk: that is CR05, which stays open for every store but the credentials and logins. `checksDestinationRevocation` is not claimed of any',
    'provider or network: Node checks the chain, the name and the dates of a certificate, and asks nobody whether it was revoked. Of the door',
    'it means that a certificate made here ends by itself within two weeks, and that another authority takes over at once.',
    '',
    '## By part',
    '',
    ...table(['part', 'nothing proven', 'now'], [...bare].toSorted((a, b) => (on.get(b[0]) ?? 0) - (on.get(a[0]) ?? 0)).map(([id, before]) => [`${nameOf.get(id) ?? id}${isNotBuilt(id) ? ' *(not built)*' : ''}`, before, on.get(id) ?? 0])),
    '',
    '## Still open, by rule',
    '',
    ...table(['rule', 'what', 'severity', 'open', 'on'], rules.filter((rule) => byRule.has(rule.id) && !(rule.id in exclusions)).toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))
      .map((rule) => { const where = byRule.get(rule.id) ?? []; return [rule.id, rule.what, names[rule.severity], where.length, where.length > 8 ? `${where.slice(0, 8).join(', ')} … and ${where.length - 8} more` : where.join(', ')] })),
    '',
    '## Evidence that does not hold yet',
    '',
    lacking.length === 0 ? 'None.' : 'What these would prove is counted as not proven.',
    '',
    ...lacking.map(({ entry, reasons }) => `- ${entry.on.length > 3 ? `${entry.on.slice(0, 3).join(', ')} …` : entry.on.join(', ')}: ${'controls' in entry ? entry.controls.join(', ') : `cleared for ${entry.clearance}`}. ${reasons.slice(0, 3).map(sentence).join('; ')}${reasons.length > 3 ? ` … (${reasons.length})` : ''}.`),
    '',
    '## Evidence that holds',
    '',
    ...table(['part', 'controls', 'shown by', 'attacked by'], [
      ...holding.map((entry) => [entry.on.join(', '), entry.controls.join(', '), short(entry.tests), short(entry.attacks)]),
      ...clearancesHolding.map((entry) => [entry.on.length > 6 ? `${entry.on.slice(0, 6).join(', ')} … (${entry.on.length})` : entry.on.join(', '), `cleared for ${entry.clearance}`, short(entry.tests), short(entry.attacks)]),
    ]),
    '',
    '## Controls nothing is claimed of',
    '',
    controls.filter((control) => ![...proven].some((pair) => pair.endsWith(` ${control}`))).join(', '),
    '',
    '`usesSecureFunctions` asks for a process without native add-ons. On Node 20 the database is one, so it is claimed',
    'of the page, of a channel in a process of its own and of what takes documents apart, which load none and make no program of words.',
    '`usesCodeSigning` and integrity of code ask for code that is checked when it is loaded. Packages can be signed; what is installed is not checked again.',
  ].join('\n')}\n`
}

const short = (references: readonly string[]): string => references.map((reference) => {
  const [file = '', words] = reference.split(' › ', 2)
  return sentence(words === undefined ? file : `${file.split('/').at(-1)?.replace(/\.test\.tsx?$/, '') ?? file}: ${words}`)
}).join('<br>')
