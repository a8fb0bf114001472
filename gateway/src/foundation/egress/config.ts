import { defineSection } from '@moltbot/contract'
import { Type } from 'typebox'
import type { Static } from 'typebox'

const patterns = (fallback: string[], description: string) => Type.Array(Type.String({ minLength: 1, maxLength: 300 }), { default: fallback, description })
const pattern = 'A host (`example.com`), what is below it (`*.example.com`), every name (`*`) or an address; each may end in `:port`.'

const rules = (allow: string[], what: string) => Type.Object({
  allow: patterns(allow, `What ${what} may reach. ${pattern} An address must be written down itself; a private one then is reachable too.`),
  deny: patterns([], `What ${what} may never reach; stronger than allow.`),
}, { default: {}, description: `The hosts for ${what}.` })

const ownRules = (what: string) => Type.Optional(Type.Object({
  allow: Type.Optional(patterns([], `Instead of the list for all agents: what ${what} of this agent may reach.`)),
  deny: patterns([], `In addition to the lists for all agents: what ${what} of this agent may never reach.`),
}, { description: `The hosts for ${what} of this agent.` }))

/** What may leave this machine on behalf of agents. */
export const egressSection = defineSection({
  path: 'egress',
  title: 'What may leave this machine through tools',
  reload: 'hot',
  secrets: ['credentials.*.value'],
  schema: Type.Object({
    enabled: Type.Boolean({ default: true, description: 'Whether tools reach anything at all. Off cuts what is under way.' }),
    deny: patterns([], `Never reached by any tool. ${pattern}`),
    ports: Type.Array(Type.Integer({ minimum: 1, maximum: 65_535 }), { default: [80, 443], description: 'Ports that are open to granted hosts. A rule with a port of its own opens that port for its host.' }),
    web: rules(['*'], 'the web tools'),
    commands: rules([], 'commands in the sandbox'),
    browser: rules(['*'], 'the browser'),
    agents: Type.Record(Type.String(), Type.Object({
      web: ownRules('the web tools'),
      commands: ownRules('commands'),
      browser: ownRules('the browser'),
    }), { default: {}, description: 'Other rules for single agents, by their id.' }),
    credentials: Type.Record(Type.String(), Type.Object({
      host: Type.String({ minLength: 1, maxLength: 253, description: 'The one host that gets it, exactly; always over https.' }),
      header: Type.String({ default: 'Authorization', pattern: '^[A-Za-z][A-Za-z0-9-]{0,63}$', description: 'The header it is sent in.' }),
      prefix: Type.String({ default: 'Bearer ', maxLength: 40, description: 'What stands before it in the header.' }),
      value: Type.String({ description: 'The secret, best as a reference. No tool, command or model ever sees it.' }),
      agents: Type.Optional(Type.Array(Type.String(), { description: 'The agents it is used for. Absent: all.' })),
      everyone: Type.Boolean({ default: false, description: 'Also in turns of people other than the owner.' }),
    }), { default: {}, description: 'Secrets that are added to requests where they leave, by a name of your choice.' }),
    mbPerConnection: Type.Integer({ default: 512, minimum: 1, maximum: 1_048_576, description: 'The most one connection of a command or the browser may carry in each direction, in MiB.' }),
    mbOutPerDay: Type.Integer({ default: 2_048, minimum: 1, maximum: 1_048_576, description: 'The most that leaves in one day through tools, all together, in MiB.' }),
  }, { default: {} }),
})
export type EgressConfig = Static<typeof egressSection.schema>

/** The web tools. */
export const webSection = defineSection({
  path: 'tools.web',
  title: 'Reading pages and searching the web',
  reload: 'hot',
  secrets: ['search.apiKey'],
  schema: Type.Object({
    fetch: Type.Object({
      enabled: Type.Boolean({ default: true, description: 'Whether agents may read pages.' }),
      maxChars: Type.Integer({ default: 50_000, minimum: 1_000, maximum: 55_000, description: 'The most text of one page, in characters.' }),
      timeoutSeconds: Type.Integer({ default: 30, minimum: 1, maximum: 50, description: 'How long a page may take, in seconds.' }),
      cacheTtlMinutes: Type.Integer({ default: 15, minimum: 0, maximum: 1_440, description: 'How long a page is kept instead of being fetched again, in minutes. 0: never.' }),
      maxRedirects: Type.Integer({ default: 3, minimum: 0, maximum: 5, description: 'How many redirects are followed; each is judged like a new request.' }),
      userAgent: Type.String({ default: 'Mozilla/5.0 (compatible; Moltbot)', maxLength: 200, pattern: '^[\\x20-\\x7e]*$', description: 'How the gateway names itself to hosts.' }),
    }, { default: {}, description: 'Reading pages (`web_fetch`).' }),
    search: Type.Object({
      enabled: Type.Boolean({ default: true, description: 'Whether agents may search.' }),
      provider: Type.Union([Type.Literal('auto'), Type.Literal('brave'), Type.Literal('searxng'), Type.Literal('wikipedia')], { default: 'auto', description: 'Who is asked. `auto`: Brave with a key, else SearXNG with an address, else Wikipedia, which needs neither and knows only itself.' }),
      apiKey: Type.Optional(Type.String({ description: 'The key for Brave, best as a reference. Absent: BRAVE_API_KEY of the environment.' })),
      baseUrl: Type.Optional(Type.String({ maxLength: 500, pattern: '^https?://', description: 'Where your SearXNG is. It may be on this machine or network; its settings must allow the format `json`.' })),
      maxResults: Type.Integer({ default: 5, minimum: 1, maximum: 10, description: 'How many results a search brings when the agent does not say.' }),
      timeoutSeconds: Type.Integer({ default: 30, minimum: 1, maximum: 50, description: 'How long a search may take, in seconds.' }),
      cacheTtlMinutes: Type.Integer({ default: 15, minimum: 0, maximum: 1_440, description: 'How long results are kept, in minutes. 0: never.' }),
    }, { default: {}, description: 'Searching (`web_search`).' }),
  }, { default: {} }),
})
export type WebConfig = Static<typeof webSection.schema>
