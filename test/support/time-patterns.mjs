/**
 * Times patterns against texts that grow, in a process that may be ended: reads `[{ name, source, flags, attacks }]` as JSON and prints the
 * name of each pattern before it is tried and `slow <ms> <text>` for the first text that took longer than it may.
 */
import { readFileSync, writeSync } from 'node:fs'

const slowMs = Number(process.argv[2])
/** What explodes is seen in the first. What is quick in the second, a tenth of the third, is no square of its length: that takes a hundredth there, and three times less than that is let go. */
const lengths = [40, 3_000, 30_000]
for (const { name, source, flags, attacks } of JSON.parse(readFileSync(0, 'utf8'))) {
  writeSync(1, `try ${name}\n`)
  attacks: for (const { start, pump, end } of attacks) {
    for (const length of lengths) {
      const text = start + pump.repeat(Math.ceil(length / pump.length)) + end
      let took = Infinity
      // A machine that does something else makes one run slow, not each of three.
      for (let tries = 0; tries < 3 && took > slowMs; tries += 1) {
        const pattern = new RegExp(source, flags.replace('y', ''))
        const began = process.cpuUsage()
        if (pattern.global) text.replaceAll(pattern, '')
        else pattern.test(text)
        const { user, system } = process.cpuUsage(began)
        took = Math.min(took, (user + system) / 1000)
      }
      if (took > slowMs) {
        writeSync(1, `slow ${Math.round(took)} ms at ${length} characters: ${JSON.stringify([start.slice(0, 40), pump, end])}\n`)
        break attacks
      }
      if (length === lengths[1] && took < slowMs / 300) break
    }
  }
}
writeSync(1, 'done\n')
