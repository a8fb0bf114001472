/** The work of rotate-gateway-token.sh: the token never stands in an argument list, a log or a terminal's history. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const { MOLTBOT_STATE_DIR, CLAWDBOT_STATE_DIR, HOME } = process.env
const state = MOLTBOT_STATE_DIR || CLAWDBOT_STATE_DIR || join(HOME || homedir(), '.moltbot')
mkdirSync(state, { recursive: true, mode: 0o700 })
const { offlineConfig } = await import('../dist/gateway.mjs')
const token = randomBytes(32).toString('hex')
try {
  const config = await offlineConfig(state)
  const before = existsSync(config.file) ? readFileSync(config.file, 'utf8') : undefined
  if (before !== undefined) {
    const backup = `${config.file}.before-rotation`
    writeFileSync(`${backup}.new`, before, { mode: 0o600 })
    renameSync(`${backup}.new`, backup)
    console.log(`The configuration as it was: ${backup}`)
  }
  await config.set('gateway.auth.mode', 'token')
  await config.set('gateway.auth.token', token)
  takeOutOfSecrets(join(state, 'secrets.env'))
  console.log(`Written to ${config.file}.`)
  if (await taken()) console.log('The running gateway has taken it; sessions of the old token have ended.')
  console.log('\nThe new token, shown once:\n')
  console.log(`  ${token}\n`)
  console.log('Clients that keep the token themselves need it now.')
} catch (error) {
  console.error(`✗ The token was not changed: ${error.message}${error.next ? ` ${error.next}` : ''}`)
  process.exitCode = 1
}

/** Whether a running gateway answers to the new token; waits for the moment it needs to notice. Never says so where it could not be seen. */
async function taken() {
  const running = join(state, 'running.json')
  if (!existsSync(running)) return false
  for (let tries = 0; tries < 6; tries++) {
    try {
      await new Promise((resolve) => setTimeout(resolve, 400))
      const { port } = JSON.parse(readFileSync(running, 'utf8'))
      const { status } = await fetch(`http://127.0.0.1:${port}/v1/models`, { headers: { authorization: `Bearer ${token}` }, redirect: 'manual', signal: AbortSignal.timeout(2_000) })
      if (status !== 401) return status === 200
    } catch {
      // Nobody runs there, or it speaks TLS: it notices by itself, we only cannot see it.
      return false
    }
  }
  return false
}

/** A token kept in secrets.env as well is replaced there, line by line, everything else untouched. */
function takeOutOfSecrets(file) {
  if (!existsSync(file)) return
  const before = readFileSync(file, 'utf8')
  const after = before.replace(/^(\s*(?:export\s+)?(?:MOLTBOT|CLAWDBOT|OPENCLAW)_GATEWAY_TOKEN\s*=).*$/gm, `$1"${token}"`)
  if (after === before) return
  writeFileSync(`${file}.new`, after, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  console.log(`${file} was brought up to date.`)
}
