import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { buildPage, launch, openPage } from '../ui/testing/browser.ts'
import { createFakeGateway, type FakeMessage } from '../ui/testing/fake-gateway.ts'
import type { Figure } from './results.ts'
import { median, quantile } from './statistics.ts'

const session = 'agent:main:main'
const messages = 5_000
/** A sixtieth of a second, and what a timer may be off. */
const frameMs = 17

const paragraph = 'The quick words of a long answer come **one after the other**, with `code`, a [link](https://example.com) and a list now and then.\n\n- first\n- second\n\n'
const part = `# A long answer\n\n${paragraph.repeat(12)}| a | b |\n| --- | --- |\n| 1 | 2 |\n\n\`\`\`ts\nconst a = 1\n\`\`\`\n\n${paragraph.repeat(12)}`
/** Long enough for a hundred pictures. */
const longAnswer = `${part}\n\n`.repeat(3)

function history(count: number): FakeMessage[] {
  return Array.from({ length: count }, (_, at) => ({
    role: at % 2 === 0 ? 'user' : 'assistant', timestamp: at + 1, __openclaw: { id: `e${at + 1}`, seq: at + 1 },
    content: [{ type: 'text', text: at % 2 === 0 ? `Question ${at + 1}` : `Answer ${at + 1}: ${paragraph}` }],
  }))
}

/** How long each picture took to come, ms. */
async function frames(page: Page, during: () => Promise<void>): Promise<number[]> {
  // What runs the bench gives every function its name by this, also those that go to the browser.
  await page.evaluate('globalThis.__name = (value) => value')
  await page.evaluate(() => {
    const counted = globalThis as unknown as { frameTimes: number[] | undefined }
    counted.frameTimes = []
    let before = performance.now()
    const next = (now: number): void => {
      if (counted.frameTimes === undefined) return
      counted.frameTimes.push(now - before)
      before = now
      requestAnimationFrame(next)
    }
    requestAnimationFrame(next)
  })
  await during()
  const times = await page.evaluate(() => {
    const counted = globalThis as unknown as { frameTimes: number[] | undefined }
    const all = counted.frameTimes ?? []
    counted.frameTimes = undefined
    return all
  })
  // The first one began before anything was asked for.
  return times.slice(1)
}

/** The page as it ships, in Debian's Chromium without a graphics card: how heavy, how soon, and how smooth. */
export async function measurePage(runs: number): Promise<Figure[]> {
  const built = await buildPage()
  const browser = await launch()
  const fake = await createFakeGateway(built.dir)
  try {
    const html = readFileSync(join(built.dir, 'index.html'), 'utf8')
    const first = ['index.html', ...readdirSync(join(built.dir, 'assets')).map((file) => `assets/${file}`).filter((file) => html.includes(file))]
    const weight = first.reduce((sum, file) => sum + gzipSync(readFileSync(join(built.dir, file))).length, 0) / 1_000

    const ready: number[] = []
    for (let run = -1; run < runs; run += 1) {
      const { page } = await openPage(browser, fake.url)
      // The field is there and what is written in it can be sent: the connection stands and the list of models came.
      await page.locator('.head .pill').last().waitFor()
      if (run >= 0) ready.push(await page.evaluate(() => performance.now()))
      await page.context().close()
    }

    fake.sessions.set(session, { key: session, row: { key: session }, messages: history(messages) })
    // Word by word, faster than anybody reads; each wait begins when it is its turn.
    const pause = { kind: 'wait' as const, get until(): Promise<void> { return new Promise((resolve) => setTimeout(resolve, 25)) } }
    fake.answer = () => (longAnswer.match(/[\s\S]{1,120}/g) ?? []).flatMap((text) => [{ kind: 'text' as const, text }, pause])
    const { page } = await openPage(browser, fake.url)
    await page.locator('.head .pill').last().waitFor()
    const say = async (words: string): Promise<void> => {
      await page.getByRole('textbox', { name: 'Message', exact: true }).fill(words)
      await page.keyboard.press('Enter')
      await page.locator('.round.stop').waitFor({ state: 'attached' })
      await page.locator('.round.stop').waitFor({ state: 'detached', timeout: 60_000 })
    }
    const streaming = await frames(page, () => say('Tell me everything'))

    const openedAt = performance.now()
    for (let there = 200; there < messages && (await page.locator('.earlier').count()) > 0; there += 200) {
      const before = await page.locator('.conversation').evaluate((box) => box.scrollHeight)
      await page.locator('.earlier').evaluate((button) => (button as HTMLElement).click())
      await page.waitForFunction((height) => (document.querySelector('.conversation')?.scrollHeight ?? 0) > height, before)
    }
    const opened = performance.now() - openedAt
    const there = Number(await page.locator('.line > article').last().getAttribute('aria-setsize'))
    if (there < messages) throw new Error(`the page has ${there} of ${messages} messages`)
    const drawn = async (): Promise<number> => page.locator('.line').count()
    let drawnMost = await drawn()
    const scrolling = await frames(page, () => page.locator('.conversation').evaluate(async (box) => {
      const counted = globalThis as unknown as { mostLines: number }
      counted.mostLines = 0
      for (let step = 0; step < 120; step += 1) {
        box.scrollTop = (box.scrollHeight * step) / 120
        await new Promise((resolve) => requestAnimationFrame(resolve))
        counted.mostLines = Math.max(counted.mostLines, box.querySelectorAll('.line').length)
      }
    }))
    drawnMost = Math.max(drawnMost, await page.evaluate(() => (globalThis as unknown as { mostLines: number }).mostLines))
    await page.locator('.conversation').evaluate((box) => { box.scrollTop = box.scrollHeight })
    const both = await frames(page, () => say('And once more'))
    drawnMost = Math.max(drawnMost, await drawn())
    const how = (times: readonly number[]): string => `p95 of ${times.length} pictures; median ${median(times).toFixed(1)} ms`
    return [
      { what: 'Page: first load, compressed', unit: 'KB', value: weight, budget: 150, how: `${first.length} files, gzip` },
      { what: 'Page: ready to write', unit: 'ms', value: median(ready), budget: 1_000, how: `from the address to a list of models, median of ${ready.length}, nothing cached` },
      { what: 'Page: frame time while a long answer streams', unit: 'ms', value: quantile(streaming, 0.95), budget: frameMs, how: how(streaming) },
      { what: `Page: paging back to ${messages} messages`, unit: 'ms', value: opened, how: `${Math.ceil(messages / 200)} pages` },
      { what: `Page: of ${messages} messages, in the document at once`, unit: 'messages', value: drawnMost, budget: 150, how: 'the most, after paging back, scrolling and streaming' },
      { what: `Page: frame time scrolling through ${messages} messages`, unit: 'ms', value: quantile(scrolling, 0.95), budget: frameMs, how: how(scrolling) },
      { what: `Page: frame time while an answer streams below ${messages} messages`, unit: 'ms', value: quantile(both, 0.95), budget: frameMs, how: how(both) },
    ]
  } finally {
    await browser.close()
    await fake.close()
  }
}
