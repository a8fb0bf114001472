import type { Connection, OutgoingMessage } from '@moltbot/contract'
import { createTestHost, type TestHost, type TestHostOptions } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { startSlackServer, type SlackPerson, type SlackServer, type SlackServerOptions } from '../../../../test/fakes/slack-server/index.ts'
import { slack, slackSection } from '../index.ts'

/** Slack as it is played to the tests of this package, and accounts connected to it. */
const servers: SlackServer[] = []
const connections: Connection[] = []
export const signal = new AbortController().signal
let lastKey = 0
export const words = (markdown: string, more: { replyTo?: string; key?: string } | (Partial<Omit<OutgoingMessage, 'key'>> & { key?: string }) = {}): Parameters<Connection['send']>[1] => ({ key: `key${++lastKey}`, markdown, ...more }) as never

/** Closes what a test opened; for `afterEach`. */
export async function closeStages(): Promise<void> {
  await Promise.all(connections.splice(0).map((connection) => connection.close()))
  await Promise.all(servers.splice(0).map((server) => server.close()))
}

export interface Stage { server: SlackServer; host: TestHost; connection: Connection; anna: SlackPerson }

export async function serve(options: SlackServerOptions = {}): Promise<{ server: SlackServer; anna: SlackPerson }> {
  const server = await startSlackServer(options)
  servers.push(server)
  return { server, anna: server.person('Anna') }
}

export async function connect(server: SlackServer, config: Record<string, unknown> = {}, options: TestHostOptions = {}): Promise<{ host: TestHost; connection: Connection }> {
  const host = createTestHost({ secrets: { botToken: server.botToken, appToken: server.appToken, signingSecret: server.signingSecret }, ...options })
  const connection = await slack.connect(Value.Default(slackSection.schema, { apiRoot: server.apiRoot, ...config }) as never, host)
  connections.push(connection)
  return { host, connection }
}

export async function stage(config: Record<string, unknown> = {}, serverOptions: SlackServerOptions = {}, options: TestHostOptions = {}): Promise<Stage> {
  const { server, anna } = await serve(serverOptions)
  return { server, anna, ...(await connect(server, config, options)) }
}

export const taken = async (host: TestHost, count: number): Promise<TestHost['taken']> => {
  await host.until(() => host.taken.length >= count, `${count} messages`)
  return host.taken
}
export const texts = (host: TestHost): string[] => host.taken.map((message) => message.text)
