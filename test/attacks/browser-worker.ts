import { browserSubject, browserWorld } from './browser-room.ts'

/** A gateway's room of browsers in a process of its own, with one page open, until somebody kills it. */
const { world, room } = await browserWorld()
await world.serve('site.example', (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Open</h1>'))
await room.grant(browserSubject, async () => undefined).open('http://site.example/', { newTab: false }, new AbortController().signal)
process.stdout.write('open\n')
