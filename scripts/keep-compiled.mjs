/** `node scripts/keep-compiled.mjs <dist>`: starts the gateway of a bundle on the HOME it is given, and writes what V8 compiled of it to `gateway.cache`. */
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const dist = process.argv[2]
const { script, runGateway } = await import(pathToFileURL(join(dist, 'gateway.mjs')).href)
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = server.address()
    server.close(() => resolve(free))
  })
})
runGateway({ port, verbose: false }).catch((error) => {
  console.error(error)
  process.exit(1)
})
while (!existsSync(join(homedir(), '.moltbot', 'running.json'))) await new Promise((resolve) => setTimeout(resolve, 50))
const file = join(dist, 'gateway.cache')
writeFileSync(`${file}.new`, script.createCachedData())
renameSync(`${file}.new`, file)
process.exit(0)
