/** Every case of the attack catalogue by its id: what is tried. A test is a case when its title begins with the id. */

export interface Case { id: string; what: string }

const groups: Readonly<Record<string, { name: string; cases: readonly string[] }>> = {
  HTTP: {
    name: 'HTTP',
    cases: [
      'two lengths, or a length and chunks, in one request', 'line ends, folded headers, spaces and NUL where none may be', 'chunk sizes that are absurd or never end', 'too many headers, too long an address',
      'methods nobody needs, TRACE among them', 'another method hidden in a header or field', 'JSON under a type that is none', 'a body longer than allowed or than announced', 'a compressed body', 'JSON that is deep, wide, doubled or poisoned',
      'many ranges', 'headers every answer must have', 'what an error gives away', 'a target that names another host', 'old TLS and weak suites', 'plain HTTP on the TLS port and the reverse', 'ten thousand requests in one go', 'files that are not the page\'s',
    ],
  },
  WSH: {
    name: 'The WebSocket handshake',
    cases: [
      'with a token, and without', 'pages of other origins, and look-alikes', 'a cookie that is old, altered or another\'s', 'a token where no token belongs', 'a broken upgrade', 'absurd offers of compression', 'an upgrade on every other path', 'a first frame that is no connect, or late',
      'more rights than the credential has', 'a device signature with any part changed', '500 sockets that never say who they are', 'forwarding headers without a proxy',
    ],
  },
  WSF: {
    name: 'WebSocket frames',
    cases: [
      'reserved opcodes and bits', 'an unmasked frame', 'control frames that are long or split', 'absurd lengths', 'frames and messages beyond the limit', 'text that is no UTF-8', 'close codes that must not be sent', 'a flood of pings', 'a reader that does not read',
      'binary, empty and blank messages', 'requests with missing, odd or extra fields', 'one idempotency key for two things', 'ten thousand requests on one socket', 'frames only a server sends', 'method names every object has', 'a role calling methods of another', 'the categories of the protocol\'s conformance suite',
    ],
  },
  AUT: {
    name: 'Identity, pairing, scopes',
    cases: [
      'a start without a secret, or with a useless one', 'a token that is almost right', 'guessing, over sockets, addresses and restarts', 'a flood without any credential', 'time that tells something', 'guessing pairing codes', 'two strangers pair at once; codes used twice, late, elsewhere', 'a pairing request that carries commands or markup',
      'the agent is asked to pair somebody', 'a device token beyond its rights', 'a known device with a new key', 'revoking while a socket lives', 'rotating while the gateway is killed', 'every method with every set of scopes', 'a credential on a way in that is not its own', 'approving what one asked for oneself', 'very long and odd passwords', 'an identity header from anybody', 'a tailnet header on an ordinary port', 'a clock that goes back',
    ],
  },
  ORG: {
    name: 'Origin, Host, other sites',
    cases: [
      'a form of another site', 'requests and elements of another site', 'preflights of foreign and opaque origins', 'a page of the same machine on another port', 'a request without its token, or with another\'s', 'browser headers that contradict each other', 'a foreign Host', 'a name that changes its address', 'being signed in to a stranger\'s session',
      'being framed or opened', 'streams of another site', 'an OAuth answer that was not asked for',
    ],
  },
  SES: {
    name: 'Cookies and sessions',
    cases: ['attributes of the cookie', 'a hundred thousand ids', 'the one-time link', 'idle and absolute end', 'signing out, and a changed secret', 'an id brought along', 'two tabs', 'a copied or rolled back store', 'cookies too large or too many', 'a sensitive act long after signing in'],
  },
  UI: {
    name: 'The page',
    cases: [
      'script in everything that is shown', 'Markdown that wants to be more', 'pictures that call home', 'texts made to freeze the page', 'markup cut at every byte', 'what the content policy must stop', 'files that are something else', 'messages from other windows', 'what an agent\'s page may do', 'an approval that hides something', 'an approval under a moving pointer', 'exports',
      'what stays after signing out', 'addresses that lead elsewhere', 'search patterns that take for ever',
    ],
  },
  CFG: {
    name: 'Configuration',
    cases: [
      'unknown keys, wrong types, misspelt names', 'keys that poison objects, by every way in', 'texts that are no or too much JSON5', 'includes that lead elsewhere', 'references to variables', 'variables nobody documented', 'two writers, old copies, a kill in the middle', 'a change that raises one\'s own rights', 'a bad file while running', 'every policy emptied',
      'files others can change', 'secrets in what is shown', 'a mask written back', 'a file of a newer version', 'ids that only look alike',
    ],
  },
  CHN: {
    name: 'Messages of channels',
    cases: [
      'WhatsApp: who is it', 'WhatsApp: kinds of messages', 'Telegram: kinds of updates', 'Telegram: entities and commands', 'Discord', 'Slack', 'Signal', 'iMessage', 'Matrix', 'Microsoft Teams', 'Google Chat', 'the smaller networks', 'being mentioned', 'hostile text', 'commands of those who may not', 'bots that answer each other', 'one message delivered twice',
      'edits and deletions out of order', 'a flood of messages', 'a flood of pairing requests', 'a network that misbehaves', 'answers that shout', 'names that carry instructions', 'two accounts of one network',
    ],
  },
  WHK: {
    name: 'Webhooks',
    cases: [
      'one without a secret', 'signatures that are missing or odd', 'a signature over other bytes', 'timestamps', 'replays', 'challenges of platforms', 'addresses built from headers', 'tokens with tricks', 'guessing', 'too large, too slow, too many', 'a payload that chooses session or model', 'a kill around the answer',
    ],
  },
  MED: {
    name: 'Pictures and files',
    cases: [
      'name, type and content disagree', 'one file that is two', 'SVG', 'pictures that grow', 'damaged files', 'archives that grow', 'PDF and fonts', 'sound and film', 'metadata', 'names of files', 'downloads without end', 'base64 too large', 'the same file very often', 'a type that changes', 'files of another session', 'unpacking on request',
    ],
  },
  PTH: {
    name: 'Paths',
    cases: ['120 hostile words', 'links of every kind', 'swapping while we look', 'twins by case or form', 'what is no file', 'files that act later', 'ids that are paths', 'patches', 'listing and searching', 'names in backups'],
  },
  EXE: {
    name: 'Running commands, approvals',
    cases: [
      'shell syntax', 'programs that start programs', 'options that start programs', 'file arguments of filters', 'another program of the same name', 'variables that steer', 'combined options', 'a hundred thousand random lines', 'changing what was approved', 'approving twice, late, elsewhere', 'a client that approves for itself', 'what the approver sees', 'approving for ever', 'commands in disguise', 'odd bytes',
      'terminals', 'what stays behind', 'killing others', 'who asks', 'asking for more rights in words', 'what the output carries', 'no sandbox at all',
    ],
  },
  SBX: {
    name: 'The sandbox',
    cases: [
      'reading the host', 'writing the host', 'the network', 'the proxy', 'other processes', 'nested namespaces', 'setuid and capabilities', 'system calls', 'too many processes', 'too much memory', 'too much disk', 'too much time', 'descriptors', 'the terminal', 'races with the host', 'files the host would run', 'names of the host', 'asking for a weaker cage', 'another image', 'a supervisor that dies',
      'leftovers', 'the browser',
    ],
  },
  NET: {
    name: 'Hosts on the internet',
    cases: ['addresses in disguise', 'names that lead inside', 'redirects', 'schemes', 'ports', 'proxy variables', 'line breaks in requests', 'answers without end', 'certificates', 'credentials over a change of host', 'suffixes', 'secrets on the way out'],
  },
  INJ: {
    name: 'Instructions in content',
    cases: [
      'by every vehicle', 'to send a secret away', 'to do harm', 'forged frames', 'into memory', 'tools that change', 'who said so', 'tired approvers', 'through a summary', 'telling the prompt', 'costing money', 'from one person to another', 'harmless twins stay useful', 'link previews', 'invisible text',
    ],
  },
  PLG: {
    name: 'Plugins and skills',
    cases: ['reaching out of the plugin', 'hostile messages to the host', 'plugins that hang or crash', 'more than was declared', 'archives and names', 'names that collide', 'data of others', 'credentials', 'what uninstalling leaves', 'older versions', 'names that look alike', 'hostile skills', 'who may install', 'twenty that crash'],
  },
  SEC: {
    name: 'Secrets in what is written',
    cases: ['forty kinds of secrets in every sink', 'secrets in pieces and encodings', 'what only looks like a secret', 'forging lines', 'looking into memory', 'arguments and environment'],
  },
  AUD: {
    name: 'The record',
    cases: ['changing, removing, reordering, rolling back', 'a record that cannot be written', 'a kill between act and record', 'every kind of event', 'hostile text', 'a million events', 'reading and changing it from inside', 'verifying a large one'],
  },
  BAK: {
    name: 'Backups',
    cases: ['damaged ones', 'older ones', 'hostile ones under the right key', 'wrong passphrases', 'while writing, and killed', 'modes', 'onto a running gateway', 'with the recovery key'],
  },
  CRD: {
    name: 'The vault',
    cases: ['a copy without the key', 'changed, swapped, older contents', 'where the key may be seen', 'a new master key, killed at each step', 'no key', 'asking for the value by every way', 'taking over plain files', 'eight writers'],
  },
  DOS: {
    name: 'Exhaustion',
    cases: [
      'slow clients', 'two minutes of load', 'idle connections beyond the limit of descriptors', 'work for strangers', 'slow patterns', 'very long histories', 'the loop is never held', 'floods of queues', 'schedules', 'agents that multiply', 'a model stream without end', 'a day in an hour', 'a flood of log lines', 'anything compressed',
    ],
  },
  DUR: {
    name: 'Surviving',
    cases: [
      'killed at every point', 'killed between send and receipt', 'killed during a tool', 'killed five hundred times', 'power gone', 'damaged files', 'two gateways on one state', 'asked to end with work at hand', 'twenty restarts a minute', 'new versions', 'a provider that is gone', 'approvals, timers and schedules over a restart', 'transcript, deliveries and record agree',
    ],
  },
  TIM: { name: 'Time', cases: ['a clock that jumps', 'a machine that slept'] },
  DSK: { name: 'Disk', cases: ['full', 'failing', 'of an odd kind'] },
  OPS: {
    name: 'Scripts and deployment',
    cases: [
      'sixty bad states are found', 'ten good states pass', 'the audit changes nothing and guesses nothing', 'modes are set and links not followed', 'a token is rotated whole or not at all', 'secrets.env is data', 'no secret in any environment', 'the compose file', 'loopback in a container', 'backup and restore as documented', 'every command of the guide', 'logs in a shared folder',
    ],
  },
}

export const catalogueGroups: readonly { prefix: string; name: string; cases: readonly Case[] }[] = Object.entries(groups).map(([prefix, { name, cases }]) => ({
  prefix, name, cases: cases.map((what, index) => ({ id: `${prefix}-${String(index + 1).padStart(2, '0')}`, what })),
}))

export const catalogue: readonly Case[] = catalogueGroups.flatMap((group) => group.cases)
