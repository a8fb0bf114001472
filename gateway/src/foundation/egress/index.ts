/**
 * Everything that leaves this machine on behalf of an agent leaves here: the web tools through `request`, commands in the sandbox and the
 * browser through a forward proxy on a Unix socket. Judges the host by the rules of the agent, resolves the name itself, judges every address
 * it leads to and connects to that literal address; adds credentials at the very edge; counts. It never rules on what a turn may do, never
 * follows a proxy setting of the environment, and hands out no connection that it does not count.
 */
export { createEgress } from './create-egress.ts'
export type { Egress, EgressOptions } from './create-egress.ts'
export { egressSection, webSection } from './config.ts'
export { egressMigration } from './ledger.ts'
export { createLeakScan } from './leak-scan.ts'
export { classifyAddress } from './classify-address.ts'
export type { WebRequest } from './send-request.ts'
export { createWeb } from './create-web.ts'
export type { Web } from './create-web.ts'
export { createReader } from './reading/create-reader.ts'
export type { Reader } from './reading/create-reader.ts'
