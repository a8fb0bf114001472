import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildPage, launch, noBrowser, openPage, type BuiltPage } from '../testing/browser.ts'
import { createFakeGateway, type FakeGateway, type FakeMessage } from '../testing/fake-gateway.ts'
import { furnish } from '../testing/furnished.ts'

const hebrew = 'שלום, מה קורה עם הגיבוי backup-2026.age של אתמול?'
const arabic = `الحمد لله، كل شيء على ما يرام. النسخة \`backup-2026.age\` محفوظة منذ **8:32**.

- الملف الأول notes.md
- الملف الثاني

> قالت آنا: شكرا

| اليوم | الحال |
| --- | --- |
| السبت | مطر |

And one sentence from left to right.

\`\`\`bash
ls -1t backup-*.age | tail -n +8
\`\`\``

const main = 'agent:main:main'
/** A long talk in both directions, with a tool in the middle of it. */
function talk(): FakeMessage[] {
  const lines: FakeMessage[] = []
  const add = (message: Omit<FakeMessage, 'timestamp'>): void => void lines.push({ ...message, role: String(message['role']), timestamp: Date.now() - 1e7 + lines.length * 1_000, __openclaw: { id: `m${lines.length}`, seq: lines.length + 1 } })
  for (let index = 0; index < 60; index += 1) {
    add({ role: 'user', content: `${index}. ${hebrew}` })
    add({ role: 'assistant', content: [{ type: 'text', text: `${arabic}\n\n${index} נכון` }], provider: 'acme', model: 'large' })
  }
  add({ role: 'user', content: 'and now in English: how are you, שלום?' })
  add({ role: 'assistant', content: [{ type: 'toolCall', id: 'c1', name: 'write', arguments: { path: 'ملاحظات/notes.md', text: 'مرحبا' } }], provider: 'acme', model: 'large' })
  add({ role: 'toolResult', toolCallId: 'c1', toolName: 'write', content: [{ type: 'text', text: 'كتب الملف' }] })
  add({ role: 'assistant', content: [{ type: 'text', text: arabic }], provider: 'acme', model: 'large' })
  return lines
}

const name = noBrowser ? 'from right to left (left out: no Chromium on this machine)' : 'from right to left'
/** In a real browser. Left out by name where there is no Chromium. */
describe.skipIf(noBrowser)(name, () => {
  let browser: Browser
  let built: BuiltPage
  let fake: FakeGateway
  let page: Page
  let faults: () => Promise<string[]>

  beforeAll(async () => {
    built = await buildPage()
    browser = await launch()
    fake = await createFakeGateway(built.dir)
    furnish(fake)
    fake.sessions.set(main, { key: main, messages: talk(), row: { key: main, kind: 'direct', updatedAt: Date.now(), label: 'محادثة about backups' } })
    ;({ page, faults } = await openPage(browser, `${fake.url}#${main}`))
    await turnRound()
  })
  async function turnRound(): Promise<void> {
    await page.evaluate(() => { document.documentElement.dir = 'rtl' })
    await page.getByText('and now in English').first().waitFor()
  }
  // A test that is begun a second time finds the page as one that was just opened.
  beforeEach(async ({ task }) => {
    if ((task.result?.retryCount ?? 0) === 0) return
    await page.goto('about:blank')
    await page.goto(`${fake.url}#${main}`)
    await turnRound()
  })
  afterAll(async () => {
    // What was opened is closed whatever was found.
    const found = await faults?.().catch((error: unknown) => [String(error)])
    await browser?.close()
    await fake?.close()
    expect(found ?? []).toEqual([])
  })

  const box = async (place: Locator): Promise<{ x: number; y: number; right: number }> => {
    const found = await place.boundingBox()
    if (found === null) throw new Error('nothing is there')
    return { x: found.x, y: found.y, right: found.x + found.width }
  }
  /** Where the first and the last letter of some words stand, px from the left. */
  const ends = (place: Locator, words: string): Promise<[number, number]> => place.evaluate((element, wanted) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const at = node.textContent?.indexOf(wanted) ?? -1
      if (at < 0) continue
      const left = (from: number): number => {
        const range = document.createRange()
        range.setStart(node, from)
        range.setEnd(node, from + 1)
        return range.getBoundingClientRect().left
      }
      return [left(at), left(at + wanted.length - 1)]
    }
    throw new Error(`nobody says ${wanted}`)
  }, words)
  const roomy = (where: string): Promise<void> => expect.poll(() => page.evaluate(() => {
    const wide = [...document.querySelectorAll('main *')].filter((one) => {
      const { left, right, width } = one.getBoundingClientRect()
      const scrolls = one.closest('pre, .table-scroll, .table-place, .log, .offscreen, .clip, select, .setting-keys, .settings-nav') !== null
      return width > 0 && !scrolls && (left < -1 || right > innerWidth + 1)
    })
    return [document.documentElement.scrollWidth - innerWidth, ...wide.slice(0, 3).map((one) => `${one.tagName}.${one.className}`)]
  }), { message: where, timeout: 60_000 }).toEqual([0])

  it('the frame turns round: the chats stand on the right, own words on the left, code stays as it is', async () => {
    expect((await box(page.locator('.sidebar'))).right).toBe(1440)
    const own = await box(page.locator('.own .bubble').last())
    const answer = await box(page.locator('.answer').last())
    expect(own.x).toBe(answer.x)
    expect(own.right).toBeLessThan(answer.right)
    const code = page.locator('.answer pre').last()
    expect(await code.evaluate((one) => getComputedStyle(one).direction)).toBe('ltr')
    const [first, last] = await ends(code, 'ls -1t')
    expect(first).toBeLessThan(last)
  })

  it('every paragraph goes in the direction of its own letters, and what is mixed in stands whole', async () => {
    const own = page.locator('.own-words').last()
    const [h, w] = await ends(own, 'how')
    expect(h).toBeLessThan(w)
    expect(h).toBeLessThan((await ends(own, 'שלום'))[0])
    const answer = page.locator('.answer').last()
    const [alef, end] = await ends(answer, 'الحمد')
    expect(alef).toBeGreaterThan(end)
    expect((await ends(answer, 'الحمد'))[0]).toBeGreaterThan((await ends(answer, 'backup-2026.age'))[0])
    // A name in code reads from left to right in the middle of that.
    const [b, e] = await ends(answer, 'backup-2026.age')
    expect(b).toBeLessThan(e)
    // The sentence in English begins at the left edge, the list has its marks on the right.
    const english = answer.getByText('And one sentence from left to right.')
    expect((await ends(english, 'And'))[0] - (await box(english)).x).toBeLessThan(2)
    expect(await answer.locator('ul').evaluate((list) => [getComputedStyle(list).direction, getComputedStyle(list).paddingRight])).toEqual(['rtl', expect.stringMatching(/^[1-9]/)])
    expect(await answer.locator('blockquote').evaluate((one) => getComputedStyle(one).borderRightWidth)).toBe('3px')
    const [sat, rain] = [await box(answer.getByRole('cell', { name: 'السبت' })), await box(answer.getByRole('cell', { name: 'مطر' }))]
    expect(sat.x).toBeGreaterThan(rain.x)
  })

  it('a tool card opens and stays within its place', async () => {
    const card = page.locator('.fold').last()
    await card.locator('summary').click()
    const [state, title] = [await box(card.locator('.fold-state')), await box(card.locator('.fold-title b'))]
    expect(state.right).toBeLessThan(title.x)
    await page.getByText('كتب الملف').waitFor()
    await roomy('an open tool card')
  })

  it('what somebody writes goes in its own direction too', async () => {
    const composer = page.getByRole('textbox', { name: 'Message', exact: true })
    expect(await composer.evaluate((one) => [getComputedStyle(one).unicodeBidi, getComputedStyle(one).textAlign])).toEqual(['plaintext', 'start'])
  })

  it('a long conversation is read in order up to its beginning, and nothing hangs out at the side', async () => {
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 844 })
      const view = page.locator('.conversation')
      await view.evaluate((place) => { place.scrollTop = place.scrollHeight })
      await roomy(`the end, ${width} px`)
      // What stands above is as high as it turns out to be: the way up takes as many steps as that needs.
      await expect.poll(async () => {
        await view.evaluate((place) => { place.scrollTop = 0 })
        return page.getByText(`0. ${hebrew}`, { exact: true }).count()
      }, { timeout: 60_000 }).toBe(1)
      const tops = await page.locator('.own').evaluateAll((all) => all.map((one) => [one.getBoundingClientRect().top, parseInt(one.querySelector('.own-words')?.textContent ?? '', 10)] as const).filter(([, number]) => !Number.isNaN(number)))
      expect(tops.length).toBeGreaterThan(1)
      expect(tops.map(([, number]) => number)).toEqual(tops.map((_, index) => index))
      expect(tops.map(([top]) => top)).toEqual(tops.map(([top]) => top).toSorted((a, b) => a - b))
      await roomy(`the beginning, ${width} px`)
    }
  })

  it('the chats come from the right on a phone, and every room keeps to its width', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await page.locator('.head .narrow-only').first().click()
    await expect.poll(async () => (await box(page.locator('.sidebar'))).right).toBe(390)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('.sidebar').evaluate((one) => getComputedStyle(one).visibility)).toBe('hidden')
    for (const room of ['home', 'approvals', 'people', 'channels', 'agents', 'usage', 'security', 'settings', 'logs']) {
      await page.evaluate((hash) => { location.hash = hash }, `#/${room}`)
      await page.locator('.panel').first().waitFor()
      for (const width of [1440, 390]) {
        await page.setViewportSize({ width, height: 844 })
        await roomy(`${room}, ${width} px`)
      }
    }
  })

  it('twin: a line that hangs out at the left is seen', async () => {
    await page.evaluate(() => {
      const wide = document.createElement('p')
      wide.className = 'twin'
      wide.textContent = 'x'.repeat(400)
      document.querySelector('main')?.append(wide)
    })
    await expect(roomy('twin')).rejects.toThrow('twin')
    await page.evaluate(() => document.querySelector('.twin')?.remove())
  })
})
