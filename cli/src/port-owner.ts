import { readFile } from 'node:fs/promises'

/** Loopback and "every address", as the kernel writes them: bytes of each word turned around. */
const reachedByLoopback = /^(?:0100007F|00000000|0{24}01000000|0{32}|0000000000000000FFFF00000100007F|0000000000000000FFFF000000000000)$/

/** The users who listen at a port of this computer's loopback, as numbers. Empty where nobody does or this system does not say (Linux does). */
export async function ownersOfPort(port: number): Promise<number[]> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')))
  const owners = tables.join('\n').split('\n').flatMap((line) => {
    const [, local = '', , state, , , , user] = line.trim().split(/\s+/)
    const [address = '', at] = local.split(':')
    return state === '0A' && at === hex && reachedByLoopback.test(address) && user !== undefined ? [Number(user)] : []
  })
  return [...new Set(owners)]
}
