/**
 * Why a control is true. An entry names tests that show it works and attacks that were held off; all of them must be there and have
 * passed in the run that is read, or the control is false. An entry may be written before its tests are: it counts when they land.
 *
 * A test is named by its file and words of its full name (`gateway/…/x.test.ts › refuses`), or by an id of the attack catalogue
 * (`AUT-02`), which means every test whose title begins with that id, but not its twins.
 */
import type { Clearance, Control } from './model.ts'
import { withinTheProcess } from './our-system.ts'

export interface Evidence {
  on: readonly string[]
  controls: readonly Control[]
  tests: readonly string[]
  attacks: readonly string[]
}

/** The same for the highest kind of data that something may hold. */
export interface ClearanceEvidence { on: readonly string[]; clearance: Clearance; tests: readonly string[]; attacks: readonly string[] }

const handshake = 'gateway/src/api/socket/handshake.test.ts'
const limits = 'gateway/src/api/socket/limits.test.ts'
const door = 'gateway/src/api/http/door-http.test.ts'
const source = 'gateway/src/api/source.test.ts'
const guard = 'gateway/src/journey/guard/guard.test.ts'
const approvals = 'gateway/src/journey/guard/approvals.test.ts'
const access = 'gateway/src/journey/guard/access.test.ts'
const runAgent = 'gateway/src/journey/run-agent.test.ts'
const turn = 'gateway/src/journey/agent/run-turn.test.ts'
const route = 'gateway/src/journey/handle-message.test.ts'
const inbox = 'gateway/src/journey/inbox/inbox.test.ts'
const lanes = 'gateway/src/journey/sessions/lanes.test.ts'
const grants = 'gateway/src/journey/sandbox/create-grants.test.ts'
const paths = 'gateway/src/journey/sandbox/parse-path.test.ts'
const files = 'gateway/src/journey/sandbox/workspace-files.test.ts'
const config = 'gateway/src/foundation/config/create-config.test.ts'
const vault = 'gateway/src/foundation/vault/create-vault.test.ts'
const log = 'gateway/src/foundation/log/create-log.test.ts'
const redactor = 'gateway/src/foundation/log/redactor.test.ts'
const models = 'gateway/src/foundation/models/models.test.ts'
const telegram = 'channels/telegram/src/telegram.test.ts'
const discord = 'channels/discord/src/discord.test.ts'
const slack = 'channels/slack/src/slack.test.ts'
const whatsapp = 'channels/whatsapp/src/whatsapp.test.ts'
const signal = 'channels/signal/src/signal.test.ts'
const page = 'ui/test/page.test.ts'
const secrets = 'test/journeys/secrets-stay-where-they-belong.test.ts › reach only whom they are for'
const noTool = 'test/journeys/an-agent-without-a-tool-cannot-use-it.test.ts › gets nothing'
const guest = 'test/journeys/a-guest-gets-no-tools.test.ts › runs nothing'
const architecture = 'test/architecture.test.ts › keeps the table'
const channelProcess = 'test/threat-model/channel-process.test.ts'
const impostor = 'test/threat-model/impostors.test.ts'
const census = 'test/threat-model/running.test.ts'
const jobs = 'gateway/src/foundation/jobs/create-jobs.test.ts'
const jobTimes = 'gateway/src/foundation/jobs/times.test.ts'
const healthOwn = 'test/threat-model/health.test.ts'
const hostileGateway = 'cli/src/hostile-gateway.test.ts'
const client = 'cli/src/gateway-client.test.ts'
const machine = 'cli/src/machine.test.ts'
const fetchMedia = 'gateway/src/fetch-media.test.ts'
const connections = 'gateway/src/foundation/connections/connections.test.ts'
const remote = 'gateway/src/foundation/remote/remote.test.ts'
const sealed = 'gateway/src/foundation/connections/sealed-values.test.ts'
const keys = 'gateway/src/journey/sessions/keys.test.ts'
const view = 'gateway/src/journey/sessions/view.test.ts'
const split = 'gateway/src/journey/outbox/split.test.ts'
const browser = 'gateway/src/api/http/browser.test.ts'
const tls = 'test/attacks/http-tls.test.ts'
const asOneProcess = `${census} › what works on a message is one process`
const foundNoSocket = `${census} › a stranger on this machine finds no socket that answers`
const openedNoFile = `${census} › nobody else on this machine can open a file of the state directory`
const replacedNoFile = `${census} › nobody else on this machine can put another file or folder in the place of one of ours`
const heldAlone = `${census} › what is kept goes into files that this process alone holds open`

/** What the agent asks a model goes the way of what the gateway sends to a provider: it is the same call, looked at from further in. */
const toProviders = ['gateway→anthropic', 'gateway→openai', 'anthropic→gateway', 'agent→llm', 'llm→agent']
/** Files of this machine that the process opens itself: no byte of these flows is on a wire, and nobody else can open or replace the file. */
const intoOwnFiles = ['gateway→session-store', 'session-store→gateway', 'gateway→audit-store', 'config-store→gateway', 'cli→config-store', 'gateway→log-store', 'agent→workspace']

export const evidence: readonly Evidence[] = [
  // The door.
  { on: ['gateway'], controls: ['authenticatesSource', 'implementsAuthenticationScheme'], tests: [`${handshake} › says how a wrong or missing token is wrong`, `${handshake} › accepts signature text`], attacks: ['AUT-01', 'AUT-02', 'WSH-01', 'WSH-10'] },
  { on: ['gateway'], controls: ['hasAccessControl', 'authorizesSource'], tests: [`${handshake} › names the missing scope`], attacks: ['AUT-14', 'AUT-15', 'WSF-16'] },
  { on: ['gateway'], controls: ['validatesInput', 'implementsServerSideValidation'], tests: [`${handshake} › words bad params as clients compare them`], attacks: ['HTTP-10', 'WSF-11', 'WSF-15'] },
  { on: ['gateway'], controls: ['sanitizesInput'], tests: [`${door} › has one spelling for what may need encoding`], attacks: ['HTTP-18', 'WSH-07'] },
  { on: ['gateway'], controls: ['checksInputBounds'], tests: [`${limits} › takes 64 KiB from strangers`, `${door} › refuses large headers`], attacks: ['HTTP-04', 'HTTP-08', 'WSF-05'] },
  { on: ['gateway'], controls: ['encodesOutput'], tests: [`${handshake} › tells problems as they are and bugs without their inside`], attacks: ['HTTP-13', `${page} › stays harmless whatever an answer contains`] },
  { on: ['gateway'], controls: ['implementsStrictHTTPValidation'], tests: [`${door} › survives garbage on the port`], attacks: ['HTTP-01', 'HTTP-02', 'HTTP-03'] },
  { on: ['gateway'], controls: ['validatesHeaders'], tests: [`${source} › knows its own pages from all others`], attacks: ['ORG-07', 'WSH-02', 'WSH-12'] },
  { on: ['gateway'], controls: ['validatesContentType'], tests: [`${door} › come without sign-in, compressed`], attacks: ['HTTP-07'] },
  { on: ['gateway'], controls: ['invokesScriptFilters'], tests: [`${page} › contains no inline script or style`], attacks: ['HTTP-12', `${page} › stays harmless whatever an answer contains`] },
  { on: ['gateway'], controls: ['usesStrongSessionIdentifiers', 'verifySessionIdentifiers'], tests: [`${door} › is exchanged at once for a cookie no script can read`], attacks: ['SES-02', 'SES-06', 'SES-08', 'WSH-03'] },
  { on: ['gateway'], controls: ['implementsNonce'], tests: [`${handshake} › names each fault`], attacks: ['WSH-10', 'SES-03', 'AUT-20'] },
  { on: ['gateway'], controls: ['isHardened'], tests: ['OPS-02'], attacks: ['HTTP-12', 'HTTP-18', 'OPS-07'] },
  { on: ['gateway'], controls: ['handlesResourceConsumption'], tests: [`${limits} › holds 500 idle sockets`], attacks: ['DOS-03', 'DOS-04', 'WSF-09'] },
  { on: ['gateway'], controls: ['isResilient'], tests: ['test/process/a-turn-survives-a-crash-between-tool-and-reply.test.ts › replies once'], attacks: ['DOS-01', 'WSF-13'] },
  { on: ['gateway'], controls: ['encryptsWithAes'], tests: [`${vault} › what is sealed comes back`], attacks: ['HTTP-15', 'CRD-01'] },

  // Inside the gateway: who works on a message.
  { on: ['router'], controls: ['validatesInput'], tests: [`${route} › too large is refused and stands in the record`, `${inbox} › takes a message once per place`], attacks: [`${access} › no list and no policy lets in a sender without an id`, `${access} › a group called like a part of every object`] },
  { on: ['router'], controls: ['authenticatesSource'], tests: [`${guard} › our own ways in bring the principal`], attacks: [`${access} › what a sender can change about themselves never opens a door`, `${guard} › two senders are never one principal`] },
  { on: ['router'], controls: ['hasAccessControl', 'authorizesSource'], tests: [`${guard} › a wildcard makes guests`], attacks: [`${guard} › never grants anything in a group`, 'test/journeys/what-people-say-together-is-kept-apart.test.ts › neither steer'] },
  { on: ['router'], controls: ['implementsAuthenticationScheme'], tests: [`${guard} › gives a stranger one code of eight plain characters`], attacks: ['AUT-06', 'AUT-07'] },
  { on: ['router'], controls: ['checksInputBounds'], tests: [`${route} › too large is refused`], attacks: [`${lanes} › keeps no pictures of a flood`, `${guard} › lets three strangers wait per account`] },
  { on: ['router'], controls: ['handlesResourceConsumption'], tests: [`${lanes} › serves sessions in the order they became ready`], attacks: [`${lanes} › keeps no pictures of a flood`, `${lanes} › holds its cap also while it waits`] },
  { on: ['router'], controls: ['isResilient'], tests: [`${route} › at any one commit of a turn nothing is lost`], attacks: ['test/process/sigterm-leaves-everything-for-the-next-start.test.ts › continues the turn', `${route} › one message that cannot be continued keeps no other`] },
  // The one form of a place and a person is worked out once, and is the same when it is worked out again.
  { on: ['router'], controls: ['sanitizesInput'], tests: [`${keys} › stays the same when it is brought into form twice`], attacks: [`${keys} › is refused`, 'CHN-01', 'CHN-08'] },
  { on: ['router'], controls: ['encodesOutput'], tests: [`${split} › survives any text`], attacks: [`${view} › no name can end it`, 'MED-10', 'CHN-22'] },
  { on: ['router'], controls: ['implementsPOLP'], tests: [architecture], attacks: [`${guard} › an act or effect nobody wrote a rule for is not done`, noTool] },

  { on: ['agent'], controls: ['validatesInput'], tests: [`${runAgent} › is judged and written down before it runs`], attacks: [`${runAgent} › an input that does not fit`, `${turn} › yields a well-formed sequence of events`] },
  { on: ['agent'], controls: ['hasAccessControl'], tests: [`${runAgent} › that is refused does not run`], attacks: [guest, noTool] },
  { on: ['agent'], controls: ['authorizesSource'], tests: [`${runAgent} › of a guest is not judged`], attacks: [guest, 'test/journeys/what-people-say-together-is-kept-apart.test.ts › neither steer'] },
  { on: ['agent'], controls: ['authenticatesSource'], tests: [`${guard} › our own ways in bring the principal`], attacks: [`${guard} › two senders are never one principal`, 'test/journeys/what-people-say-together-is-kept-apart.test.ts › neither steer'] },
  { on: ['agent'], controls: ['implementsPOLP'], tests: [architecture, `${grants} › hands out exactly what is asked for`], attacks: [`${grants} › there is no grant called`, noTool] },
  { on: ['agent'], controls: ['checksInputBounds'], tests: [`${runAgent} › goes back with its middle left out`], attacks: ['DOS-11', `${turn} › the step limit ends the turn in words`] },
  { on: ['agent'], controls: ['handlesResourceConsumption'], tests: [`${turn} › the step limit ends the turn in words`], attacks: ['DOS-11', `${turn} › the same call with the same result three times stops the turn`] },
  { on: ['agent'], controls: ['isResilient'], tests: [`${turn} › a stream that throws, and one that just ends`], attacks: ['test/journeys/hang-of-the-model.test.ts › ', 'test/process/a-crash-while-a-tool-runs-is-reported-as-unknown.test.ts › is not repeated'] },
  { on: ['agent'], controls: ['usesParameterizedInput'], tests: [`${runAgent} › is judged and written down before it runs`], attacks: [`${runAgent} › arguments that are none`, 'PTH-01'] },
  { on: ['agent'], controls: ['definesConnectionTimeout'], tests: [`${models} › silence for fifteen seconds is enough`], attacks: ['test/journeys/hang-of-the-model.test.ts › ', 'test/journeys/hang-of-a-tool.test.ts › is given up at its deadline'] },
  { on: ['agent'], controls: ['implementsAuthenticationScheme'], tests: [`${guard} › who a sender is`], attacks: ['AUT-09', 'AUT-16'] },
  // What it makes are prompts and words for people: strangers' words stay within their frame, and each network, the page and the terminal has its own way of writing them.
  { on: ['agent'], controls: ['encodesOutput'], tests: ['gateway/src/journey/agent/prompt.test.ts › a file cannot close its own frame'], attacks: ['INJ-04', 'CHN-22', `${page} › stays harmless whatever an answer contains`] },
  { on: ['agent'], controls: ['sanitizesInput'], tests: ['gateway/src/journey/agent/prompt.test.ts › a file cannot close its own frame'], attacks: ['INJ-04', 'INJ-15'] },
  { on: ['router'], controls: ['definesConnectionTimeout'], tests: ['test/journeys/hang-of-a-send.test.ts › holds up neither the chat'], attacks: ['test/journeys/hang-of-the-model.test.ts › ', 'test/journeys/hang-of-a-tool.test.ts › is given up at its deadline'] },
  // None of them listens anywhere: what a browser asks of them comes by the door, and only by its page.
  { on: ['agent', 'router', 'guard', 'approvals', 'broker', 'executor', 'supervisor', 'media', 'egress'], controls: ['implementsCSRFToken', 'verifySessionIdentifiers'], tests: [`${census} › what works on a message is one process`, 'WSH-03'], attacks: ['ORG-01', 'ORG-02', 'ORG-05', 'ORG-06', 'ORG-11'] },
  { on: ['agent', 'router', 'guard', 'approvals', 'broker', 'executor', 'supervisor', 'media', 'egress'], controls: ['disablesiFrames'], tests: [`${census} › what works on a message is one process`], attacks: ['ORG-10'] },

  { on: ['guard'], controls: ['validatesInput'], tests: [`${guard} › says of "" that it is no code`], attacks: [`${access} › no list and no policy lets in a sender without an id`, `${guard} › takes nothing behind a code for a part of it`] },
  { on: ['guard'], controls: ['sanitizesInput'], tests: [`${guard} › shows a name on one line`], attacks: ['AUT-08', `${guard} › two senders are never one principal`] },
  { on: ['guard'], controls: ['encodesOutput'], tests: [`${guard} › shows a name on one line`], attacks: ['AUT-08'] },
  { on: ['guard', 'approvals'], controls: ['checksInputBounds'], tests: [`${access} › looks at the beginning of a long text only`], attacks: [`${guard} › lets three strangers wait per account`, 'AUT-08'] },
  { on: ['guard'], controls: ['hasAccessControl', 'implementsPOLP'], tests: [architecture, `${guard} › every refusal stands in the record`], attacks: [`${guard} › an act or effect nobody wrote a rule for is not done`, `${guard} › makes nobody the owner by a word in a chat`] },
  { on: ['guard'], controls: ['authenticatesSource', 'authorizesSource'], tests: [`${guard} › the owner is who the configuration names`], attacks: [`${access} › what a sender can change about themselves never opens a door`, `${guard} › has one owner when two are let in at the same instant`] },
  { on: ['guard'], controls: ['implementsAuthenticationScheme'], tests: [`${guard} › spends a code once`], attacks: [`${guard} › locks in the middle of a burst`, 'AUT-06'] },
  { on: ['guard'], controls: ['handlesResourceConsumption', 'isResilient'], tests: [`${guard} › locks after ten wrong codes in a minute, also over a restart`], attacks: [`${guard} › lets three strangers wait per account`, 'AUT-06'] },
  { on: ['guard'], controls: ['definesConnectionTimeout'], tests: [`${guard} › counts a code for its channel only, and takes none after its hour`], attacks: ['AUT-07'] },
  { on: ['approvals'], controls: ['hasAccessControl', 'authorizesSource', 'authenticatesSource'], tests: ['EXE-10'], attacks: ['EXE-11', 'AUT-16'] },
  { on: ['approvals'], controls: ['validatesInput', 'sanitizesInput'], tests: ['EXE-12'], attacks: ['EXE-11', 'EXE-15'] },
  { on: ['approvals'], controls: ['encodesOutput'], tests: [`${approvals} › shows the whole call with nothing hidden in it`], attacks: ['EXE-12', 'UI-10'] },
  { on: ['approvals'], controls: ['handlesResourceConsumption'], tests: [`${approvals} › a turn that asks again finds its question`], attacks: [`${approvals} › a flood of questions ends with the fiftieth`, 'INJ-08'] },
  { on: ['approvals'], controls: ['isResilient'], tests: [`${approvals} › a turn that asks again finds its question`], attacks: [`${approvals} › a store that fails loses no question`] },

  { on: ['approvals'], controls: ['definesConnectionTimeout'], tests: [`${approvals} › no answer means no`], attacks: [`${approvals} › a yes that is not used in time`, 'EXE-10'] },
  { on: ['approvals'], controls: ['implementsPOLP', 'implementsAuthenticationScheme'], tests: [`${approvals} › a yes is good for one call`], attacks: [`${approvals} › only the owner answers for others`, 'EXE-11', 'AUT-16', 'UI-11'] },
  // Two questions without sign-in, and no words of anybody in them.
  { on: ['health'], controls: ['validatesInput', 'sanitizesInput'], tests: [`${healthOwn} › says that it lives and whether it is ready`], attacks: [`${healthOwn} › it says exactly that`, `${healthOwn} › does nothing`] },
  { on: ['health'], controls: ['checksInputBounds'], tests: [`${healthOwn} › says that it lives and whether it is ready`], attacks: [`${healthOwn} › takes no more than a question`] },
  { on: ['cron'], controls: ['validatesInput'], tests: [`${jobTimes} › names one way only, and a zone that there is`], attacks: [`${jobTimes} › is refused where it is none`, 'DOS-09'] },
  { on: ['cron'], controls: ['sanitizesInput'], tests: [`${jobs} › goes to the route once`], attacks: [`${jobs} › has a name in which nothing hides`] },
  { on: ['cron'], controls: ['checksInputBounds', 'handlesResourceConsumption'], tests: [`${jobTimes} › lengths and schedules are told`], attacks: [`${jobTimes} › is refused where nothing, or too much, would come of it`, 'DOS-09'] },
  { on: ['cron'], controls: ['hasAccessControl'], tests: [`${jobs} › decides who sees, changes, starts and counts it`], attacks: [`${jobs} › of a person who was shut out ends the job at once`, `${jobs} › of words from outside stays theirs`] },
  { on: ['health'], controls: ['handlesResourceConsumption'], tests: [`${healthOwn} › says that it lives and whether it is ready`], attacks: [`${healthOwn} › a thousand questions at once are answered`] },

  // Keys at work.
  { on: ['broker'], controls: ['hasAccessControl', 'authorizesSource', 'implementsPOLP'], tests: [`${models} › tells what to do when the key is missing`], attacks: [`${models} › follows redirects within the host and never takes the key to another`, secrets] },
  // It is asked by the agent within the process, and shows each provider the key of that provider.
  { on: ['broker'], controls: ['authenticatesSource', 'implementsAuthenticationScheme'], tests: [architecture, `${models} › tells what to do when the key is missing`], attacks: [foundNoSocket, `${models} › follows redirects within the host and never takes the key to another`] },
  { on: ['broker'], controls: ['sanitizesInput'], tests: [`${models} › resolves aliases, references, bare ids`], attacks: [`${models} › is asked for at its provider, below its path, and nowhere else`] },
  { on: ['broker'], controls: ['checksInputBounds'], tests: [`${models} › an answer that breaks off after words is begun anew once by the same model`], attacks: [`${models} › is left when its answer has no end`, `${models} › is left when one event of its answer has no end`] },
  { on: ['broker'], controls: ['encodesOutput'], tests: [`${models} › keeps the key out of faults and logs`], attacks: [`${models} › splits no request, is not sent, and is not told`, `${models} › steers no terminal and turns no text around`] },
  { on: ['broker'], controls: ['isResilient', 'handlesResourceConsumption'], tests: [`${models} › a model that failed rests 30 s`], attacks: [`${models} › the next model answers`, `${models} › survives a secret source and a store that fail`] },
  { on: ['broker'], controls: ['definesConnectionTimeout'], tests: [`${models} › silence for fifteen seconds is enough`], attacks: ['test/journeys/hang-of-the-model.test.ts › '] },
  { on: ['broker'], controls: ['validatesInput'], tests: [`${models} › resolves aliases, references, bare ids`], attacks: [`${models} › does not send a key unencrypted into the world`, 'NET-11'] },

  // Where a channel is set to run beside the gateway. What it makes of its network's words is the same code in both places.
  { on: ['channel-host'], controls: ['hasAccessControl', 'authorizesSource', 'implementsPOLP'], tests: [`${remote} › is another process, the same for every account`], attacks: [`${remote} › reaches its own secrets and nobody else`, `${connections} › is refused in the name of`] },
  { on: ['channel-host'], controls: ['handlesResourceConsumption', 'isResilient'], tests: [`${remote} › is started again when it dies`], attacks: [`${remote} › that spins for ever takes nobody along`, `${remote} › that fills its memory is ended`] },
  { on: ['channel-host'], controls: ['definesConnectionTimeout'], tests: [`${remote} › is another process, the same for every account`], attacks: [`${remote} › that hangs is closed in time`] },
  { on: ['channel-host'], controls: ['validatesInput'], tests: ['CHN-02'], attacks: ['CHN-05', 'CHN-18'] },
  { on: ['channel-host'], controls: ['sanitizesInput'], tests: ['CHN-08'], attacks: ['CHN-01', 'CHN-06'] },
  { on: ['channel-host'], controls: ['encodesOutput'], tests: ['channels/telegram/src/html.test.ts › is never refused, whatever the Markdown'], attacks: ['CHN-22'] },
  { on: ['channel-host'], controls: ['authenticatesSource', 'implementsAuthenticationScheme'], tests: [`${telegram} › reads the token from a file, and refuses what is no token`], attacks: [`${telegram} › takes nothing without the secret`, 'WHK-02', 'WHK-03'] },
  // Where it asks its network itself it listens nowhere; a webhook takes what bears its secret, which no page of another site can send, and shows no page.
  { on: ['channel-host'], controls: ['implementsCSRFToken', 'verifySessionIdentifiers'], tests: [`${channelProcess} › listens nowhere`], attacks: [`${channelProcess} › gives a page of another site nothing`, 'WHK-02', 'WHK-03'] },
  { on: ['channel-host'], controls: ['disablesiFrames'], tests: [`${channelProcess} › listens nowhere`], attacks: [`${channelProcess} › gives a page of another site nothing`] },
  // No add-on is loaded, and nothing can be made a program of.
  { on: ['channel-host'], controls: ['usesSecureFunctions'], tests: [`${channelProcess} › has no native code loaded`], attacks: [`${remote} › makes no program of words`] },
  { on: ['channel-host'], controls: ['checksInputBounds'], tests: ['WHK-06'], attacks: ['WHK-10', 'CHN-07'] },

  // Commands in their cage.
  { on: ['executor', 'supervisor'], controls: ['implementsPOLP', 'isHardened'], tests: ['SBX-07', 'SBX-08'], attacks: ['SBX-01', 'SBX-02', 'SBX-05', 'SBX-06'] },
  { on: ['executor', 'supervisor'], controls: ['handlesResourceConsumption'], tests: ['SBX-12'], attacks: ['SBX-09', 'SBX-10'] },
  { on: ['executor', 'supervisor'], controls: ['isResilient'], tests: ['SBX-20'], attacks: ['EXE-17', 'EXE-22'] },
  { on: ['executor', 'supervisor'], controls: ['usesParameterizedInput', 'validatesInput'], tests: ['EXE-06'], attacks: ['EXE-05', 'EXE-15'] },
  { on: ['executor', 'supervisor'], controls: ['sanitizesInput'], tests: ['EXE-21'], attacks: ['EXE-15', 'EXE-16'] },
  { on: ['executor', 'supervisor'], controls: ['checksInputBounds'], tests: ['EXE-16'], attacks: ['EXE-15', 'SBX-12'] },
  { on: ['executor', 'supervisor'], controls: ['hasAccessControl', 'authorizesSource', 'authenticatesSource'], tests: ['EXE-18'], attacks: ['EXE-19', 'EXE-11'] },
  { on: ['executor', 'supervisor'], controls: ['definesConnectionTimeout'], tests: ['SBX-12'], attacks: ['EXE-17', 'SBX-20'] },
  { on: ['executor', 'supervisor'], controls: ['implementsAuthenticationScheme'], tests: ['EXE-18'], attacks: ['EXE-06', 'EXE-19', 'EXE-20'] },
  { on: ['executor', 'supervisor'], controls: ['encodesOutput'], tests: ['EXE-21'], attacks: ['EXE-16', 'INJ-04'] },
  { on: ['media'], controls: ['validatesInput'], tests: ['MED-01'], attacks: ['MED-02', 'MED-05'] },
  { on: ['media'], controls: ['sanitizesInput'], tests: ['MED-09'], attacks: ['MED-03'] },
  { on: ['media'], controls: ['checksInputBounds', 'handlesResourceConsumption'], tests: ['MED-11'], attacks: ['MED-04'] },
  { on: ['media'], controls: ['isResilient'], tests: ['MED-07'], attacks: ['MED-05'] },
  // Files are fetched from their channel's own hosts and for its account; documents are read by a process that may open nothing.
  { on: ['media'], controls: ['hasAccessControl', 'authorizesSource', 'implementsPOLP'], tests: [`${fetchMedia} › is fetched from its channel`], attacks: [`${fetchMedia} › reaches nothing near by a name that leads there`, `${fetchMedia} › has no credential of theirs sent along`, 'MED-07', 'MED-16'] },
  { on: ['media'], controls: ['authenticatesSource', 'implementsAuthenticationScheme'], tests: [`${connections} › has its media fetched for its own account`], attacks: [`${connections} › is refused in the name of`, `${fetchMedia} › leads nowhere by a redirect`] },
  // Documents are taken apart by a process without native code that may load, start and write nothing; films and sound by a program in the cage.
  { on: ['media'], controls: ['usesSecureFunctions'], tests: ['test/attacks/med.test.ts › MED-07 may open nothing but itself'], attacks: ['test/attacks/med.test.ts › MED-07 holds no native code', 'MED-04', 'MED-05'] },
  { on: ['media'], controls: ['definesConnectionTimeout'], tests: ['MED-11'], attacks: ['MED-07'] },
  { on: ['media'], controls: ['encodesOutput'], tests: ['MED-09'], attacks: ['MED-10', 'INJ-04'] },
  { on: ['egress'], controls: ['validatesInput', 'sanitizesInput'], tests: ['NET-01'], attacks: ['NET-02', 'NET-07'] },
  { on: ['egress'], controls: ['hasAccessControl', 'authorizesSource', 'implementsPOLP'], tests: ['NET-05'], attacks: ['NET-03', 'NET-04', 'NET-10'] },
  { on: ['egress'], controls: ['checksInputBounds', 'handlesResourceConsumption'], tests: ['test/attacks/net.test.ts › SBX-04 a connection and a day have an end'], attacks: ['NET-08', 'NET-03'] },
  { on: ['egress'], controls: ['authenticatesSource', 'implementsAuthenticationScheme'], tests: ['test/attacks/net.test.ts › SBX-04 each capability has the hosts'], attacks: ['test/attacks/net.test.ts › SBX-04 serves nobody without a capability', 'NET-10'] },
  { on: ['egress'], controls: ['definesConnectionTimeout'], tests: ['test/attacks/net.test.ts › SBX-04 a connection and a day have an end'], attacks: ['NET-08', 'test/attacks/net.test.ts › SBX-04 what is switched off is cut'] },
  { on: ['egress'], controls: ['isResilient'], tests: ['gateway/src/foundation/egress/send-request.test.ts › keeps its counts over a restart'], attacks: ['test/attacks/net.test.ts › SBX-04 goes on serving while others send garbage'] },
  { on: ['egress'], controls: ['encodesOutput'], tests: ['gateway/src/foundation/egress/send-request.test.ts › fetches over http and https'], attacks: ['NET-07', 'NET-12'] },

  // Stores.
  { on: ['config-store'], controls: ['validatesInput'], tests: [`${config} › a bad section alone falls back`], attacks: ['CFG-01', 'CFG-02', 'CFG-03'] },
  { on: ['config-store'], controls: ['hasAccessControl'], tests: [`${config} › set, patch and unset keep comments; the file is 600`], attacks: ['CFG-11'] },
  { on: ['config-store'], controls: ['authorizesSource'], tests: [`${config} › the base hash guards against a file that changed`], attacks: ['CFG-08', 'AUT-14'] },
  { on: ['config-store'], controls: ['implementsPOLP'], tests: [`${config} › secrets come from file, variable, vault`], attacks: ['CFG-04', 'CFG-06', 'CFG-12'] },
  { on: ['config-store'], controls: ['handlesResourceConsumption'], tests: [`${config} › a huge file and a pipe are refused`], attacks: ['CFG-03', 'CFG-04'] },
  { on: ['whatsapp-store'], controls: ['encryptsWithAes', 'hasAccessControl'], tests: [`${whatsapp} › says how it goes on, and seals the keys`], attacks: [`${whatsapp} › holds no key`, 'CRD-01', 'CRD-02'] },
  { on: ['whatsapp-store'], controls: ['authorizesSource', 'implementsPOLP', 'validatesInput', 'handlesResourceConsumption'], tests: [`${sealed} › keeps what an account sealed for that account`], attacks: [`${sealed} › opens nothing`, `${sealed} › what is larger than a login is refused whole`] },
  { on: ['runtime-state'], controls: ['hasAccessControl', 'authorizesSource'], tests: [asOneProcess], attacks: [`${census} › nobody else on this machine reads what the process holds in memory`, 'SEC-05', 'SBX-05'] },
  { on: ['runtime-state'], controls: ['validatesInput', 'implementsPOLP'], tests: [architecture], attacks: ['CFG-02', 'AUT-12'] },
  { on: ['runtime-state'], controls: ['handlesResourceConsumption'], tests: [`${lanes} › serves sessions in the order they became ready`], attacks: ['DOS-02', 'DOS-03', `${lanes} › keeps no pictures of a flood`] },
  { on: ['credential-store'], controls: ['encryptsWithAes'], tests: [`${vault} › what is sealed comes back`], attacks: ['CRD-01', 'CRD-02'] },
  { on: ['credential-store'], controls: ['hasAccessControl'], tests: [`${vault} › file and key are 600`], attacks: ['CRD-01', 'CRD-03'] },
  { on: ['credential-store'], controls: ['authorizesSource', 'implementsPOLP'], tests: [`${vault} › stands nowhere in the clear`], attacks: ['CRD-06', secrets] },
  { on: ['credential-store'], controls: ['validatesInput', 'handlesResourceConsumption'], tests: [`${vault} › names and values have limits`], attacks: ['CRD-02', 'CRD-08'] },
  { on: ['vault-key'], controls: ['hasAccessControl', 'authorizesSource', 'implementsPOLP'], tests: [`${vault} › others may not be able to read it`], attacks: ['CRD-03', `${vault} › may not lie in the state directory`] },
  { on: ['vault-key'], controls: ['validatesInput', 'handlesResourceConsumption'], tests: [`${vault} › what is no key is not taken for one`], attacks: [`${vault} › another one opens nothing`] },
  { on: ['audit-store'], controls: ['providesIntegrity', 'hasAccessControl', 'authorizesSource', 'implementsPOLP'], tests: ['AUD-04'], attacks: ['AUD-01', 'AUD-07'] },
  { on: ['audit-store'], controls: ['validatesInput'], tests: ['AUD-04'], attacks: ['AUD-05'] },
  { on: ['audit-store'], controls: ['handlesResourceConsumption'], tests: ['AUD-06'], attacks: ['AUD-02', 'AUD-08'] },
  { on: ['session-store'], controls: ['hasAccessControl'], tests: ['gateway/src/foundation/storage/storage.test.ts › keeps the file to the owner'], attacks: [`${census} › nobody else on this machine can open a file of the state directory`] },
  { on: ['session-store'], controls: ['authorizesSource', 'implementsPOLP'], tests: ['gateway/src/journey/sessions/keys.test.ts › is never shared by a direct chat and a group'], attacks: ['test/journeys/what-is-known-of-the-owner-stays-private.test.ts › do not, whoever speaks there', `gateway/src/journey/sessions/keys.test.ts › is refused`] },
  { on: ['session-store'], controls: ['validatesInput'], tests: [`${inbox} › does not take a message for its own repetition`], attacks: ['gateway/src/journey/sessions/keys.test.ts › "../../etc" is refused', 'gateway/src/journey/sessions/view.test.ts › no name can end it'] },
  { on: ['session-store'], controls: ['handlesResourceConsumption'], tests: ['gateway/src/journey/agent/compaction.test.ts › two hundred turns in a small window'], attacks: ['DOS-06', `${lanes} › keeps no pictures of a flood`] },
  { on: ['backup-store'], controls: ['hasAccessControl', 'authorizesSource', 'implementsPOLP'], tests: ['BAK-06'], attacks: ['BAK-04', 'BAK-07'] },
  { on: ['backup-store'], controls: ['validatesInput', 'handlesResourceConsumption'], tests: ['BAK-05'], attacks: ['BAK-01', 'BAK-03', 'PTH-10'] },
  { on: ['log-store'], controls: ['validatesInput', 'implementsPOLP'], tests: [`${log} › one call is one line, whatever is in it`], attacks: [`${redactor} › nothing forges a line or steers a terminal`, 'SEC-04'] },
  { on: ['log-store'], controls: ['handlesResourceConsumption'], tests: [`${log} › by size: nothing is lost`], attacks: [`${log} › a flood cannot fill the disk`] },
  { on: ['log-store'], controls: ['hasAccessControl', 'authorizesSource'], tests: [`${log} › what stands in the way is not written through`], attacks: [`${census} › nobody else on this machine can open a file of the state directory`, 'OPS-12'] },
  { on: ['workspace'], controls: ['hasAccessControl', 'authorizesSource', 'implementsPOLP'], tests: [`${files} › writes whole files, makes folders, keeps 600 and 700`], attacks: ['PTH-01', 'PTH-02', 'PTH-03', 'PTH-06'] },
  { on: ['workspace'], controls: ['validatesInput'], tests: [`${paths} › the root is a folder only`], attacks: ['PTH-01', 'PTH-04'] },
  { on: ['workspace'], controls: ['handlesResourceConsumption'], tests: [`${files} › a thousand entries and no more`], attacks: ['PTH-05', 'PTH-09'] },

  // The page and the terminal.
  { on: ['page'], controls: ['implementsCSRFToken', 'verifySessionIdentifiers'], tests: [`${door} › signs in from its own page`], attacks: ['ORG-01', 'ORG-02', 'ORG-05', 'ORG-06'] },
  { on: ['page'], controls: ['disablesiFrames'], tests: [`${page} › contains no inline script or style`], attacks: ['ORG-10'] },
  { on: ['page'], controls: ['definesConnectionTimeout', 'usesStrongSessionIdentifiers'], tests: ['gateway/src/api/credentials.test.ts › stay until idle or old'], attacks: ['SES-02', 'SES-04', 'SES-05'] },
  { on: ['page'], controls: ['encodesOutput', 'sanitizesInput', 'validatesInput'], tests: ['ui/src/html-pieces.test.ts › shows as text what it does not know'], attacks: [`${page} › stays harmless whatever an answer contains`, 'ui/src/html-pieces.test.ts › never yields an element beyond its list', 'ui/src/markdown-blocks.test.ts › what a text may lead to'] },
  { on: ['page'], controls: ['implementsAuthenticationScheme', 'authenticatesSource'], tests: [`${door} › signs in from its own page`], attacks: ['AUT-03', 'ORG-09'] },
  { on: ['page'], controls: ['hasAccessControl', 'authorizesSource'], tests: ['gateway/src/api/http/browser.test.ts › signs in by the link'], attacks: ['gateway/src/api/http/browser.test.ts › gives a page of another origin nothing', 'ORG-04'] },
  { on: ['page'], controls: ['implementsNonce'], tests: [`${door} › is exchanged at once`], attacks: ['ORG-02', 'ORG-08'] },
  { on: ['page'], controls: ['implementsPOLP'], tests: ['UI-06'], attacks: ['UI-08', 'UI-14'] },
  // The policy takes eval, code made of text and markup made of text away from every script of the page.
  { on: ['page'], controls: ['usesSecureFunctions'], tests: [`${page} › contains no inline script or style`], attacks: ['UI-06'] },
  { on: ['page'], controls: ['isResilient'], tests: ['ui/src/gateway-client.test.ts › comes back after the line broke'], attacks: ['ui/src/gateway-client.test.ts › is not upset by frames that are no frames'] },
  { on: ['page'], controls: ['checksInputBounds', 'handlesResourceConsumption'], tests: ['ui/src/html-pieces.test.ts › takes time in proportion to the text'], attacks: ['UI-04'] },
  { on: ['cli'], controls: ['encodesOutput', 'sanitizesInput'], tests: ['cli/src/printable.test.ts › makes one line of many'], attacks: ['cli/src/printable.test.ts › never lets a control character through'] },
  { on: ['cli'], controls: ['validatesInput', 'implementsServerSideValidation'], tests: ['cli/src/run-cli.test.ts › 2 when the command line is wrong'], attacks: ['cli/src/config-path.test.ts › refuses "__proto__.x"', 'cli/src/gateway-address.test.ts › refuses ws://127.0.0.1.evil.example:1'] },
  { on: ['cli'], controls: ['authenticatesSource', 'implementsAuthenticationScheme'], tests: ['cli/src/gateway-client.test.ts › goes on to the next token when one is old'], attacks: ["cli/src/gateway-address.test.ts › never shows this computer's tokens to another one"] },
  { on: ['cli'], controls: ['hasAccessControl', 'authorizesSource'], tests: ['cli/src/run-cli.test.ts › 4 when something is not allowed'], attacks: ['cli/src/machine.test.ts › is not written through a link', 'AUT-14'] },
  { on: ['cli'], controls: ['isResilient'], tests: ['cli/src/gateway-client.test.ts › ends waiting requests when the connection goes'], attacks: ['cli/src/gateway-client.test.ts › gives up after the time it was given'] },

  { on: ['cli'], controls: ['implementsStrictHTTPValidation', 'validatesHeaders'], tests: [`${hostileGateway} › answers as a gateway does`], attacks: [`${hostileGateway} › is refused, and the token is not sent`] },
  // What comes is text of the protocol or the end of the connection; what would steer a terminal is taken out of whatever is shown.
  { on: ['cli'], controls: ['validatesContentType', 'invokesScriptFilters'], tests: ['cli/src/printable.test.ts › makes one line of many', `${client} › carries answers, refusals and second answers`], attacks: [`${hostileGateway} › bytes where words belong`, `${hostileGateway} › is refused, and the token is not sent`, 'cli/src/printable.test.ts › never lets a control character through'] },
  { on: ['cli'], controls: ['checksInputBounds'], tests: [`${client} › gives up after the time it was given`], attacks: [`${hostileGateway} › ends the connection before it takes room`] },
  { on: ['cli'], controls: ['handlesResourceConsumption'], tests: [`${client} › hands events out in order`], attacks: [`${hostileGateway} › twenty thousand events`] },
  { on: ['cli'], controls: ['usesStrongSessionIdentifiers'], tests: [`${client} › shows a signed device where there is no token`], attacks: ['WSH-10', 'AUT-11', 'AUT-12'] },
  { on: ['cli'], controls: ['isHardened'], tests: [`${machine} › is made with mode 600`], attacks: [`${census} › the command line runs and believes nothing that lies in the folder`, `${machine} › is not written through a link`, 'OPS-07'] },

  // The model.
  { on: ['llm'], controls: ['implementsPOLP'], tests: [`${grants} › hands out exactly what is asked for`], attacks: [guest, noTool, 'test/journeys/a-tool-call-writes-and-reads-a-file.test.ts › a path out of the workspace is refused'] },
  { on: ['llm'], controls: ['encodesOutput'], tests: ['ui/src/html-pieces.test.ts › shows as text what it does not know'], attacks: [`${page} › stays harmless whatever an answer contains`, 'cli/src/printable.test.ts › never lets a control character through', 'channels/telegram/src/html.test.ts › is never refused, whatever the Markdown'] },
  { on: ['llm'], controls: ['hasContentFiltering'], tests: ['INJ-13'], attacks: ['INJ-01', 'INJ-04', 'INJ-15'] },
  { on: ['llm'], controls: ['isHardened'], tests: ['SBX-07'], attacks: ['SBX-01', 'SBX-03', 'EXE-22'] },
  { on: ['llm'], controls: ['providesConfidentiality'], tests: ['SEC-01'], attacks: ['NET-12', 'INJ-10'] },
  { on: ['tools'], controls: ['validatesToolLaunchConfig'], tests: [architecture], attacks: [`${grants} › there is no grant called`, noTool] },

  // Flows: to networks and providers.
  { on: ['gateway→telegram', 'telegram→gateway'], controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: [`${telegram} › reads the token from a file, and refuses what is no token`], attacks: [`${telegram} › takes nothing without the secret`, `${telegram} › does not follow a redirect with the token`] },
  { on: toProviders, controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: [`${models} › tells what to do when the key is missing`], attacks: [`${models} › follows redirects within the host and never takes the key to another`, secrets] },
  { on: toProviders, controls: ['isEncrypted', 'authenticatesDestination'], tests: [`${models} › does not send a key unencrypted into the world`], attacks: [`${impostor} › a provider with a certificate nobody vouches for`] },
  { on: ['gateway→telegram', 'telegram→gateway'], controls: ['isEncrypted', 'authenticatesDestination'], tests: [`${telegram} › does not follow a redirect with the token`], attacks: [`${impostor} › a Telegram with a certificate nobody vouches for`] },
  { on: ['gateway→discord', 'discord→gateway'], controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: [`${discord} › refuses what is no token`], attacks: [`${discord} › whose gateway is not Discord’s is not followed`, `${discord} › never goes to what is no place of Discord’s`] },
  { on: ['gateway→discord', 'discord→gateway'], controls: ['isEncrypted', 'authenticatesDestination'], tests: [`${discord} › refuses what is no token, and an API that is neither`], attacks: [`${impostor} › a Discord with a certificate nobody vouches for`] },
  { on: ['gateway→slack', 'slack→gateway'], controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: [`${slack} › refuses what are no tokens`], attacks: ['WHK-02', 'WHK-03', 'CHN-21'] },
  { on: ['gateway→slack', 'slack→gateway'], controls: ['isEncrypted', 'authenticatesDestination'], tests: [`${slack} › refuses what are no tokens, and an API that is neither`], attacks: [`${impostor} › a Slack with a certificate nobody vouches for`] },
  { on: ['gateway→whatsapp', 'whatsapp→gateway'], controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: [`${whatsapp} › shows what is to be scanned`], attacks: ['CHN-01', `${whatsapp} › goes to people and groups and nowhere else`] },
  { on: ['gateway→whatsapp', 'whatsapp→gateway', 'whatsapp→media'], controls: ['isEncrypted', 'authenticatesDestination'], tests: [`${whatsapp} › speaks to WhatsApp and to this computer, to nobody else`], attacks: [`${impostor} › a WhatsApp with a certificate nobody vouches for`] },
  { on: ['signal→gateway'], controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: [`${signal} › knows people by Signal’s id`], attacks: ['CHN-07'] },
  // Flows to the door, off this machine: TLS 1.3. On it: a Unix socket, else loopback without encryption.
  { on: ['tailscale→gateway', 'cli→gateway', 'page→gateway', 'programs→gateway'], controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: [`${handshake} › names the missing scope`], attacks: ['AUT-02', 'AUT-14', 'AUT-15'] },
  // The command line goes by the Unix socket of its own user, or to a port at which nobody else listens; what was written down of a gateway that ended is not believed.
  { on: ['cli→gateway'], controls: ['authenticatesDestination', 'checksDestinationRevocation'], tests: ['cli/src/running-gateway.test.ts › finds a gateway that lives, and nothing otherwise'], attacks: ['cli/src/port-owner.test.ts › they hear no token of ours', `${tls} › sends nothing to another certificate`] },
  { on: ['cli→gateway'], controls: ['isEncrypted'], tests: ['cli/src/gateway-address.test.ts › prefers its Unix socket'], attacks: [`${tls} › C02: is private to the user`, `${tls} › C02: is not opened in a folder that others may enter`] },
  { on: ['gateway→page'], controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: [`${browser} › signs in by the link`], attacks: [`${browser} › gives a page of another origin nothing`, 'ORG-02', 'WSH-03'] },
  { on: ['approvals→owner'], controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: [`${approvals} › only the owner answers for others`], attacks: ['EXE-11', 'AUT-16'] },
  { on: ['whatsapp→media'], controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: [`${whatsapp} › files are fetched, opened and checked`], attacks: [`${fetchMedia} › leads nowhere by a redirect`, `${connections} › is refused in the name of`] },
  // Files are handed on within the process; what reads documents is its child, and reached by pipes alone.
  { on: ['media→agent'], controls: ['isEncrypted', 'authenticatesDestination', 'checksDestinationRevocation', 'implementsAuthenticationScheme', 'authorizesSource'], tests: [asOneProcess, `${connections} › has its media fetched for its own account`], attacks: [foundNoSocket, 'MED-07'] },
  { on: ['tailscale→gateway'], controls: ['isEncrypted', 'authenticatesDestination'], tests: ['HTTP-15'], attacks: ['HTTP-16', 'AUT-19'] },
  // Nobody asks whether our certificate was revoked: one that was stolen ends by itself within two weeks, and at once when another authority signs.
  { on: ['tailscale→gateway'], controls: ['checksDestinationRevocation'], tests: ['gateway/src/api/tls/certificates.test.ts › is renewed in the middle of its life'], attacks: [`${tls} › ends by itself within two weeks`, `${tls} › a new authority takes over at once`] },
  { on: ['gateway→page', 'page→gateway'], controls: ['sanitizesInput', 'validatesInput'], tests: [`${handshake} › words bad params`], attacks: ['HTTP-05', 'HTTP-18', 'WSF-11'] },
  // Flows within the process.
  { on: withinTheProcess, controls: ['isEncrypted', 'authenticatesDestination', 'checksDestinationRevocation'], tests: [`${census} › what works on a message is one process, and speaks to nobody but who it must`, architecture], attacks: [`${census} › a stranger on this machine finds no socket that answers`] },
  { on: withinTheProcess, controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: [`${runAgent} › is judged and written down before it runs`], attacks: [guest, noTool] },
  // A line that the gateway handed to its own child; nobody else can be at its other end.
  { on: ['gateway→channel-host', 'channel-host→gateway'], controls: ['isEncrypted', 'authenticatesDestination', 'checksDestinationRevocation', 'implementsAuthenticationScheme', 'authorizesSource'], tests: [`${remote} › is another process, the same for every account`], attacks: [`${remote} › reaches its own secrets and nobody else`, `${remote} › is started again when it dies`, `${connections} › is refused in the name of`] },
  // Flows into stores.
  { on: ['credential-store→gateway', 'gateway→credential-store'], controls: ['isEncrypted'], tests: [`${vault} › stands nowhere in the clear`], attacks: ['CRD-01', 'CRD-02'] },
  { on: ['credential-store→gateway', 'gateway→credential-store', 'vault-key→gateway'], controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: [`${vault} › another one opens nothing`], attacks: ['CRD-05', 'CRD-06'] },
  { on: intoOwnFiles, controls: ['isEncrypted'], tests: [heldAlone], attacks: [openedNoFile, foundNoSocket] },
  { on: intoOwnFiles, controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: ['gateway/src/foundation/storage/storage.test.ts › keeps the file to the owner', `${config} › set, patch and unset keep comments; the file is 600`], attacks: [replacedNoFile, openedNoFile] },
  // The record lies in the same database as the conversations: another one in its place, or an older one, is noticed by it.
  { on: ['gateway→session-store', 'gateway→audit-store'], controls: ['authenticatesDestination', 'checksDestinationRevocation'], tests: ['AUD-04'], attacks: ['AUD-01', replacedNoFile] },
  // Opened at each use and looked at then: another file, folder or link in its place is refused, or begun anew; a configuration that changed since it was read is not written over.
  { on: ['cli→config-store'], controls: ['authenticatesDestination', 'checksDestinationRevocation'], tests: [`${config} › the base hash guards against a file that changed`], attacks: ['CFG-11', `${machine} › is not written through a link`, replacedNoFile] },
  { on: ['agent→workspace'], controls: ['authenticatesDestination', 'checksDestinationRevocation'], tests: [`${files} › writes whole files, makes folders, keeps 600 and 700`], attacks: ['PTH-02', 'PTH-03', replacedNoFile] },
  { on: ['gateway→log-store'], controls: ['authenticatesDestination', 'checksDestinationRevocation'], tests: [`${log} › a file that was moved away is begun anew`], attacks: [`${log} › what stands in the way is not written through`, replacedNoFile] },
  { on: ['credential-store→gateway', 'gateway→credential-store'], controls: ['authenticatesDestination', 'checksDestinationRevocation'], tests: [`${vault} › what is sealed comes back`], attacks: ['CRD-02', 'CRD-05'] },
  // The key is handed to nobody but the process whose file it is, and one that was replaced opens nothing any more.
  { on: ['vault-key→gateway'], controls: ['isEncrypted'], tests: [`${vault} › others may not be able to read it`], attacks: [openedNoFile, 'CRD-03'] },
  { on: ['vault-key→gateway'], controls: ['authenticatesDestination', 'checksDestinationRevocation'], tests: ['test/attacks/crd.test.ts › the old key opens nothing any more'], attacks: [replacedNoFile, `${vault} › another one opens nothing`] },
  // Sealed for keys that its owner names; whoever is named no longer opens nothing that is made afterwards.
  { on: ['gateway→backup-store'], controls: ['authenticatesDestination', 'checksDestinationRevocation'], tests: ['test/attacks/bak.test.ts › one of several recipients'], attacks: ['test/attacks/bak.test.ts › whoever was taken out of the recipients', 'BAK-01'] },
  { on: ['gateway→backup-store'], controls: ['isEncrypted', 'implementsAuthenticationScheme', 'authorizesSource'], tests: ['BAK-06', 'BAK-08'], attacks: ['BAK-01', 'BAK-02', 'BAK-04'] },
  { on: ['gateway→audit-store'], controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: ['AUD-04'], attacks: ['AUD-01', 'AUD-07'] },
  { on: ['supervisor→executor', 'agent→executor', 'executor→agent'], controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: ['EXE-18'], attacks: ['EXE-19', 'SBX-05'] },
  { on: ['supervisor→executor', 'agent→executor', 'executor→agent'], controls: ['isEncrypted', 'authenticatesDestination', 'checksDestinationRevocation'], tests: ['SBX-13'], attacks: ['SBX-03', 'SBX-05', 'SBX-14'] },
  // A Unix socket in the sandbox, which a command can neither leave by another way nor replace; a capability that was taken back ends what runs.
  { on: ['executor→egress'], controls: ['isEncrypted', 'authenticatesDestination', 'checksDestinationRevocation'], tests: ['test/attacks/net.test.ts › SBX-04 each capability has the hosts'], attacks: ['SBX-02', 'SBX-03', 'test/attacks/net.test.ts › SBX-04 what is switched off is cut'] },
  { on: ['executor→egress', 'egress→internet'], controls: ['implementsAuthenticationScheme', 'authorizesSource'], tests: ['NET-05'], attacks: ['SBX-04', 'NET-01'] },
  { on: ['egress→internet'], controls: ['authenticatesDestination'], tests: ['NET-04'], attacks: ['NET-09'] },
]

/**
 * What may be where. Only the gateway, the vault and its key hold secrets; the parts that work on messages hold messages. That secrets
 * and other people's words are nowhere else is what the tests show.
 */
export const clearanceEvidence: readonly ClearanceEvidence[] = [
  { on: ['gateway', 'credential-store', 'vault-key', 'credential-store→gateway', 'gateway→credential-store', 'vault-key→gateway'], clearance: 'secret', tests: [`${vault} › stands nowhere in the clear`], attacks: [secrets, 'CRD-06', 'SEC-06'] },
  {
    on: [
      'agent', 'router', 'guard', 'broker', 'llm', 'cli', 'page', 'session-store', 'config-store', 'telegram', 'anthropic', 'openai', 'tailscale', 'programs', 'workspace',
      'cli→gateway', 'page→gateway', 'gateway→page', 'programs→gateway', 'tailscale→gateway', 'telegram→gateway', 'gateway→telegram', 'gateway→anthropic', 'anthropic→gateway', 'gateway→openai',
      'discord', 'slack', 'whatsapp', 'signal', 'imessage', 'discord→gateway', 'gateway→discord', 'slack→gateway', 'gateway→slack', 'whatsapp→gateway', 'gateway→whatsapp', 'signal→gateway',
      'gateway→agent', 'agent→llm', 'llm→agent', 'agent→guard', 'agent→broker', 'agent→workspace', 'gateway→session-store', 'session-store→gateway', 'config-store→gateway', 'cli→config-store',
    ],
    clearance: 'restricted',
    tests: [`${config} › what is shown has no secret in it`],
    attacks: [secrets, 'test/journeys/what-is-known-of-the-owner-stays-private.test.ts › do not, whoever speaks there', 'CFG-12'],
  },
  { on: ['channel-host', 'gateway→channel-host', 'channel-host→gateway'], clearance: 'secret', tests: [`${remote} › is another process, the same for every account`], attacks: [`${remote} › reaches its own secrets and nobody else`, `${whatsapp} › holds no key`] },
  { on: ['media', 'whatsapp→media', 'media→agent'], clearance: 'restricted', tests: [`${fetchMedia} › is fetched from its channel`], attacks: ['MED-07', `${fetchMedia} › reaches nothing near by a name`, 'MED-03'] },
  { on: ['backup-store', 'gateway→backup-store'], clearance: 'restricted', tests: ['BAK-06'], attacks: ['BAK-01', 'BAK-04'] },
  { on: ['audit-store', 'gateway→audit-store'], clearance: 'restricted', tests: ['AUD-04'], attacks: ['AUD-05', secrets] },
  { on: ['executor', 'supervisor', 'approvals', 'egress', 'agent→executor', 'executor→agent', 'agent→approvals', 'supervisor→executor', 'executor→egress', 'approvals→owner', 'owner'], clearance: 'restricted', tests: ['SBX-13'], attacks: ['SBX-01', 'SBX-21'] },
]
