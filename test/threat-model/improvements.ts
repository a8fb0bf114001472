/** The eight improvements the specification asks for, as controls on its own model: what the counter is tested with. */
import { clearances } from './model.ts'
import type { Clearance, Control, Element, Kind } from './model.ts'
import { specification } from './specification.ts'

export interface Improvement { name: string; gives: readonly [control: Control, ids: readonly string[]][]; clears?: boolean }

const of = (...kinds: Kind[]): string[] => specification.elements.filter((element: Element) => kinds.includes(element.kind)).map((element) => element.id)
const flows = specification.flows.map((flow) => flow.id)
const servers = of('server'), processes = of('process'), stores = of('store'), code = of('server', 'process', 'scheduled')
const each = (ids: readonly string[], ...controls: Control[]): [Control, readonly string[]][] => controls.map((control) => [control, ids])

export const improvements: readonly Improvement[] = [
  { name: 'credential encryption', gives: [['encryptsWithAes', stores], ['credentialsEndByThemselves', ['credential-store→gateway']]] },
  { name: 'TLS or an authenticated local channel everywhere', clears: true, gives: [...each(flows, 'isEncrypted', 'authenticatesDestination', 'checksDestinationRevocation', 'implementsAuthenticationScheme', 'authorizesSource'), ['encryptsWithAes', servers]] },
  { name: 'sandbox hardening', gives: each(['executor'], 'implementsPOLP', 'isHardened', 'checksInputBounds', 'usesParameterizedInput', 'usesSecureFunctions', 'handlesResourceConsumption', 'isResilient', 'validatesInput', 'sanitizesInput', 'authenticatesSource', 'authorizesSource', 'implementsAuthenticationScheme') },
  { name: 'CSRF protection', gives: each([...servers, ...processes], 'implementsCSRFToken', 'verifySessionIdentifiers', 'validatesHeaders', 'disablesiFrames') },
  { name: 'session management', gives: each([...servers, ...processes], 'usesStrongSessionIdentifiers', 'definesConnectionTimeout', 'encryptsCookies', 'encryptsSessionData', 'implementsNonce') },
  { name: 'input validation', gives: each([...code, ...stores], 'validatesInput', 'sanitizesInput', 'checksInputBounds', 'encodesOutput', 'validatesContentType', 'invokesScriptFilters', 'implementsStrictHTTPValidation', 'encodesHeaders', 'implementsServerSideValidation', 'usesParameterizedInput', 'usesSecureFunctions') },
  { name: 'audit, and who may on every edge', gives: each([...code, ...stores], 'providesIntegrity', 'hasAccessControl', 'authorizesSource', 'authenticatesSource', 'implementsAuthenticationScheme', 'usesCodeSigning') },
  { name: 'plugin isolation, least privilege, resource governance', gives: each([...code, ...stores], 'implementsPOLP', 'isHardened', 'handlesResourceConsumption', 'isResilient') },
]

export function granted(taken: readonly Improvement[], without?: Control): (id: string, control: Control) => boolean {
  const pairs = new Set(taken.flatMap((improvement) => improvement.gives.flatMap(([control, ids]) => ids.map((id) => `${id} ${control}`))))
  return (id, control) => control !== without && pairs.has(`${id} ${control}`)
}

export function cleared(taken: readonly Improvement[]): () => Clearance | undefined {
  return () => (taken.some((improvement) => improvement.clears === true) ? clearances.at(-1) : undefined)
}
