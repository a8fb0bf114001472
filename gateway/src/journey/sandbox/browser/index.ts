/**
 * Browsers for agents: real Chromium in the sandbox of commands, spoken to over two pipes, with no way out but the egress proxy and no file of
 * this machine but its own profile. Carries out what was judged, on the page it was judged for; it rules on nothing itself, listens on no port,
 * and never hands a page anything that was not asked for.
 */
export { createBrowsers } from './create-browsers.ts'
export type { BrowserRoom } from './create-browsers.ts'
export { browserSection } from './config.ts'
export type { BrowserConfig } from './config.ts'
