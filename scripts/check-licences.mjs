#!/usr/bin/env node
/** Fails when a package in the lockfile comes under a licence we have not agreed to, or under none. Reads the lockfile only. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Licences that ask for no more than attribution (and, for MPL-2.0, for publishing changes to the package's own files). */
const agreed = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'Apache-2.0', 'MPL-2.0', 'BlueOak-1.0.0', 'CC0-1.0', 'Unlicense', 'Python-2.0'])

/**
 * Named exceptions, each with its reason. None of them is ever part of what we ship: the bundles leave them out, and they are loaded from
 * `node_modules` only by whoever switches WhatsApp on. See docs/decisions/2026-11-22-whatsapps-library-stands-beside-the-bundle.md.
 */
const exceptions = [
  { place: /^node_modules\/libsignal$/, licence: 'GPL-3.0', why: 'the end-to-end encryption of WhatsApp’s library' },
  { place: /^node_modules\/@img\/sharp-/, licence: 'LGPL-3.0-or-later', why: 'libvips, which comes with the optional picture library of WhatsApp’s library and is not loaded' },
]
const isExcepted = (place, license) => exceptions.some((each) => each.place.test(place) && license.replace(/[()]/g, '').split(/ AND /).every((part) => agreed.has(part.trim()) || part.trim() === each.licence))

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
const foreign = Object.entries(packages).filter(([place, entry]) => place.includes('node_modules/') && entry.link !== true)
const wrong = foreign.filter(([place, { license }]) => !isExcepted(place, String(license ?? '')) && !String(license ?? '').replace(/[()]/g, '').split(/ OR /).some((each) => each.split(/ AND /).every((part) => agreed.has(part.trim()))))
if (wrong.length > 0) {
  console.error(`Packages under a licence that is not agreed:\n${wrong.map(([place, { license }]) => `  ${place}: ${license ?? 'none named'}`).join('\n')}`)
  process.exitCode = 1
} else console.log(`${foreign.length} packages, all under agreed licences or named exceptions (${foreign.filter(([place, { license }]) => isExcepted(place, String(license ?? ''))).length}).`)
