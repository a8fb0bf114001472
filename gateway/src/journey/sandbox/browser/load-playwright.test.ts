import { expect, it } from 'vitest'
import { loadPlaywright } from './load-playwright.ts'

it.each(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])('what was never installed is said with the command that installs it (%s)', async (code) => {
  const gone = Object.assign(new Error("Cannot find package 'playwright-core' imported from /somewhere/secret"), { code })
  const problem = await loadPlaywright(() => Promise.reject(gone)).catch((error: unknown) => error)
  expect(problem).toMatchObject({ code: 'browser-unavailable', message: expect.not.stringContaining('/somewhere') as string, next: expect.stringContaining('npm install -g playwright-core@1') as string })
})

it('what is broken otherwise is told as it is', async () => {
  await expect(loadPlaywright(() => Promise.reject(new TypeError('odd')))).rejects.toThrow(TypeError)
})
