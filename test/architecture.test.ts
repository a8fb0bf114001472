import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { operatorScopes } from '../gateway/src/api/scopes.ts'
import { methods } from '../gateway/src/api/methods/index.gen.ts'
import { tableOwners, roomOf } from '../scripts/generate/database-page.ts'
import { generate } from '../scripts/generate/generate.ts'
import { channelEntries, shelfEntries, shelves } from '../scripts/generate/indexes.ts'
import { projectRoot, readSourceTree, workspacePackages } from '../scripts/source-tree.ts'

/**
 * Who may import whom. Reading this table is reading the architecture; what is not in it is forbidden. `types of` means that
 * nothing is left at run time: the value arrives as an argument. The most specific row holds. `*` is one room.
 * A new arrow is a decision (`docs/decisions/`), not a drive-by.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'contract': [],

  'channels/*': ['contract'],
  'models': ['contract'],
  'tools': ['contract'],
  'checks': ['contract'],

  'gateway/foundation/*': ['contract'],
  'gateway/foundation/storage': ['contract', 'gateway/foundation/platform'],

  'gateway/journey/*': ['contract', 'types of gateway/foundation/*'],
  'gateway/journey/agent': ['contract'],
  'gateway/journey/commands': ['contract', 'types of gateway/journey/*'],
  'gateway/journey/handle-message.ts': ['contract', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/journey/run-agent.ts': ['contract', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/journey/why.ts': ['contract', 'types of gateway/foundation/*', 'types of gateway/journey/*'],

  'gateway/api': ['contract', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/api/methods': ['contract', 'gateway/api', 'types of gateway/foundation/*', 'types of gateway/journey/*'],

  'gateway/channels.gen.ts': ['contract', 'channels/*'],
  // The composer, and the pieces of it that have a name of their own; each may know every room it serves.
  'gateway/main.ts': [
    'contract', 'models', 'tools', 'checks', 'gateway/channels.gen.ts', 'gateway/foundation/*', 'gateway/journey/*', 'gateway/journey/handle-message.ts', 'gateway/journey/run-agent.ts', 'gateway/journey/why.ts',
    'gateway/api', 'gateway/api/methods', 'gateway/sections.ts', 'gateway/environment.ts', 'gateway/installation.ts', 'gateway/first-start.ts', 'gateway/opened-vault.ts', 'gateway/elevated.ts',
    'gateway/toolbox.ts', 'gateway/expected-policy.ts', 'gateway/input-check.ts', 'gateway/questions.ts', 'gateway/known-chats.ts', 'gateway/status.ts', 'gateway/pasted-secrets.ts', 'gateway/unfinished-calls.ts', 'gateway/command-ends.ts', 'gateway/fetch-media.ts', 'gateway/media-needs.ts', 'gateway/voice-answers.ts', 'gateway/spoken-for-clients.ts', 'gateway/fetch-public-keys.ts',
    'gateway/money-facts.ts', 'gateway/session-prompt.ts', 'gateway/job-needs.ts', 'gateway/sub-agent-needs.ts', 'gateway/summarise-session.ts', 'gateway/workspace-of.ts', 'gateway/node-desk.ts',
    'gateway/agent-needs.ts', 'gateway/command-needs.ts', 'gateway/session-needs.ts', 'gateway/halt-acts.ts', 'gateway/house-backups.ts', 'gateway/mention-patterns.ts', 'gateway/push-post.ts', 'gateway/running-file.ts', 'gateway/say-aloud.ts', 'gateway/signs-of-life.ts', 'types of gateway/start-options.ts',
  ],
  'gateway/toolbox.ts': ['contract', 'gateway/foundation/agents', 'gateway/foundation/connections', 'gateway/journey/guard', 'gateway/journey/sandbox', 'types of gateway/api', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/expected-policy.ts': ['contract', 'gateway/foundation/agents', 'gateway/foundation/config', 'gateway/journey/guard', 'gateway/journey/sandbox', 'gateway/toolbox.ts'],
  'gateway/input-check.ts': ['contract'],
  'gateway/questions.ts': ['contract', 'gateway/elevated.ts', 'gateway/journey/guard', 'gateway/journey/sessions', 'types of gateway/known-chats.ts', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/known-chats.ts': ['contract', 'gateway/elevated.ts', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/status.ts': ['contract', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/pasted-secrets.ts': ['contract', 'gateway/elevated.ts', 'gateway/foundation/log', 'types of gateway/foundation/*', 'types of gateway/journey/*', 'types of gateway/journey/handle-message.ts'],
  'gateway/unfinished-calls.ts': ['contract', 'models', 'gateway/foundation/models', 'gateway/journey/agent', 'gateway/journey/sessions', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/command-ends.ts': ['contract', 'gateway/journey/sandbox', 'gateway/journey/sessions', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/fetch-media.ts': ['contract', 'types of gateway/foundation/*'],
  'gateway/fetch-public-keys.ts': ['contract', 'types of gateway/foundation/*'],
  'gateway/media-needs.ts': ['contract', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/money-facts.ts': ['contract', 'gateway/elevated.ts', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/session-prompt.ts': ['contract', 'gateway/elevated.ts', 'gateway/foundation/memory', 'gateway/journey/agent', 'gateway/journey/run-agent.ts', 'gateway/journey/sandbox', 'types of gateway/toolbox.ts', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/node-desk.ts': ['contract', 'gateway/elevated.ts', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/job-needs.ts': ['contract', 'gateway/foundation/jobs', 'gateway/journey/sandbox', 'gateway/journey/sessions', 'types of gateway/known-chats.ts', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/sub-agent-needs.ts': ['contract', 'types of gateway/journey/*'],
  'gateway/summarise-session.ts': ['contract', 'gateway/elevated.ts', 'gateway/journey/agent', 'gateway/journey/sessions', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/workspace-of.ts': ['contract', 'gateway/toolbox.ts', 'types of gateway/foundation/*'],
  'gateway/voice-answers.ts': ['contract', 'gateway/elevated.ts', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/agent-needs.ts': ['contract', 'gateway/elevated.ts', 'gateway/foundation/halt', 'gateway/journey/agent', 'gateway/journey/sessions', 'gateway/toolbox.ts', 'types of gateway/questions.ts', 'types of gateway/journey/run-agent.ts', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/command-needs.ts': ['contract', 'gateway/journey/sessions', 'types of gateway/toolbox.ts', 'types of gateway/voice-answers.ts', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/session-needs.ts': ['contract', 'gateway/journey/agent', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/halt-acts.ts': ['gateway/api', 'gateway/foundation/halt', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/house-backups.ts': ['contract', 'gateway/foundation/backup', 'types of gateway/known-chats.ts', 'types of gateway/foundation/*'],
  'gateway/mention-patterns.ts': ['contract', 'gateway/journey/sessions', 'types of gateway/foundation/*'],
  'gateway/push-post.ts': ['gateway/journey/sessions', 'types of gateway/foundation/*'],
  'gateway/running-file.ts': ['types of gateway/api'],
  'gateway/start-options.ts': ['contract', 'types of gateway/api', 'types of gateway/journey/handle-message.ts', 'types of gateway/foundation/*'],
  'gateway/say-aloud.ts': ['contract', 'types of gateway/voice-answers.ts', 'types of gateway/journey/*'],
  'gateway/signs-of-life.ts': ['contract', 'gateway/foundation/agents', 'gateway/journey/guard', 'gateway/journey/sessions', 'gateway/journey/signs', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/spoken-for-clients.ts': ['contract', 'gateway/elevated.ts', 'types of gateway/api', 'types of gateway/foundation/*', 'types of gateway/journey/*'],
  'gateway/elevated.ts': ['contract'],
  'gateway/sections.ts': ['gateway/channels.gen.ts', 'gateway/foundation/*', 'gateway/journey/*', 'gateway/api'],
  'gateway/environment.ts': ['contract', 'gateway/foundation/vault'],
  'gateway/installation.ts': [],
  'gateway/first-start.ts': ['contract', 'gateway/environment.ts', 'types of gateway/foundation/*'],
  'gateway/opened-vault.ts': ['contract', 'gateway/environment.ts', 'gateway/foundation/*', 'gateway/api'],
  // What a command line starts: the gateway, or a look at its state without one.
  'gateway/offline.ts': ['contract', 'checks', 'tools', 'gateway/expected-policy.ts', 'gateway/input-check.ts', 'gateway/channels.gen.ts', 'gateway/foundation/*', 'gateway/api', 'gateway/sections.ts', 'gateway/environment.ts', 'gateway/installation.ts', 'gateway/opened-vault.ts'],
  'gateway/offline-backup.ts': ['contract', 'gateway/foundation/*', 'gateway/api', 'gateway/sections.ts', 'gateway/environment.ts', 'gateway/installation.ts', 'gateway/opened-vault.ts', 'gateway/offline.ts'],
  'gateway/load-bundle.ts': ['types of contract'],
  'gateway/scheduled-backup.ts': ['gateway/environment.ts'],
  // A channel in a process of its own: the shelf, at the other end of the gateway's line.
  'gateway/channel-process.ts': ['gateway/channels.gen.ts', 'gateway/foundation/platform', 'gateway/foundation/remote'],
  'gateway/process.ts': ['contract', 'gateway/main.ts', 'gateway/offline.ts', 'gateway/offline-backup.ts', 'gateway/environment.ts', 'gateway/installation.ts', 'gateway/opened-vault.ts', 'gateway/scheduled-backup.ts'],

  'cli': ['contract', 'types of gateway/api/methods'],
  'ui': ['types of gateway/api/methods'],
}

/** Which package may be used where; `node:*` stands for every built-in of Node. Tests may use what is installed. */
const mayUse: Readonly<Record<string, readonly string[]>> = {
  'typebox': ['contract', 'channels/*', 'models', 'tools', 'checks', 'gateway/foundation/*', 'gateway/journey/*', 'gateway/api', 'gateway/api/methods', 'gateway/main.ts', 'gateway/input-check.ts'],
  'ws': ['gateway/api', 'cli'],
  'json5': ['gateway/api', 'cli'],
  'pino': ['gateway/foundation/log'],
  'chokidar': ['gateway/foundation/config'],
  '@node-rs/argon2': ['gateway/foundation/vault', 'gateway/api'],
  'age-encryption': ['gateway/foundation/vault', 'gateway/foundation/backup'],
  'jose': ['gateway/api'],
  'otpauth': ['gateway/foundation/halt'],
  'croner': ['gateway/foundation/jobs'],
  '@photostructure/sqlite': ['gateway/foundation/platform'],
  'marked': ['gateway/journey/outbox', 'channels/telegram', 'channels/discord', 'channels/slack', 'channels/signal', 'channels/imessage', 'channels/whatsapp', 'ui'],
  'linkedom': ['gateway/foundation/egress'],
  '@mozilla/readability': ['gateway/foundation/egress'],
  'turndown': ['gateway/foundation/egress'],
  'web-push': ['gateway/foundation/push'],
  'unpdf': ['gateway/foundation/egress'],
  'playwright-core': ['gateway/journey/sandbox'],
  'eventsource-parser': ['models'],
  '@discordjs/core': ['channels/discord'], '@discordjs/rest': ['channels/discord'], '@discordjs/ws': ['channels/discord'],
  'grammy': ['channels/telegram'],
  'baileys': ['channels/whatsapp'],
  '@slack/socket-mode': ['channels/slack'], '@slack/web-api': ['channels/slack'],
  '@clack/prompts': ['cli'],
  'picocolors': ['cli'],
  'temml': ['ui'],
  'uqr': ['cli', 'ui', 'gateway/api'],
  'preact': ['ui'],
  '@preact/signals': ['ui'],
  'node:*': [
    'channels/*', 'gateway/foundation/*', 'gateway/journey/sandbox', 'gateway/journey/guard', 'gateway/journey/outbox', 'gateway/journey/sessions', 'gateway/api', 'cli',
    'gateway/main.ts', 'gateway/environment.ts', 'gateway/installation.ts', 'gateway/first-start.ts', 'gateway/opened-vault.ts', 'gateway/offline.ts', 'gateway/offline-backup.ts', 'gateway/process.ts', 'gateway/load-bundle.ts', 'gateway/expected-policy.ts', 'gateway/scheduled-backup.ts', 'gateway/session-prompt.ts', 'gateway/workspace-of.ts', 'gateway/running-file.ts',
  ],
}

/** Files that may say a network's name, each with the reason. */
const mayNameNetworks: Readonly<Record<string, string>> = {
  'cli/src/commands/channels-login.ts': 'an example in help',
  'cli/src/commands/channels-logout.ts': 'an example in help',
  'cli/src/commands/config-schema.ts': 'an example in help',
  'cli/src/commands/config-set.ts': 'an example in help',
  'cli/src/commands/message-list-groups.ts': 'an example in help',
  'cli/src/commands/message-send.ts': 'an example in help',
  'cli/src/commands/pairing-approve.ts': 'an example in help',
  'cli/src/commands/pairing-list.ts': 'an example in help',
  'gateway/src/journey/guard/config.ts': 'an example in a description of a key',
  'gateway/src/journey/sessions/config.ts': 'an example in a description of a key',
}

/** Where the environment may be read. */
const mayReadEnvironment = ['gateway/src/environment.ts', 'cli/src/main.ts']

const tree = readSourceTree()
const byPath = new Map(tree.map((file) => [file.path, file]))
const product = tree.filter(({ path }) => !isTest(path) && zoneOf(path) !== undefined)

describe('who may import whom', () => {
  it('keeps the table', () => {
    const wrong = product.flatMap((file) => file.imports.flatMap(({ specifier, target, typeOnly, line }) => {
      const from = zoneOf(file.path) ?? ''
      const to = target === undefined ? undefined : zoneOf(target)
      if (to === from) return []
      if (to === undefined) return target === undefined && specifier.startsWith('.') && !specifier.endsWith('.css') ? [`${file.path}:${line} imports ${specifier}, which is not there`] : target === undefined ? [] : [`${file.path}:${line} imports ${target}, which is no part of the product`]
      const allowed = rowOf(mayImport, from)?.some((rule) => (rule.startsWith('types of ') ? typeOnly && covers(rule.slice('types of '.length), to) : covers(rule, to))) ?? false
      return allowed ? [] : [`${file.path}:${line} ${from} may not import ${typeOnly ? 'types of ' : ''}${to}`]
    }))
    expect(wrong).toEqual([])
  })

  it('has a row for every room', () => {
    expect([...new Set(product.map(({ path }) => zoneOf(path) ?? path))].filter((zone) => rowOf(mayImport, zone) === undefined)).toEqual([])
  })

  it('uses packages and built-ins only where they belong', () => {
    const wrong = product.flatMap((file) => file.imports.flatMap(({ specifier, target, typeOnly, line }) => {
      if (target !== undefined || specifier.startsWith('.') || specifier === '(computed)' || isContractTesting(file.path)) return []
      const name = specifier.startsWith('node:') ? 'node:*' : packageOf(specifier)
      if (name === 'node:*' && typeOnly && file.path.startsWith('gateway/')) return []
      const where = mayUse[name]
      return where?.some((rule) => covers(rule, zoneOf(file.path) ?? '')) === true ? [] : [`${file.path}:${line} ${specifier}`]
    }))
    expect(wrong).toEqual([])
  })

  it('declares every package where it is used', () => {
    const manifests = new Map([...workspacePackages().values()].map((entry) => entry.split('/src/')[0] ?? '').map((place) => [place, dependencies(place)]))
    const wrong = product.filter(({ path }) => !isContractTesting(path)).flatMap((file) => file.imports.flatMap(({ specifier, typeOnly, line }) => {
      if (/^\.|^node:|^\(/.test(specifier)) return []
      const name = packageOf(specifier)
      const place = [...manifests.keys()].find((each) => file.path.startsWith(`${each}/`)) ?? ''
      if (manifests.get(place)?.has(name) === true || dependencies('.').has(name)) return []
      return [`${file.path}:${line} ${place}/package.json does not name ${name}${typeOnly ? ' (types)' : ''}`]
    }))
    expect(wrong).toEqual([])
  })

  it('uses every package it declares', () => {
    // Programs and types are used without an import.
    const withoutImport = ['typescript', 'oxlint', '@types/node', '@types/ws', '@photostructure/sqlite']
    const places = ['.', ...new Set([...workspacePackages().values()].map((entry) => entry.split('/src/')[0] ?? ''))]
    const wrong = places.flatMap((place) => {
      const used = new Set(tree.filter(({ path }) => place === '.' || path.startsWith(`${place}/`)).flatMap(({ imports }) => imports.map(({ specifier }) => packageOf(specifier))))
      if (place === '.') used.add('tsx')
      return named(place, ['dependencies', 'devDependencies', 'optionalDependencies']).filter((name) => !used.has(name) && !withoutImport.includes(name) && !name.startsWith('@moltbot/')).map((name) => `${place}/package.json names ${name}, which nothing there uses`)
    })
    expect(wrong).toEqual([])
  })

  it('enters rooms and packages by their doors', () => {
    const wrong = product.flatMap((file) => file.imports.flatMap(({ specifier, target, typeOnly, line }) => {
      if (target === undefined || roomFolder(target) === roomFolder(file.path)) return []
      if (specifier.startsWith('@moltbot/')) return []
      const name = posix.basename(target)
      const door = (roomFolder(target) === posix.dirname(target) || target === 'gateway/src/api/methods/index.gen.ts') && (name === 'index.ts' || name === 'index.gen.ts' || (name === 'types.ts' && typeOnly))
      return door || roomFolder(target) === undefined ? [] : [`${file.path}:${line} reaches past the door of ${roomFolder(target)}: ${specifier}`]
    }))
    expect(wrong).toEqual([])
  })

  // What is loaded late by `import()` is loaded when everything is there: no cycle.
  it('has no cycles between files when they are loaded, nor between rooms at all', () => {
    const files = new Map(product.map((file) => [file.path, file.imports.flatMap(({ target, typeOnly, dynamic }) => (typeOnly || dynamic || target === undefined ? [] : [target]))]))
    expect(cycles(files)).toEqual([])
    const rooms = new Map<string, string[]>()
    for (const file of product) {
      const from = zoneOf(file.path) ?? ''
      rooms.set(from, [...(rooms.get(from) ?? []), ...file.imports.flatMap(({ target }) => (target === undefined ? [] : zoneOf(target) ?? [])).filter((to) => to !== from)])
    }
    expect(cycles(rooms)).toEqual([])
  })

  it('keeps the agent’s loop to the contract alone', () => {
    const foreign = product.filter(({ path }) => path.startsWith('gateway/src/journey/agent/')).flatMap((file) => file.imports.filter(({ specifier }) => !specifier.startsWith('./') && specifier !== '@moltbot/contract').map(({ specifier, line }) => `${file.path}:${line} ${specifier}`))
    expect(foreign).toEqual([])
  })
})

describe('what the surroundings give', () => {
  it('reaches shelves, contract and agent only as arguments', () => {
    const places = ['contract', 'models', 'tools', 'checks', 'gateway/journey/agent', 'gateway/journey/commands']
    const wrong = product.filter(({ path }) => places.includes(zoneOf(path) ?? '') && !isContractTesting(path))
      .flatMap(({ path, ambient }) => ambient.map(({ value, line }) => `${path}:${line} ${value}`))
    expect(wrong).toEqual([])
  })

  it('gives no room of the journey, the foundation or the door a clock, chance or network of its own', () => {
    const wrong = product.filter(({ path }) => /^gateway\/src\/(journey|foundation|api)\//.test(path) && !path.startsWith('gateway/src/foundation/platform/'))
      .flatMap(({ path, ambient }) => ambient.filter(({ value }) => ['Date.now', 'new Date()', 'Math.random', 'performance.now', 'fetch', 'crypto.randomUUID'].includes(value)).map(({ value, line }) => `${path}:${line} ${value}`))
    expect(wrong).toEqual([])
  })

  it('includes the environment only in the two entries', () => {
    expect(product.filter(({ path, environment }) => environment.length > 0 && !mayReadEnvironment.includes(path)).map(({ path, environment }) => `${path}:${environment[0] ?? 0}`)).toEqual([])
  })

  it('lets only the vault decrypt', () => {
    expect(product.filter(({ path, text }) => text.includes('createDecipheriv') && !path.startsWith('gateway/src/foundation/vault/')).map(({ path }) => path)).toEqual([])
  })
})

describe('one fact, one place', () => {
  it('every package that may be used has its reason in DEPENDENCIES.md, and its places', () => {
    const rows = readFileSync(join(projectRoot, 'DEPENDENCIES.md'), 'utf8').split('\n').filter((line) => line.startsWith('| `'))
    const told = new Map(rows.flatMap((row) => {
      const [, packages = '', , places = ''] = row.split(' | ').length === 3 ? ['', ...row.split(' | ')] : []
      const named = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
      return named(packages).map((name) => [name, named(places)] as const)
    }))
    const silent = Object.entries(mayUse).filter(([name]) => !name.startsWith('node:')).flatMap(([name, places]) => {
      const where = told.get(name)
      return where === undefined ? [`${name} has no row`] : where.length === 0 || name === 'typebox' ? [] : places.filter((place) => !where.includes(place)).map((place) => `${name} does not say ${place}`)
    })
    expect(silent).toEqual([])
  })

  it('generated files are what their definitions say', async () => {
    const stale = [...(await generate(tree))].filter(([path, text]) => readOrEmpty(path) !== text).map(([path]) => path)
    expect(stale, 'Run: npm run generate').toEqual([])
  })

  it('networks are named only in their own packages', () => {
    const own = channelEntries(tree).map(({ name }) => name)
    // `signal` is a word of its own: processes get signals, calls take them.
    const networks = [...new Set([...own.filter((id) => !['web', 'terminal', 'openai-http', 'signal'].includes(id)), 'telegram', 'whatsapp', 'discord', 'slack', 'imessage', 'matrix'])]
    const said = new RegExp(`\\b(${networks.join('|')})\\b`, 'i')
    const wrong = product.filter(({ path }) => !path.startsWith('channels/') && !path.endsWith('.gen.ts') && mayNameNetworks[path] === undefined && !isContractTesting(path))
      .flatMap(({ path, strings }) => strings.filter(({ value }) => said.test(value)).map(({ value, line }) => `${path}:${line} ${JSON.stringify(value.slice(0, 60))}`))
    expect(wrong).toEqual([])
    expect(Object.keys(mayNameNetworks).filter((path) => !(byPath.get(path)?.strings.some(({ value }) => said.test(value)) ?? false)), 'exceptions nobody needs').toEqual([])
  })

  it('each table is named only in the room that owns it', () => {
    const owners = tableOwners(tree)
    const wrong = product.flatMap((file) => file.strings.flatMap(({ value, line }) => {
      if (!/\b(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP)\b/.test(value)) return []
      return [...value.matchAll(/\b(?:FROM|INTO|UPDATE|JOIN|TABLE(?: IF (?:NOT )?EXISTS)?|ON) (\w+)/g)].flatMap(([, name = '']) => {
        const owner = owners.get(name)
        return owner === undefined || owner === roomOf(file.path) ? [] : [`${file.path}:${line} names ${name} of ${owner}`]
      })
    }))
    expect(wrong).toEqual([])
  })
})

describe('shelves', () => {
  it('have a test beside every entry', () => {
    const entries = [...Object.values(shelves).flatMap((shelf) => shelfEntries(tree, shelf)), ...channelEntries(tree)]
    expect(entries.length).toBeGreaterThan(50)
    expect(entries.map(({ path }) => path.replace(/\.ts$/, '.test.ts')).filter((path) => !byPath.has(path))).toEqual([])
  })

  it('of methods: each has a scope, a summary and a name of its own', () => {
    const scopes = [...operatorScopes, 'node']
    expect(methods.filter(({ scope }) => !scopes.includes(scope)).map(({ name }) => name)).toEqual([])
    expect(methods.filter(({ summary }) => !/^[A-Z].*\.$/.test(summary)).map(({ name, summary }) => `${name}: ${summary}`)).toEqual([])
    expect(methods.filter(({ name }, index) => methods.findIndex((each) => each.name === name) !== index).map(({ name }) => name)).toEqual([])
  })
})

describe('house style that can be seen', () => {
  it('every door says what the room is for', () => {
    const doors = product.filter(({ path }) => posix.basename(path) === 'index.ts' && posix.dirname(path) === roomFolder(path))
    expect(doors.length).toBeGreaterThan(20)
    expect(doors.filter(({ text }) => (/^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? '').trim().length < 60).map(({ path }) => path)).toEqual([])
  })

  it('files are named after what is in them', () => {
    expect(tree.filter(({ path }) => /(^|[/-])(utils?|helpers?|common|manager|impl|misc)(-[^/]*)?\.tsx?$/.test(path)).map(({ path }) => path)).toEqual([])
    expect(tree.filter(({ path }) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|gen|config))?\.tsx?$/.test(posix.basename(path))).map(({ path }) => path)).toEqual([])
  })

  it('nothing is of the type any', () => {
    expect(product.flatMap(({ path, anyTypes }) => anyTypes.map((line) => `${path}:${line}`))).toEqual([])
  })

  it('an empty catch says why', () => {
    const wrong = product.flatMap(({ path, text }) => [...text.matchAll(/catch\s*(?:\([^)]*\))?\s*\{\s*\}/g)].map((found) => `${path}:${text.slice(0, found.index).split('\n').length}`))
    expect(wrong).toEqual([])
  })

  it('no test is singled out, and a skipped one says why shortly before', () => {
    const wrong = tree.filter(({ path }) => isTest(path) && path !== 'test/architecture.test.ts').flatMap(({ path, text }) => {
      const lines = text.split('\n')
      return lines.flatMap((line, index) => {
        if (/\b(it|test|describe)(\.\w+)*\.only\b/.test(line)) return [`${path}:${index + 1} only`]
        if (/\b(it|test|describe)\.(skip|todo)\(/.test(line)) return [`${path}:${index + 1} skip`]
        return /\b(it|test|describe)\.(skipIf|runIf)\(/.test(line) && !lines.slice(Math.max(0, index - 10), index).some((before) => /\/\/|\*\/|\*/.test(before) || /console\.(log|warn)/.test(before)) ? [`${path}:${index + 1} skipped without a word`] : []
      })
    })
    expect(wrong).toEqual([])
  })
})

function isTest(path: string): boolean {
  return /\.test\.tsx?$|\/testing\/|^(test|bench|scripts)\/|^[^/]+\.ts$|\/vite\.config\.ts$/.test(path) && !isContractTesting(path) || /^contract\/src\/.*\.test\.ts$/.test(path)
}

/** The conformance suites are part of what the contract offers; they may use the test runner. */
function isContractTesting(path: string): boolean {
  return path.startsWith('contract/src/testing/') && !path.endsWith('.test.ts')
}

/** The row of a file: its room, or its own name where it is a row by itself. Undefined: no part of the product. */
function zoneOf(path: string): string | undefined {
  const inside = path.replace(/^gateway\/src\//, 'gateway/')
  if (mayImport[inside] !== undefined) return inside
  const room = /^gateway\/(?:foundation|journey)\/[^/]+(?=\/)/.exec(inside)?.[0]
  if (room !== undefined) return room
  if (inside.startsWith('gateway/api/methods/')) return 'gateway/api/methods'
  if (inside.startsWith('gateway/api/')) return 'gateway/api'
  if (inside.startsWith('channels/')) return inside.split('/').slice(0, 2).join('/')
  const first = inside.split('/')[0] ?? ''
  return first === 'gateway' ? inside : ['contract', 'models', 'tools', 'checks', 'cli', 'ui'].includes(first) ? first : undefined
}

/** The folder whose `index.ts` is the door of this file; undefined for files that stand alone. */
function roomFolder(path: string): string | undefined {
  const zone = zoneOf(path)
  if (zone === undefined || zone.endsWith('.ts')) return undefined
  if (zone.startsWith('gateway/')) return zone.replace('gateway/', 'gateway/src/').replace('/api/methods', '/api')
  return `${zone}/src`
}

function rowOf(table: Readonly<Record<string, readonly string[]>>, zone: string): readonly string[] | undefined {
  return table[zone] ?? Object.entries(table).find(([name]) => name.endsWith('/*') && covers(name, zone))?.[1]
}

function covers(rule: string, zone: string): boolean {
  return rule === zone || (rule.endsWith('/*') && zone.startsWith(rule.slice(0, -1)) && !zone.slice(rule.length - 1).includes('/') && !zone.endsWith('.ts'))
}

function packageOf(specifier: string): string {
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

type DependencyKind = 'dependencies' | 'devDependencies' | 'optionalDependencies'

function named(place: string, kinds: readonly DependencyKind[]): string[] {
  const manifest = JSON.parse(readFileSync(join(projectRoot, place, 'package.json'), 'utf8')) as Partial<Record<DependencyKind, Record<string, string>>>
  return kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {}))
}

/** What a place may import. What the contract is built on is there for everyone who has the contract. */
function dependencies(place: string): Set<string> {
  return new Set([...named(place, ['dependencies', 'optionalDependencies']), ...(place === '.' || place === 'contract' ? [] : ['typebox'])])
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(join(projectRoot, path), 'utf8')
  } catch {
    // Not written yet: it differs from whatever it should be.
    return ''
  }
}

/** Groups of nodes that can reach each other, as `a → b → a`. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const state = new Map<string, 'open' | 'done'>()
  const found: string[] = []
  const path: string[] = []
  const visit = (node: string): void => {
    if (state.get(node) === 'done') return
    if (state.get(node) === 'open') {
      found.push([...path.slice(path.indexOf(node)), node].join(' → '))
      return
    }
    state.set(node, 'open')
    path.push(node)
    for (const next of graph.get(node) ?? []) visit(next)
    path.pop()
    state.set(node, 'done')
  }
  for (const node of graph.keys()) visit(node)
  return found
}

