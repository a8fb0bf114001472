import { Problem } from '@moltbot/contract'
import type { CommandContext, ExpectationReport, OfflineConfig } from '@moltbot/contract'
import { configPath } from './config-path.ts'
import { isLoopback } from './gateway-address.ts'
import { readConfigFile } from './machine.ts'
import { asFields, asList, asNumber, asText } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'

export interface ConfigAccess extends Omit<OfflineConfig, 'unset'> {
  /** False: it did not stand in the file, which stays as it is. */
  unset(path: string): Promise<boolean>
  /** Who does the work: the running gateway, or the same code on the file itself. */
  through: 'gateway' | 'file'
}

/**
 * The configuration, through the gateway when one answers, else directly on this computer's file. A gateway elsewhere that does
 * not answer, or one that refuses us, is a failure: then the file here would be the wrong one.
 */
export async function openConfig(context: CommandContext): Promise<ConfigAccess> {
  try {
    const client = await context.gateway()
    return throughGateway((method, params) => client.request(method, params))
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'gateway-unreachable') throw error
    const url = asText(error.details?.['url'])
    if (url !== undefined && !isLoopback(new URL(url).hostname)) throw error
    return onFile(await context.machine.offlineConfig())
  }
}

function onFile(offline: OfflineConfig): ConfigAccess {
  return {
    through: 'file',
    file: offline.file,
    // The path is taken apart here, so that a key with dots means the same with and without a gateway.
    get: async (path) => (path === undefined ? offline.get() : valueAt(await offline.get(), configPath(path))),
    set: (path, value) => offline.set(plainPath(path), value),
    async unset(path) {
      const written = await readConfigFile(offline.file).catch(() => undefined)
      // A file that cannot be read is named by whoever changes it.
      if (written !== undefined && valueAt(written, configPath(path)) === undefined) return false
      await offline.unset(plainPath(path))
      return true
    },
    validate: () => offline.validate(),
    schema: () => offline.schema(),
    testPolicy: () => offline.testPolicy(),
  }
}

function plainPath(path: string): string {
  const keys = configPath(path)
  if (keys.some((key) => key.includes('.'))) throw new Problem('config-path-offline', `A key with dots can only be changed while the gateway runs: ${path}`, { next: 'Start the gateway, or edit the file.' })
  return keys.join('.')
}

async function throughGateway(request: (method: string, params: Fields) => Promise<unknown>): Promise<ConfigAccess> {
  const read = async (): Promise<Fields> => asFields(await request('config.get', {}))
  const first = await read()
  const change = async (path: string, value: unknown): Promise<void> => {
    const keys = configPath(path)
    const raw = JSON.stringify(keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value))
    try {
      const { hash } = await read()
      await request('config.patch', { raw, ...(typeof hash === 'string' ? { baseHash: hash } : {}) })
    } catch (error) {
      throw withIssues(error)
    }
  }
  return {
    through: 'gateway',
    file: asText(first['path']) ?? '',
    async get(path) {
      const { config } = await read()
      return path === undefined ? config : valueAt(config, configPath(path))
    },
    set: change,
    async unset(path) {
      if (valueAt(asFields((await read())['parsed']), configPath(path)) === undefined) return false
      await change(path, null)
      return true
    },
    async validate() {
      const answer = await read()
      return [...asList(answer['issues']).map((issue) => issueOf(issue, 'error')), ...asList(answer['warnings']).map((issue) => issueOf(issue, 'warning'))]
    },
    schema: async () => asFields(asFields(await request('config.schema', {}))['schema']),
    testPolicy: async () => asExpectationReport(await request('policy.test', {})),
  }
}

/** The value at a path; undefined where there is none. */
function valueAt(value: unknown, keys: readonly string[]): unknown {
  let found = value
  for (const key of keys) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = (found as Fields)[key]
  }
  return found
}

function issueOf(issue: Fields, severity: 'error' | 'warning'): Awaited<ReturnType<OfflineConfig['validate']>>[number] {
  return {
    path: asText(issue['path']) ?? '',
    ...(asText(issue['file']) === undefined ? {} : { file: asText(issue['file']) ?? '' }),
    line: asNumber(issue['line']) ?? 0,
    column: asNumber(issue['column']) ?? 0,
    message: asText(issue['message']) ?? 'invalid',
    severity: issue['severity'] === 'warning' ? 'warning' : issue['severity'] === 'error' ? 'error' : severity,
  }
}

function asExpectationReport(answer: unknown): ExpectationReport {
  const fields = asFields(answer)
  return {
    file: asText(fields['file']) ?? '', fault: asText(fields['fault']) ?? null,
    results: asList(fields['results']).map((row) => ({
      where: asText(row['where']) ?? '', words: asText(row['words']) ?? '', ok: row['ok'] === true, said: (['allow', 'ask', 'deny'] as const).find((word) => word === row['said']) ?? null,
      because: asText(row['because']) ?? '', why: asText(row['why']) ?? null,
    })),
  }
}

/** Puts the reasons the gateway gave into the sentence. */
function withIssues(error: unknown): unknown {
  if (!(error instanceof Problem)) return error
  const issues = asList(asFields(error.details?.['facts'])['issues']).map((issue) => issueOf(issue, 'error').message)
  if (issues.length === 0) return error
  return new Problem('config-invalid', `Nothing was changed: ${issues.join('; ')}`, { next: 'See what is allowed with: moltbot config schema', ...(error.details === undefined ? {} : { details: error.details }), cause: error })
}
