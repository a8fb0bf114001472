/**
 * The work of rotate-gateway-token.sh: the token never stands in an argument list, a log or a terminal's history, and where its owner keeps
 * it in the vault it goes there and nowhere else.
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import json5 from 'json5'

const { MOLTBOT_STATE_DIR, CLAWDBOT_STATE_DIR, HOME } = process.env
const state = MOLTBOT_STATE_DIR || CLAWDBOT_STATE_DIR || join(HOME || homedir(), '.moltbot')
mkdirSync(state, { recursive: true, mode: 0o700 })
const { offlineConfig, offlineVault } = await import('../dist/gateway.mjs')
let token = randomBytes(32).toString('hex')
const tokenLine = /^(\s*(?:export\s+)?(?:MOLTBOT|CLAWDBOT|OPENCLAW)_GATEWAY_TOKEN\s*=)(.*)$/gm
const secretsFile = join(state, 'secrets.env')
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
  const sealed = sealedName(before === undefined ? undefined : json5.parse(before)?.gateway?.auth?.token)
  const names = [...new Set([sealed, ...sealedInSecrets()].filter((name) => name !== undefined))]
  if (names.length > 0) await putIntoVault(names, sealed)
  if (sealed === undefined) {
    await config.set('gateway.auth.token', token)
    console.log(`Written to ${config.file}.`)
  }
  takeOutOfSecrets(secretsFile)
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

/** The name under which the vault holds what a text refers to; undefined: it refers to nothing there. */
function sealedName(text) {
  return typeof text === 'string' ? /^\s*["']?\$\{secret:([^{}]{1,190})\}["']?\s*$/.exec(text)?.[1] : undefined
}

/** The names of the vault that the lines of the token in secrets.env refer to. */
function sealedInSecrets() {
  return existsSync(secretsFile) ? [...readFileSync(secretsFile, 'utf8').matchAll(tokenLine)].map(([, , value]) => sealedName(value)) : []
}

/** Seals the token under these names; through the gateway where one runs, which then makes the token itself where the configuration refers to one of them. */
async function putIntoVault(names, configured) {
  let vault
  try {
    vault = await offlineVault(state, {})
  } catch (error) {
    if (error.code !== 'store-locked') throw error
  }
  try {
    if (vault === undefined && configured !== undefined) token = JSON.parse(moltbot(['gateway', 'token', 'rotate', '--json'])).token
    for (const name of names) {
      if (vault !== undefined) await vault.set(name, token)
      else if (name !== configured) moltbot(['vault', 'set', name], token)
    }
  } finally {
    await vault?.close()
  }
  console.log(`Sealed in the vault as ${names.join(', ')}.`)
}

/** What the command line of this installation says. Throws with its words. */
function moltbot(words, input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(new URL('../bin/moltbot', import.meta.url)), ...words], { input, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } })
  if (status !== 0) throw new Error(stderr.trim() || `moltbot ${words.join(' ')} failed`)
  return stdout
}

/** A token kept in secrets.env as well is replaced there, line by line, everything else untouched. What refers to the vault stays a reference. */
function takeOutOfSecrets(file) {
  if (!existsSync(file)) return
  const before = readFileSync(file, 'utf8')
  const after = before.replace(tokenLine, (whole, name, value) => (sealedName(value) === undefined ? `${name}"${token}"` : whole))
  if (after === before) return
  writeFileSync(`${file}.new`, after, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  console.log(`${file} was brought up to date.`)
}
