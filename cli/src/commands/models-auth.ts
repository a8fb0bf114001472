import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { credentialLines, credentialsFrom } from '../models-auth/credential-lines.ts'
import { signIn } from '../models-auth/sign-in.ts'
import { askSecret } from '../open-vault.ts'
import { printableLine } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'

const needsProvider = 'Say which: --provider anthropic'

export const modelsAuth = defineCommand({
  name: 'models auth',
  summary: 'Keys and sign-ins with providers of models',
  topic: 'settings',
  description: 'list shows the credentials of each provider in the order in which they are used. login signs in with a provider that has it (models.providers.<id>.oauth), by a code to type on any device, which works over SSH as well, or in a browser. add seals a key, paste-token (or setup-token) a token. logout forgets one, and has the provider take it back. order get, order set <profiles…> and order clear say which are used, and in which order.\n\nA conversation stays with its credential; when one fails, the next one of the same provider is asked before another model is.',
  args: {
    action: { summary: 'What to do', choices: ['list', 'login', 'add', 'paste-token', 'setup-token', 'logout', 'order'] },
    more: { summary: 'With order: get, set or clear, and the profiles', many: true },
  },
  flags: {
    provider: { kind: 'text', value: 'id', summary: 'The provider, as in models.providers' },
    profile: { kind: 'text', value: 'name', summary: 'A name of your own for the credential, where there are several' },
    device: { kind: 'boolean', summary: 'login: by a code to type on any device' },
    browser: { kind: 'boolean', summary: 'login: in a browser' },
    paste: { kind: 'boolean', summary: 'login: the browser is on another machine; asks for the address it ends at' },
    'expires-in-days': { kind: 'number', value: 'days', min: 1, max: 36_500, summary: 'paste-token: when the token comes to its end' },
  },
  json: 'list: {providers}; login: {state, profile, …}; add: one credential; logout: {profile, revoked}; order: {provider, order}',
  examples: ['models auth login --provider openai', 'models auth add --provider anthropic --profile work < key.txt', 'models auth order set work env --provider anthropic'],
  async run({ args, flags, json }, context) {
    const { gateway, report, terminal } = context
    const { provider, profile } = flags
    const action = args.action ?? 'list'
    const place = (): { provider: string; profile?: string } => {
      if (provider === undefined) throw new Problem('usage', `"moltbot models auth ${action}" needs --provider.`, { next: needsProvider })
      return { provider, ...(profile === undefined ? {} : { profile }) }
    }
    if (action !== 'order' && args.more.length > 0) throw new Problem('usage', `"${args.more[0] ?? ''}" is one word too many.`, { next: 'See: moltbot models auth --help' })
    switch (action) {
      case 'login': {
        if (flags.device && (flags.browser || flags.paste)) throw new Problem('usage', 'It is either --device or --browser.', { next: 'Leave one out.' })
        return signIn(context, { ...place(), ...(flags.device ? { way: 'device' } : flags.browser || flags.paste ? { way: 'browser' } : {}) }, { json, paste: flags.paste })
      }
      case 'add':
      case 'paste-token':
      case 'setup-token': {
        const where = place()
        const kind = action === 'add' ? 'api-key' : 'token'
        const value = await askSecret(context, `The ${kind === 'token' ? 'token' : 'key'} of ${where.provider}`)
        if (value === undefined) throw new Problem('usage', 'No value was given; nothing was changed.', { next: 'Type it, or pass it on standard input.' })
        const days = flags['expires-in-days']
        const added = asFields(await (await gateway()).request('models.auth.add', { ...where, kind, value, ...(days === undefined ? {} : { expiresInDays: days }) }))
        report(added, () => `${terminal.paint.green('✓')} ${printableLine(asText(added['profile']) ?? where.provider)} is sealed.`)
        return exitCodes.ok
      }
      case 'logout': {
        const gone = asFields(await (await gateway()).request('models.authLogout', place(), { timeoutMs: 60_000 }))
        const name = printableLine(asText(gone['profile']) ?? '')
        report(gone, () => [`${terminal.paint.green('✓')} ${name} is forgotten here.`, ...(gone['revoked'] === true ? ['  The provider took it back.'] : gone['revoked'] === false ? [terminal.paint.yellow('  The provider could not be told. End it there too, on the page of your account.')] : [])])
        return exitCodes.ok
      }
      case 'order': {
        const [what = 'get', ...profiles] = args.more
        const where = place()
        if (what === 'set' ? profiles.length === 0 : !['get', 'clear'].includes(what) || profiles.length > 0) throw new Problem('usage', 'It is "order get", "order set <profiles…>" or "order clear".', { next: 'See: moltbot models auth --help' })
        const client = await gateway()
        if (what !== 'get') await client.request('models.auth.order', { provider: where.provider, order: what === 'set' ? profiles : null })
        const order = credentialsFrom(await client.request('models.authStatus'), where.provider).flatMap(({ credentials }) => credentials).filter(({ state }) => state !== 'left-out').map(({ name }) => name)
        report({ provider: where.provider, order }, () => (order.length === 0 ? `There is no credential of ${printableLine(where.provider)}.` : order.map((name, index) => `${index + 1}. ${printableLine(name)}`)))
        return exitCodes.ok
      }
      default: {
        const answer = asFields(await (await gateway()).request('models.authStatus'))
        const shown = credentialsFrom(answer, provider)
        report(answer, () => credentialLines(shown, context.clock.now(), terminal))
        return exitCodes.ok
      }
    }
  },
})
