import { defineCommand, exitCodes } from '@moltbot/contract'
import { table } from '../table.ts'
import { asFields, asList, asNumber, asText, asTexts } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'

export const modelsList = defineCommand({
  name: 'models list',
  summary: 'List the models you can choose from',
  topic: 'settings',
  args: {
    provider: { summary: 'Only those of one provider, like ollama' },
  },
  flags: {
    all: { kind: 'boolean', summary: 'Also those that have no key yet' },
  },
  json: '{models}',
  async run({ args, flags }, { gateway, report, terminal }) {
    const client = await gateway()
    const every = asList(asFields(await client.request('models.list'))['models'])
    const models = every.filter((model) => (args.provider === undefined || model['provider'] === args.provider) && (flags.all || model['available'] !== false || asTexts(model['tags']).includes('default')))
    const hidden = every.length - models.length
    report({ models }, () => {
      const { dim, green } = terminal.paint
      const rows = models.map((model) => [
        asTexts(model['tags']).includes('default') ? '●' : ' ', modelName(model), asText(model['name']) ?? '', contextWords(asNumber(model['contextWindow'])), credentialWords(model),
      ])
      return [
        ...(rows.length === 0 ? ['No models.'] : table([' ', 'Model', 'Name', 'Context', 'Key'], rows, terminal.columns(), dim).map((line) => line.replace(/^●/, green('●')))),
        ...(hidden > 0 && !flags.all && args.provider === undefined ? ['', dim(`${hidden} more need a key. See them with --all; add one with: moltbot onboard`)] : []),
      ]
    })
    return exitCodes.ok
  },
})

/** `provider/model`. */
function modelName(model: Fields): string {
  return `${asText(model['provider']) ?? '?'}/${asText(model['id']) ?? '?'}`
}

function contextWords(tokens: number | undefined): string {
  return tokens === undefined || tokens === 0 ? '' : tokens >= 1_000_000 ? `${tokens / 1_000_000}M` : `${Math.round(tokens / 1_000)}k`
}

function credentialWords(model: Fields): string {
  const credential = asText(model['credential']) ?? ''
  // There is a key (or none is needed) and still it cannot answer: it failed lately and rests.
  if (model['available'] === false && credential !== 'missing') return 'resting'
  return credential === 'not-needed' ? 'not needed' : credential
}
