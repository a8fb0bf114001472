#!/usr/bin/env node
/**
 * A signed release: `node scripts/release.mjs key <file>` makes a signing key, `make --key <file> [--from <folder>] [--out <folder>]` packs a built clone and
 * signs what it packed, `verify <folder> --key <public key>` holds a download to it. What is signed is a plain `SHA256SUMS`, by Ed25519 over its bytes, so that
 * openssl and sha256sum say the same without a line of ours. Nothing here is part of the product.
 */
import { spawnSync } from 'node:child_process'
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const sums = 'SHA256SUMS'
const signature = `${sums}.sig`

/** Ends with a sentence for a person. */
class Refusal extends Error {}
const digestOf = (bytes) => createHash('sha256').update(bytes).digest('hex')
const fingerprintOf = (key) => digestOf(key.export({ type: 'spki', format: 'der' }))

function makeKey(file) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  // `wx`: a key that stands there is never lost.
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' })
  writeFileSync(`${file}.pub`, publicKey.export({ type: 'spki', format: 'pem' }), { mode: 0o644, flag: 'wx' })
  return `The key is in ${file}; it is yours alone. Publish ${file}.pub in a second place, with its fingerprint:\n  ${fingerprintOf(publicKey)}`
}

/** An Ed25519 key from a file; a sealed one is opened with the first line of standard input. */
function signingKey(file) {
  const text = readFileSync(file, 'utf8')
  const passphrase = text.includes('ENCRYPTED') ? readFileSync(0, 'utf8').split('\n')[0] : undefined
  const key = createPrivateKey({ key: text, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) })
  if (key.asymmetricKeyType !== 'ed25519') throw new Refusal(`${file} is no Ed25519 key.`)
  return key
}

function run(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 64 << 20 })
  return status === 0 ? { out: stdout.trim() } : { fault: stderr.trim() || `${command} ended with ${status}` }
}

/** The commit a clone stands at; null for what is no clone. Refuses a clone with changes: nobody could make the same of its commit. */
function commitOf(folder) {
  if (!existsSync(join(folder, '.git'))) return null
  const { out: changes, fault } = run('git', ['status', '--porcelain'], folder)
  if (fault !== undefined) throw new Refusal(`git cannot tell what is in ${folder}: ${fault}`)
  if (changes !== '') throw new Refusal(`${folder} holds what is in no commit:\n${changes.split('\n').slice(0, 10).join('\n')}\nMake releases from a fresh clone.`)
  return run('git', ['rev-parse', 'HEAD'], folder).out ?? null
}

function make({ key: keyFile, from, out }) {
  const { name, version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'))
  if (!existsSync(join(from, 'dist'))) throw new Refusal(`${from} is not built. Run there: npm ci && npm run build`)
  const key = signingKey(keyFile)
  const commit = commitOf(from)
  mkdirSync(out, { recursive: true })
  const there = readdirSync(out)
  if (there.length > 0) throw new Refusal(`${out} is not empty.`)
  const { out: packed, fault } = run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', out], from)
  if (fault !== undefined) throw new Refusal(`npm pack: ${fault}`)
  const [{ filename, files }] = JSON.parse(packed)
  const lockfile = join(from, 'package-lock.json')
  const facts = { name, version, commit, lockfile: existsSync(lockfile) ? digestOf(readFileSync(lockfile)) : null, node: process.versions.node, files: files.length }
  writeFileSync(join(out, 'release.json'), `${JSON.stringify(facts, null, 2)}\n`)
  const listing = [filename, 'release.json'].map((file) => `${digestOf(readFileSync(join(out, file)))}  ${file}\n`).join('')
  writeFileSync(join(out, sums), listing)
  writeFileSync(join(out, signature), sign(null, Buffer.from(listing), key))
  return `${filename}, signed by ${fingerprintOf(createPublicKey(key))}, is in ${out}.`
}

/** Every file of a release is listed once and is what was signed, and no other package lies beside them. */
function check(folder, keyFile) {
  const key = createPublicKey(readFileSync(keyFile, 'utf8'))
  if (key.asymmetricKeyType !== 'ed25519') throw new Refusal(`${keyFile} is no Ed25519 key.`)
  const listing = readFileSync(join(folder, sums))
  if (!verify(null, listing, key, readFileSync(join(folder, signature)))) throw new Refusal(`${sums} was not signed by ${fingerprintOf(key)}. Install nothing of it.`)
  const listed = new Map(listing.toString('utf8').split('\n').filter((line) => line !== '').map((line) => {
    const [, digest, file] = /^([0-9a-f]{64}) {2}([\w.@-]+)$/.exec(line) ?? []
    if (file === undefined || file.startsWith('.')) throw new Refusal(`${sums} holds a line that is none: ${line.slice(0, 100)}`)
    return [file, digest]
  }))
  for (const [file, digest] of listed) {
    const path = join(folder, file)
    if (!existsSync(path) || !lstatSync(path).isFile()) throw new Refusal(`${file} is missing.`)
    if (digestOf(readFileSync(path)) !== digest) throw new Refusal(`${file} is not what was signed. Install nothing of it.`)
  }
  const beside = readdirSync(folder).filter((file) => file.endsWith('.tgz') && !listed.has(file))
  if (beside.length > 0) throw new Refusal(`${beside.join(', ')} was not signed.`)
  if (!listed.has('release.json') || ![...listed.keys()].some((file) => file.endsWith('.tgz'))) throw new Refusal('No package was signed, or not what it was made of.')
  const { version, commit } = JSON.parse(readFileSync(join(folder, 'release.json'), 'utf8'))
  return `✓ ${[...listed.keys()].join(', ')}: what ${fingerprintOf(key)} signed. Version ${version}${commit === null ? '' : `, of commit ${commit}`}.`
}

try {
  const { positionals: [action, place], values } = parseArgs({ allowPositionals: true, options: { key: { type: 'string' }, from: { type: 'string', default: root }, out: { type: 'string', default: 'release' } } })
  const said = action === 'key' && place !== undefined ? makeKey(place)
    : action === 'make' && values.key !== undefined ? make({ key: values.key, from: resolve(values.from), out: resolve(values.out) })
      : action === 'verify' && place !== undefined && values.key !== undefined ? check(place, values.key)
        : undefined
  if (said === undefined) throw new Refusal('node scripts/release.mjs key <file> | make --key <file> [--from <folder>] [--out <folder>] | verify <folder> --key <public key>')
  process.stdout.write(`${said}\n`)
} catch (error) {
  process.stderr.write(`✗ ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
