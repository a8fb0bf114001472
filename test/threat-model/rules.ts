/**
 * The rules of the threat model as data: what each finding is, how grave, on which kinds of element it is raised, and what must
 * hold for it to go away. They restate the public rule library of pytm 1.4 (OWASP, MIT) as conditions of ours; nothing of pytm
 * runs here. A rule without its clearing condition fulfilled is one finding.
 *
 * A condition is read with the usual strength: `not` binds first, then `&`, then `/` ("or"). Its words are controls, properties, or
 * what is worked out of a flow's ends (`model.ts`, `words`).
 */

export type Severity = 'VH' | 'H' | 'M' | 'L' | 'VL'
export const severities: readonly Severity[] = ['VH', 'H', 'M', 'L', 'VL']

/** S server, P process, λ scheduled work, D store, F flow, X outside party, L language model, A agent. Nothing targets people. */
export type Target = 'S' | 'P' | 'λ' | 'D' | 'F' | 'X' | 'L' | 'A'

export interface Rule { id: string; what: string; severity: Severity; on: readonly Target[]; gone: string }

const rows: readonly [id: string, what: string, severity: Severity, on: string, gone: string][] = [
  ['AA01', 'authentication is got round', 'M', 'SP', 'authenticatesSource'],
  ['AA02', 'somebody passes for somebody else', 'M', 'SP', 'authenticatesSource'],
  ['AA03', 'trusted session credentials are abused', 'H', 'S', 'providesIntegrity & authenticatesSource & usesStrongSessionIdentifiers'],
  ['AA04', 'validation is left to the client', 'H', 'S', 'implementsServerSideValidation / providesIntegrity & authorizesSource'],
  ['AC01', 'privileges are abused', 'M', 'SPD', 'hasAccessControl & authorizesSource'],
  ['AC02', 'a shared store is tampered with', 'M', 'D', 'not isShared'],
  ['AC03', 'environment variables are subverted', 'VH', 'Pλ', 'not usesEnvironmentVariables / implementsAuthenticationScheme & validatesInput & authorizesSource'],
  ['AC04', 'an XML schema is poisoned on the way', 'H', 'F', 'not carriesXml / authorizesSource'],
  ['AC05', 'content is spoofed on the way', 'M', 'F', '(bothEndsProvideIntegrity / isEncrypted) & (not sourceInScope / isResponse / authenticatesDestination & checksDestinationRevocation)'],
  ['AC06', 'a malicious file is run', 'VH', 'S', 'isHardened & hasAccessControl'],
  ['AC07', 'access levels are set wrongly', 'M', 'S', 'hasAccessControl'],
  ['AC08', 'settings of the system are manipulated', 'M', 'S', 'hasAccessControl'],
  ['AC09', 'legitimate functions are misused', 'M', 'S', 'hasAccessControl & authorizesSource'],
  ['AC10', 'TLS is set up badly', 'H', 'S', 'not inputBelowMinimumTls / implementsAuthenticationScheme & authorizesSource'],
  ['AC11', 'a session credential is altered', 'M', 'S', 'usesStrongSessionIdentifiers'],
  ['AC12', 'privileges are escalated', 'H', 'P', 'hasAccessControl & implementsPOLP'],
  ['AC13', 'a privileged process is taken over', 'M', 'P', 'hasAccessControl & implementsPOLP'],
  ['AC14', 'exceptions of privileged code are abused', 'VH', 'P', 'implementsPOLP / not usesEnvironmentVariables & validatesInput'],
  ['AC15', 'a schema is poisoned', 'H', 'P', 'implementsPOLP'],
  ['AC16', 'session ids are predictable', 'H', 'S', 'usesStrongSessionIdentifiers'],
  ['AC17', 'a session is hijacked at the server', 'VH', 'S', 'usesStrongSessionIdentifiers'],
  ['AC18', 'a session is hijacked at the client', 'VH', 'P', 'usesStrongSessionIdentifiers & encryptsCookies / definesConnectionTimeout'],
  ['AC19', 'a session is replayed to the server', 'H', 'S', 'not usesSessionTokens / implementsNonce'],
  ['AC20', 'a session is replayed by the client', 'H', 'P', 'definesConnectionTimeout / usesMFA & encryptsSessionData'],
  ['AC21', 'another site makes requests', 'VH', 'P', 'implementsCSRFToken & verifySessionIdentifiers'],
  ['AC22', 'credentials never age', 'H', 'F', 'not carriesCredentials / not sinkInScope / credentialsEndByThemselves'],
  ['AC24', 'credentials are part of the program', 'VH', 'F', 'not carriesCredentials / not sinkInScope / not credentialsAreHardCoded'],
  ['API01', 'a test or debug interface is left over', 'H', 'Pλ', 'not implementsAPI'],
  ['API02', 'an interface for programs is abused', 'M', 'Pλ', 'not implementsAPI / validatesInput'],
  ['CR01', 'a session is taken off the wire', 'H', 'FS', 'not overHttp & usesVPN / not usesSessionTokens'],
  ['CR02', 'TRACE shows a session token', 'VH', 'FS', 'not overHttp / not usesSessionTokens / sanitizesInput & validatesInput'],
  ['CR03', 'passwords are guessed from a list', 'H', 'PS', 'implementsAuthenticationScheme'],
  ['CR04', 'a session credential is forged', 'M', 'S', 'not usesSessionTokens / implementsNonce'],
  ['CR05', 'weak encryption is broken by force', 'L', 'SD', 'encryptsWithAes'],
  ['CR06', 'the channel is manipulated', 'H', 'F', 'overHttps & usesVPN / implementsAuthenticationScheme & authorizesSource'],
  ['CR07', 'XML is routed another way', 'M', 'F', 'not overHttp / not carriesXml'],
  ['CR08', 'the protocol between client and server is manipulated', 'M', 'F', 'isEncrypted & not belowMinimumTls'],
  ['DE01', 'a flow is intercepted', 'M', 'F', 'isEncrypted & (not sourceInScope / isResponse / authenticatesDestination & checksDestinationRevocation) & not belowMinimumTls'],
  ['DE02', 'double encoding gets past a filter', 'M', 'SP', 'validatesInput & sanitizesInput'],
  ['DE03', 'a flow is sniffed', 'M', 'F', 'not overHttp & isEncrypted & usesVPN'],
  ['DE04', 'the record is manipulated', 'H', 'D', 'validatesInput & implementsPOLP'],
  ['DO01', 'flooding', 'M', 'PS', 'handlesResourceConsumption & isResilient'],
  ['DO02', 'too much is allocated', 'M', 'PSDλ', 'handlesResourceConsumption'],
  ['DO03', 'a huge XML document', 'M', 'F', 'not carriesXml'],
  ['DO04', 'XML entities that grow', 'M', 'F', 'not carriesXml'],
  ['DO05', 'XML nested without end', 'H', 'S', 'not usesXMLParser / validatesInput & sanitizesInput'],
  ['DR01', 'sensitive data without protection', 'H', 'F', 'not dataAboveClearance & not carriesCredentialsOrPii / isEncrypted'],
  ['DS01', 'probing tells too much', 'M', 'S', 'sanitizesInput & validatesInput & encodesOutput'],
  ['DS02', 'command-line switches are tried in production', 'M', 'λP', 'not isInProduction'],
  ['DS03', 'footprinting', 'VL', 'S', 'isHardened'],
  ['DS04', 'script in error pages', 'M', 'S', 'encodesOutput & validatesInput & sanitizesInput'],
  ['DS05', 'secrets are read out of a cache', 'M', 'S', 'not usesCache'],
  ['DS06', 'data leaks to where it is not cleared for', 'VH', 'F', 'not dataAboveClearance'],
  ['HA01', 'a path leads elsewhere', 'VH', 'S', 'validatesInput / sanitizesInput'],
  ['HA02', 'the device is taken apart', 'M', 'X', 'not hasPhysicalAccess'],
  ['HA03', 'the web application gives itself away', 'L', 'S', 'validatesHeaders & encodesOutput & isHardened'],
  ['HA04', 'the device is reverse engineered', 'L', 'X', 'not hasPhysicalAccess'],
  ['INP01', 'an environment variable overflows', 'H', 'λP', 'not usesEnvironmentVariables / sanitizesInput / checksInputBounds'],
  ['INP02', 'a buffer overflows', 'VH', 'P', 'checksInputBounds'],
  ['INP03', 'server-side includes are injected', 'H', 'S', 'sanitizesInput & encodesOutput'],
  ['INP04', 'an HTTP request is split', 'H', 'S', 'validatesInput & validatesHeaders / not overHttp'],
  ['INP05', 'commands run by way of SQL', 'VH', 'S', 'validatesInput'],
  ['INP06', 'SQL by way of SOAP', 'VH', 'S', 'not overSoap / sanitizesInput & validatesInput'],
  ['INP07', 'unsafe functions on buffers', 'VH', 'P', 'usesSecureFunctions'],
  ['INP08', 'format strings', 'H', 'λPS', 'validatesInput & sanitizesInput'],
  ['INP09', 'LDAP injection', 'H', 'S', 'validatesInput'],
  ['INP10', 'parameters are injected', 'M', 'S', 'validatesInput'],
  ['INP11', 'a relative path leads elsewhere', 'H', 'S', 'validatesInput & sanitizesInput'],
  ['INP12', 'a client makes us overflow', 'H', 'λP', 'checksInputBounds / validatesInput'],
  ['INP13', 'command delimiters', 'H', 'λP', 'validatesInput'],
  ['INP14', 'input is manipulated', 'M', 'PλS', 'validatesInput'],
  ['INP15', 'mail commands are injected', 'M', 'S', 'not overMail / sanitizesInput'],
  ['INP16', 'a remote file is included', 'H', 'S', 'validatesInput'],
  ['INP17', 'script by a wrong content type', 'M', 'S', 'validatesContentType & invokesScriptFilters'],
  ['INP18', 'fuzzing maps the application', 'L', 'S', 'sanitizesInput & encodesOutput'],
  ['INP19', 'external XML entities', 'M', 'S', 'usesXMLParser & disablesDTD'],
  ['INP20', 'a frame lies over the page', 'H', 'P', 'disablesiFrames'],
  ['INP21', 'a DTD is injected', 'M', 'S', 'usesXMLParser & disablesDTD'],
  ['INP22', 'XML attributes that grow', 'H', 'S', 'usesXMLParser & disablesDTD'],
  ['INP23', 'content of a file is injected', 'VH', 'P', 'hasAccessControl / sanitizesInput & validatesInput'],
  ['INP24', 'an overflow makes a filter fail', 'H', 'Pλ', 'checksInputBounds & validatesInput'],
  ['INP25', 'resources are injected', 'H', 'Pλ', 'validatesInput & sanitizesInput'],
  ['INP26', 'code is injected', 'H', 'Pλ', 'validatesInput & sanitizesInput'],
  ['INP27', 'script in attributes', 'M', 'P', 'validatesInput & sanitizesInput'],
  ['INP28', 'script in placeholders of addresses', 'H', 'SP', 'validatesInput & sanitizesInput & encodesOutput'],
  ['INP29', 'script by doubled characters', 'M', 'SP', 'validatesInput & sanitizesInput & encodesOutput'],
  ['INP30', 'script by invalid characters', 'M', 'P', 'validatesInput & sanitizesInput'],
  ['INP31', 'commands of the system are injected', 'H', 'P', 'usesParameterizedInput / validatesInput & sanitizesInput'],
  ['INP32', 'XML is injected', 'H', 'P', 'validatesInput & sanitizesInput & encodesOutput'],
  ['INP33', 'remote code is included', 'H', 'P', 'validatesInput & sanitizesInput'],
  ['INP34', 'SOAP arrays overflow', 'H', 'S', 'checksInputBounds'],
  ['INP35', 'another encoding gets past a filter', 'H', 'P', 'validatesInput & sanitizesInput'],
  ['INP36', 'responses are smuggled', 'M', 'S', 'implementsStrictHTTPValidation / encodesHeaders'],
  ['INP37', 'requests are smuggled', 'H', 'S', 'implementsStrictHTTPValidation / encodesHeaders'],
  ['INP38', 'script by way of the DOM', 'VH', 'P', 'not allowsClientSideScripting / sanitizesInput & validatesInput'],
  ['INP39', 'reflected script', 'VH', 'P', 'not allowsClientSideScripting / sanitizesInput & validatesInput'],
  ['INP40', 'stored script', 'VH', 'P', 'not allowsClientSideScripting / sanitizesInput & validatesInput'],
  ['INP41', 'arguments are injected', 'H', 'P', 'validatesInput & sanitizesInput'],
  ['LB01', 'parameters of an interface are manipulated', 'M', 'Pλ', 'not implementsAPI / validatesInput & sanitizesInput'],
  ['LLM01', 'the prompt is injected', 'H', 'L', 'not processesUntrustedInput / hasContentFiltering'],
  ['LLM02', 'what is retrieved injects the prompt', 'H', 'L', 'not hasRAG / hasContentFiltering'],
  ['LLM03', 'personal data reaches another company', 'H', 'L', 'not isThirdParty / not processesPersonalData / providesConfidentiality'],
  ['LLM04', 'training data is poisoned', 'H', 'L', 'not hasFineTuning / providesIntegrity'],
  ['LLM05', 'the model may do too much', 'VH', 'L', 'not hasAgentCapabilities / not hasAccessToSensitiveSystems / implementsPOLP'],
  ['LLM06', 'the model runs code', 'VH', 'L', 'not executesCode / isHardened'],
  ['LLM07', 'the model is talked out of its rules', 'H', 'L', 'hasContentFiltering / not hasSystemPrompt'],
  ['LLM08', 'the model gives away what is sensitive', 'H', 'L', 'not processesPersonalData / encodesOutput'],
  ['LLM09', 'a tool is started as a stranger says', 'H', 'A', 'not usesExternalTools / validatesToolLaunchConfig'],
  ['SC01', 'JSON is read by another site', 'H', 'P', 'implementsNonce / not carriesJson'],
  ['SC02', 'script outside script elements', 'VH', 'S', 'validatesInput & encodesOutput'],
  ['SC03', 'script within script', 'H', 'S', 'validatesInput & sanitizesInput & hasAccessControl'],
  ['SC04', 'script in another syntax', 'H', 'S', 'sanitizesInput & validatesInput & encodesOutput'],
  ['SC05', 'safety features of the client are removed', 'H', 'S', 'providesIntegrity & usesCodeSigning'],
]

export const rules: readonly Rule[] = rows.map(([id, what, severity, on, gone]) => ({ id, what, severity, on: [...on] as Target[], gone }))

/** What a condition asks of an element: whether a word holds. */
export type Holds = (word: string) => boolean

/** A condition as something that can be asked. Throws for what is no condition. */
export function readCondition(text: string): { words: readonly string[]; holds(ask: Holds): boolean } {
  const tokens = text.match(/[A-Za-z]+|[&/()]/g) ?? []
  const words = new Set<string>()
  let at = 0
  const either = (): ((ask: Holds) => boolean) => {
    const parts = [both()]
    while (tokens[at] === '/') { at += 1; parts.push(both()) }
    return (ask) => parts.some((part) => part(ask))
  }
  const both = (): ((ask: Holds) => boolean) => {
    const parts = [one()]
    while (tokens[at] === '&') { at += 1; parts.push(one()) }
    return (ask) => parts.every((part) => part(ask))
  }
  const one = (): ((ask: Holds) => boolean) => {
    const token = tokens[at++]
    if (token === 'not') { const inner = one(); return (ask) => !inner(ask) }
    if (token === '(') {
      const inner = either()
      if (tokens[at++] !== ')') throw new Error(`"${text}": a bracket is open`)
      return inner
    }
    if (token === undefined || !/^[A-Za-z]/.test(token)) throw new Error(`"${text}": a word is missing`)
    words.add(token)
    return (ask) => ask(token)
  }
  const root = either()
  if (at !== tokens.length) throw new Error(`"${text}": too much of "${String(tokens[at])}"`)
  return { words: [...words], holds: root }
}
