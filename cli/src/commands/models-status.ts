import { defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asList, asNumber, asText, asTexts } from '../wire-fields.ts'

const dayMs = 86_400_000
/** What programs of this family end with here; elsewhere it says that the command line was wrong. */
const endsSoon = 2

export const modelsStatus = defineCommand({
  name: 'models status',
  summary: 'Which model answers, and why that one',
  topic: 'settings',
  groupDefault: true,
  description: 'With --check it ends with 1 when the model that answers has no credential, or any credential waits for you, and with 2 when one comes to its end within 24 hours and is not renewed by itself.',
  args: {},
  flags: { check: { kind: 'boolean', summary: 'Say by the exit code whether credentials are in order' } },
  json: '{primary, fallbacks, why, providers, needsYou}',
  async run({ flags }, { gateway, report, terminal, clock }) {
    const client = await gateway()
    const status = asFields(await client.request('models.status'))
    const primary = asText(status['primary']) ?? 'unknown'
    const needsYou = asList(status['needsYou'])
    const answering = asList(status['providers']).find((each) => each['id'] === primary.split('/')[0])
    const canAnswer = status['providers'] === undefined || (answering !== undefined && answering['credential'] !== 'missing')
    report(status, () => [
      canAnswer ? `${terminal.paint.bold(printableLine(primary))} answers.` : terminal.paint.yellow(`${printableLine(primary)} is to answer, and cannot.`),
      ...(asText(status['why']) === undefined ? [] : [`  ${printableLine(asText(status['why']) ?? '')}`]),
      ...(asTexts(status['fallbacks']).length === 0 ? [] : [`  If it fails: ${asTexts(status['fallbacks']).map(printableLine).join(', then ')}.`]),
      ...needsYou.flatMap((each) => ['', terminal.paint.yellow(`${printableLine(asText(each['profile']) ?? '')} needs you: ${printableLine(asText(each['reason']) ?? '')}`), `  ${printableLine(asText(each['next']) ?? '')}`]),
      ...(primary.startsWith('builtin/') ? ['', 'This is the built-in assistant, not a language model. Add a real one with: moltbot onboard'] : []),
    ])
    if (!flags.check) return exitCodes.ok
    if (needsYou.length > 0 || !canAnswer) return exitCodes.failed
    const soon = clock.now() + dayMs
    const all = asList(asFields(await client.request('models.authStatus'))['providers']).flatMap((each) => asList(each['profiles']))
    return all.some((each) => each['renews'] !== true && each['state'] === 'ready' && (asNumber(each['expiresAtMs']) ?? Infinity) <= soon) ? endsSoon : exitCodes.ok
  },
})
