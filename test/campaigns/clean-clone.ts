/**
 * A stranger's first hour: clones HEAD into an empty folder, starts it with one command from an empty HOME, and talks with the
 * assistant through the page in a real browser, through the command line and through Telegram; then does what the operator's
 * handbook says (start again, permissions, a new token, stop) and looks at what is left. Every step is looked at, also after one failed.
 *
 *   npm run clean-clone
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { startTelegramServer } from '../fakes/telegram-server/index.ts'
import { freePort } from '../support/free-port.ts'
import { root } from '../support/spawned-gateway.ts'

const botToken = '123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi'
const canary = 'a-secret-that-is-none-of-its-business'
const place = mkdtempSync(join(tmpdir(), 'moltbot-clean-clone-'))
const home = join(place, 'home')
const clone = join(place, 'moltbot')
const state = join(home, '.moltbot')
mkdirSync(home, { mode: 0o700 })
const port = await freePort()

/** A person's shell without anything of ours in it; only what the machine needs to reach the package registry is passed on. */
const shell: Record<string, string> = {
  HOME: home, PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', UNRELATED_SETTING: canary,
  ...Object.fromEntries(Object.entries(process.env).filter(([name, value]) => value !== undefined && /^(NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy|npm_config_registry)$/i.test(name)) as [string, string][]),
}
interface Ran { code: number; output: string }
function run(program: string, ...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { cwd: clone, env: shell, maxBuffer: 16_000_000, timeout: 600_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, output: stdout + stderr })
    })
    child.stdin?.end()
  })
}
const moltbot = (...args: string[]): Promise<Ran> => run('node', join(clone, 'bin', 'moltbot'), ...args)
const start = (): Promise<Ran> => run('bash', join(clone, 'scripts', 'start-moltbot.sh'), '--no-browser', '--port', String(port))

let passed = 0
let failed = 0
async function step(name: string, look: () => Promise<string | undefined | void>): Promise<boolean> {
  let wrong: string | undefined | void
  try {
    wrong = await look()
  } catch (error) {
    wrong = error instanceof Error ? error.message : String(error)
  }
  if (wrong === undefined) {
    passed += 1
    console.log(`✓ ${name}`)
    return true
  }
  failed += 1
  console.log(`✗ ${name}\n    ${wrong.trim().slice(-2_000).replaceAll('\n', '\n    ')}`)
  return false
}
const token = (): string => /token"?\s*:\s*"([^"]+)"/.exec(readFileSync(join(state, 'moltbot.json'), 'utf8'))?.[1] ?? ''

/** What `look` finds; undefined where the file went away between two looks, as the gateway works on while we look. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
/** Everything of a folder, links not followed. */
function* walk(folder: string): Generator<string> {
  for (const entry of unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? []) {
    const path = join(folder, entry.name)
    yield path
    if (entry.isDirectory()) yield* walk(path)
  }
}
/** Processes that run from the clone. */
function ours(): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(clone)
    } catch {
      // It ended meanwhile, or belongs to somebody else.
      return false
    }
  })
}
const composer = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true })

let browser: Browser | undefined
const telegram = await startTelegramServer({ token: botToken })
const rotations: string[] = []
try {
  const cloned = spawnSync('git', ['clone', '--quiet', '--no-hardlinks', root, clone], { encoding: 'utf8' })
  if (cloned.status !== 0) throw new Error(`git clone: ${cloned.stderr}`)
  console.log(`clean clone of ${spawnSync('git', ['-C', clone, 'log', '-1', '--format=%h %s'], { encoding: 'utf8' }).stdout.trim()}, port ${port}`)

  const first = await step('one command installs, builds and starts it from an empty HOME', async () => {
    const { code, output } = await start()
    if (code !== 0) return output
    if (!output.includes(`running on port ${port}`)) return output
    if (output.includes(token())) return 'the token was printed into something that is no terminal'
  })
  if (!first) throw new Error('without a gateway there is nothing more to look at')
  rotations.push(token())

  let page: Page | undefined
  await step('the page opens with the link and answers in a browser', async () => {
    browser = await chromium.launch({ executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path)) ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
    page = await (await browser.newContext({ locale: 'en-GB' })).newPage()
    page.setDefaultTimeout(60_000)
    await page.goto(`http://localhost:${port}/?token=${token()}`)
    await composer(page).fill('what is 17 * 3?')
    await composer(page).press('Enter')
    await page.getByRole('article', { name: 'Assistant' }).getByText('51').first().waitFor()
    if (page.url().includes('token=')) return `the token stays in the address: ${page.url().replace(token(), '…')}`
  })
  await step('the command line answers', async () => {
    const { code, output } = await moltbot('agent', '-m', 'what is 2+2?')
    return code === 0 && output.includes('4') ? undefined : `exit ${code}: ${output}`
  })
  await step('Telegram is set up with the command line: an unknown sender gets a code, is admitted, and is answered', async () => {
    for (const [key, value] of [['channels.telegram.apiRoot', telegram.apiRoot], ['channels.telegram.botToken', botToken]] as const) {
      const { code, output } = await moltbot('config', 'set', key, value)
      if (code !== 0) return `config set ${key}: ${output}`
    }
    const anna = telegram.user(4001, { name: 'Anna' })
    telegram.say(anna, 'hello?')
    const invitation = await telegram.nextSent((message) => message.chatId === 4001, 60_000)
    const code = /\b[A-HJ-NP-Z2-9]{8}\b/.exec(invitation.text)?.[0]
    if (code === undefined) return `no code in: ${invitation.text}`
    const approved = await moltbot('pairing', 'approve', 'telegram', code)
    if (approved.code !== 0) return approved.output
    telegram.say(anna, 'what is 2+3?')
    const answer = await telegram.nextSent((message) => message.chatId === 4001, 60_000)
    return answer.text.includes('5') ? undefined : answer.text
  })
  await step('starting again finds the running one and leaves the shell as it was', async () => {
    const { code, output } = await run('bash', '-c', 'before=$(export -p); bash "$0" --no-browser --port "$1" || exit; [ "$before" = "$(export -p)" ] || echo CHANGED', join(clone, 'scripts', 'start-moltbot.sh'), String(port))
    return code === 0 && output.includes('already running') && !output.includes('CHANGED') ? undefined : output
  })
  await step('the gateway has nothing of the shell that is none of its business', async () => {
    const gateway = ours().find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('gateway'))
    if (gateway === undefined) return 'no gateway process found'
    return readFileSync(`/proc/${gateway}/environ`, 'utf8').includes(canary) ? 'it got a variable it has no use for' : undefined
  })
  await step('nobody else can read what it keeps: folders 700, files 600', async () => {
    const open: string[] = []
    for (const path of [state, ...walk(state)]) {
      const stat = unlessGone(() => lstatSync(path))
      if (stat === undefined || stat.isSymbolicLink()) continue
      const inside = /^workspace[^/]*\/|^people\//.test(path.slice(state.length + 1))
      const tooOpen = inside ? (stat.mode & 0o077) !== 0 && stat.isFile() && (stat.mode & 0o022) !== 0 : (stat.mode & 0o777) !== (stat.isDirectory() ? 0o700 : 0o600)
      if (tooOpen) open.push(`${path}: ${(stat.mode & 0o777).toString(8)}`)
    }
    return open.length === 0 ? undefined : open.join('\n')
  })
  await step('secure-permissions.sh has nothing to do', async () => {
    const { code, output } = await run('bash', join(clone, 'scripts', 'secure-permissions.sh'))
    return code === 0 && output.includes('All permissions already secure') ? undefined : output
  })
  await step('a new token ends the old sessions, works without a restart, and stands in no log', async () => {
    const old = token()
    const { code, output } = await run('bash', join(clone, 'scripts', 'rotate-gateway-token.sh'))
    if (code !== 0) return output
    const fresh = token()
    rotations.push(fresh)
    if (fresh === old || !output.includes(fresh)) return 'the token did not change, or was not shown'
    const backups = readdirSync(state).filter((name) => name.startsWith('moltbot.json.'))
    if (backups.length === 0) return 'no backup of the configuration'
    for (const name of backups) if ((lstatSync(join(state, name)).mode & 0o777) !== 0o600) return `${name} is not 600`
    const refused = await moltbot('health', '--token', old, '--url', `ws://127.0.0.1:${port}`)
    if (refused.code === 0) return 'the old token still opens the door'
    const answer = await moltbot('agent', '-m', 'what is 3+4?')
    if (answer.code !== 0 || !answer.output.includes('7')) return answer.output
    if (page === undefined) return 'there was no page to look at'
    await page.reload()
    await page.locator('input#token').waitFor()
    await page.locator('input#token').fill(fresh)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await composer(page).waitFor()
    for (const path of walk(join(state, 'logs'))) {
      const text = unlessGone(() => lstatSync(path).isFile() ? readFileSync(path, 'utf8') : undefined)
      if (text === undefined) continue
      if ([...rotations, botToken].some((secret) => text.includes(secret))) return `a secret stands in ${path}`
    }
  })
  await step('it stops when told to, and nothing of it runs on', async () => {
    const { code, output } = await moltbot('gateway', 'stop')
    if (code !== 0) return output
    for (const until = Date.now() + 20_000; ours().length > 0; ) {
      if (Date.now() > until) return `still running: ${ours().join(' ')}`
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    if ((await moltbot('health')).code === 0) return 'it still answers'
  })
  await step('the clone is as it was', async () => {
    const changed = spawnSync('git', ['-C', clone, 'status', '--porcelain'], { encoding: 'utf8' }).stdout
    return changed === '' ? undefined : changed
  })
} catch (error) {
  failed += 1
  console.log(`✗ ${error instanceof Error ? error.message : String(error)}`)
} finally {
  await browser?.close()
  await telegram.close()
  for (const pid of ours()) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
}
if (failed === 0) rmSync(place, { recursive: true, force: true })
else console.log(`kept for a look: ${place}`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
