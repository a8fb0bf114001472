/**
 * The command line. Talks to the gateway over its socket like any other client and, for `config` and `onboard`, edits
 * `secrets.env` and the configuration through the gateway's own code. It never opens the database and never decides what is allowed.
 */
export { runCli } from './run-cli.ts'
export type { CliHost } from './run-cli.ts'
export { connectGateway } from './gateway-client.ts'
