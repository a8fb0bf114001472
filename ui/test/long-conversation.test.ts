import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expectNoObstacles } from '../testing/axe.ts'
import { buildPage, launch, noBrowser, openPage, type OpenPage, type BuiltPage } from '../testing/browser.ts'
import { createFakeGateway, type FakeGateway, type FakeMessage, type Step } from '../testing/fake-gateway.ts'

const session = 'agent:main:main'
const garden = 'agent:main:dashboard:1'
const count = 5_000
/** As many lines as may be in the document, wherever somebody is. */
const linesMax = 150
/** What nobody sees, px. */
const stillPx = 2

/** Lines of very different heights, so that no guess is right. */
function message(at: number): FakeMessage {
  const isOwn = at % 2 === 0
  const words = isOwn ? `Question ${at + 1}.` : `Answer ${at + 1}.\n\n${'Words that fill a line or two. '.repeat((at * 7) % 23)}\n\n${'- a point\n'.repeat((at * 3) % 5)}`
  const thought = at % 10 === 9 ? [{ type: 'thinking', thinking: `Thought ${at + 1}. ${'And on. '.repeat(40)}` }] : []
  return { role: isOwn ? 'user' : 'assistant', content: [...thought, { type: 'text', text: words }], timestamp: at + 1, __openclaw: { id: `e${at + 1}`, seq: at + 1 } }
}

function latch(): { until: Promise<void>; open: () => void } {
  let open = (): void => undefined
  const until = new Promise<void>((resolve) => {
    open = resolve
  })
  return { until, open: () => open() }
}

// One page, on which the tests follow each other as its reader would do things.
describe.skipIf(noBrowser)(`a conversation of 5,000 messages${noBrowser ? ' (left out: no Chromium on this machine)' : ''}`, () => {
  let browser: Browser
  let built: BuiltPage
  let fake: FakeGateway
  let opened: OpenPage
  let page: Page
  let box: Locator

  /** Whether the pages before the last one were asked for already. */
  let isWhole = false

  async function open(): Promise<void> {
    fake = await createFakeGateway(built.dir)
    fake.sessions.set(session, { key: session, row: { key: session }, messages: Array.from({ length: count }, (_, at) => message(at)) })
    fake.sessions.set(garden, { key: garden, row: { key: garden, derivedTitle: 'Garden', updatedAt: 1 }, messages: Array.from({ length: 190 }, (_, at) => message(at)) })
    // For what stands above all lines.
    fake.defaultModel = { provider: 'builtin', model: 'assistant' }
    opened = await openPage(browser, fake.url)
    page = opened.page
    box = page.locator('.conversation')
    await page.getByText(`Answer ${count}.`).waitFor()
  }
  beforeAll(async () => {
    built = await buildPage()
    browser = await launch()
    await open()
  })
  // A test that is begun a second time goes on from where the others left the page, not from the middle of its first try.
  beforeEach(async ({ task }) => {
    if ((task.result?.retryCount ?? 0) === 0) return
    await page.context().close()
    await fake.close()
    await open()
    while (isWhole && await page.locator('.earlier').count() > 0) await earlier()
  })
  afterAll(async () => {
    const faults = await opened?.faults()
    await browser?.close()
    await fake?.close()
    expect(faults).toEqual([])
  })

  /** Waits until the page rests: for so long, ms, every picture has everything at the same place. On a busy machine pictures may be far apart. */
  const calmMs = 300
  const calm = (): Promise<void> => box.evaluate(async (place, needed) => {
    const look = (): string => `${place.scrollTop} ${place.scrollHeight} ${place.querySelectorAll('.line').length}`
    let seen = look()
    let since = performance.now()
    while (performance.now() - since < needed) {
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
      const now = look()
      if (now === seen) continue
      seen = now
      since = performance.now()
    }
  }, calmMs)
  const scrollTo = async (top: number): Promise<void> => {
    await box.evaluate((place, to) => { place.scrollTop = to }, top)
    await calm()
  }
  /**
   * From the next picture on, picture by picture: how far the first words that begin in view have gone from their place, px. `to`: scrolls there first.
   * Tells how high everything was at the start.
   */
  const watchReading = (to?: number): Promise<number> => box.evaluate(async (place, target) => {
    const { scrollHeight } = place
    if (target !== null) {
      place.scrollTop = target
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
    }
    const { top } = place.getBoundingClientRect()
    const words = [...place.querySelectorAll<HTMLElement>('.line p')].find((one) => one.getBoundingClientRect().top >= top)
    const watch = { on: true, furthest: 0, lost: 0, pictures: 0, home: words?.getBoundingClientRect().top ?? 0 }
    Object.assign(globalThis, { watch })
    const look = (): void => {
      if (!watch.on) return
      watch.pictures += 1
      if (words?.isConnected !== true) watch.lost += 1
      else watch.furthest = Math.max(watch.furthest, Math.abs(words.getBoundingClientRect().top - watch.home))
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
    return scrollHeight
  }, to ?? null)
  const expectStill = async (): Promise<void> => {
    const { furthest, lost, pictures } = await page.evaluate(() => {
      const { watch } = globalThis as unknown as { watch: { on: boolean; furthest: number; lost: number; pictures: number } }
      watch.on = false
      return watch
    })
    expect(pictures).toBeGreaterThan(1)
    expect([furthest <= stillPx, lost], `${furthest} px in ${pictures} pictures`).toEqual([true, 0])
  }
  const fromEnd = (): Promise<number> => box.evaluate((place) => place.scrollHeight - place.scrollTop - place.clientHeight)
  const lines = (): Promise<number> => page.locator('.column .line').count()
  const earlier = async (): Promise<void> => {
    const before = await box.evaluate((place) => place.scrollHeight)
    // Not by a pointer: on the way to the button the page would go on by itself.
    await page.locator('.earlier').evaluate((button) => (button as HTMLElement).click())
    await page.waitForFunction((height) => (document.querySelector('.conversation')?.scrollHeight ?? 0) > height, before)
  }

  it('begins at its end, with few lines in the document that say where they stand', async () => {
    await calm()
    expect(await fromEnd()).toBeLessThan(stillPx)
    expect(await lines()).toBeLessThan(100)
    const last = page.getByRole('article').last()
    expect(await last.getAttribute('aria-setsize')).toBe('-1')
    expect(await last.getAttribute('aria-posinset')).toBe('200')
    await expectNoObstacles(page, 'a long conversation')
  })

  it('what is read stays in its place, in every picture, while earlier pages come', async () => {
    await scrollTo(5_000)
    for (let turn = 0; turn < 4; turn += 1) {
      await watchReading()
      await earlier()
      await calm()
      await expectStill()
      expect(await lines()).toBeLessThanOrEqual(linesMax)
    }
    // By scrolling to the beginning, as people do, with lines of unknown height coming in.
    const before = await watchReading(300)
    await page.waitForFunction((height) => (document.querySelector('.conversation')?.scrollHeight ?? 0) > height + 3_000, before)
    await calm()
    await expectStill()
  })

  it('shows something wherever one scrolls, in order, and never many lines', async () => {
    while (await page.locator('.earlier').count() > 0) await earlier()
    isWhole = true
    const height = await box.evaluate((place) => place.scrollHeight)
    for (let step = 0; step <= 20; step += 1) {
      const found = await box.evaluate(async (place, to) => {
        place.scrollTop = to
        const { left, top, width, height: high } = place.getBoundingClientRect()
        let holes: number[] = []
        // A busy machine may take a few pictures more to draw what is there.
        for (let pictures = 0; pictures < 2 || (holes.length > 0 && pictures < 60); pictures += 1) {
          await new Promise((resolve) => requestAnimationFrame(resolve))
          holes = [0.1, 0.5, 0.9].filter((part) => [...document.elementsFromPoint(left + width / 2, top + high * part)].some((one) => one.classList.contains('space')))
        }
        const numbers = [...place.querySelectorAll('.line > article')].map((one) => Number(one.getAttribute('aria-posinset')))
        return { holes: holes.length, sorted: numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? 0)), lines: numbers.length }
      }, (height * step) / 20)
      expect({ ...found, lines: found.lines > 0 && found.lines <= linesMax }, `${found.lines} lines at step ${step}`).toEqual({ holes: 0, sorted: true, lines: true })
    }
    expect(await page.getByRole('article').last().getAttribute('aria-setsize')).toBe(String(count))
    // Here it followed the end, and what was drawn there is measured first.
    await calm()
    await scrollTo(0)
    expect(await page.getByRole('article').first().innerText()).toContain('Question 1.')
    expect(await page.getByRole('article').first().getAttribute('aria-posinset')).toBe('1')
    const help = page.getByText('Show me how')
    const before = await help.evaluate((one) => one.getBoundingClientRect().top)
    await help.click()
    await page.getByText(/secrets\.env/).waitFor()
    await calm()
    expect(Math.abs(await help.evaluate((one) => one.getBoundingClientRect().top) - before)).toBeLessThanOrEqual(stillPx)
  })

  it('scrolling up by the wheel goes as far as the wheel says, through lines nobody has seen', async () => {
    await scrollTo(250_000)
    await box.hover()
    for (let turn = 0; turn < 12; turn += 1) {
      // What is 400 px above the edge will be 100 px below it; its height may not be known yet, that of what is read is.
      const read = await box.evaluate((place) => {
        const top = place.getBoundingClientRect().top
        const line = [...place.querySelectorAll<HTMLElement>('.line')].find((one) => one.getBoundingClientRect().top >= top)
        return { key: line?.dataset['line'] ?? '', top: line?.getBoundingClientRect().top ?? 0 }
      })
      await page.mouse.wheel(0, -300)
      const line = page.locator(`[data-line="${read.key}"]`)
      await expect.poll(async () => Math.round(await line.evaluate((one) => one.getBoundingClientRect().top) - read.top)).toBeGreaterThanOrEqual(300 - stillPx)
      expect(Math.abs(await line.evaluate((one) => one.getBoundingClientRect().top) - read.top - 300)).toBeLessThanOrEqual(stillPx)
    }
  })

  it('keeps the focus, what was selected and what was opened, however far somebody goes meanwhile', async () => {
    await scrollTo(100_000)
    const chosen = await box.evaluate((place) => {
      const top = place.getBoundingClientRect().top
      const inView = [...place.querySelectorAll<HTMLElement>('.line')].filter((one) => one.getBoundingClientRect().top >= top)
      const button = inView[2]?.querySelector<HTMLElement>('button')
      button?.focus()
      const range = document.createRange()
      range.setStart(inView[0]?.querySelector('p') ?? place, 0)
      range.setEnd(inView[4]?.querySelector('p') ?? place, 1)
      getSelection()?.removeAllRanges()
      getSelection()?.addRange(range)
      return { focus: inView[2]?.dataset['line'], words: String(getSelection()) }
    })
    expect(chosen.words.length).toBeGreaterThan(20)
    await scrollTo(300_000)
    await scrollTo(10_000)
    const after = await page.evaluate(() => ({ focus: document.activeElement?.closest<HTMLElement>('.line')?.dataset['line'], words: String(getSelection()) }))
    expect(after).toEqual(chosen)
    await page.evaluate(() => getSelection()?.removeAllRanges())
    await page.keyboard.press('Tab')
    await calm()
    // The next stop is beside it, and it is in view.
    expect(await page.evaluate(() => {
      const top = document.activeElement?.getBoundingClientRect().top ?? -1
      return top > 0 && top < innerHeight && document.activeElement?.closest('.line') !== null
    })).toBe(true)
    const key = await page.locator('.fold:not([open])').first().evaluate((one) => one.closest<HTMLElement>('.line')?.dataset['line'])
    const thought = page.locator(`[data-line="${key}"] .fold > summary`).first()
    await thought.scrollIntoViewIfNeeded()
    await calm()
    await thought.click()
    const body = page.locator(`[data-line="${key}"] .fold-body`)
    await body.waitFor()
    await calm()
    const at = await box.evaluate((place) => place.scrollTop)
    await page.locator('.conversation').focus()
    await scrollTo(400_000)
    await body.waitFor({ state: 'detached' })
    await scrollTo(at)
    await body.waitFor()
  })

  it('an answer that streams below touches nothing but itself, and takes nobody along who reads further up', async () => {
    const begun = latch()
    const goOn = latch()
    // Each wait begins when it is its turn.
    const pause: Step = { kind: 'wait', get until() { return new Promise<void>((resolve) => setTimeout(resolve, 10)) } }
    const pieces = (from: number): Step[] => Array.from({ length: 20 }, (_, at): Step[] => [{ kind: 'text', text: `Piece ${from + at} of a long answer, with a few words.\n\n` }, pause]).flat()
    fake.answer = () => [{ kind: 'text', text: 'It begins.\n\n' }, { kind: 'wait', until: begun.until }, ...pieces(1), { kind: 'wait', until: goOn.until }, ...pieces(21), { kind: 'wait', until: new Promise(() => undefined) }]
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Tell me everything')
    await page.keyboard.press('Enter')
    // Not where it is read out.
    await box.getByText('It begins.').waitFor()
    await calm()
    expect(await fromEnd()).toBeLessThan(stillPx)
    await page.evaluate(() => {
      const outside: string[] = []
      const last = [...document.querySelectorAll('.column .line')].at(-1)
      new MutationObserver((records) => {
        for (const { target, type } of records) if (last?.contains(target) !== true) outside.push(`${type} ${target instanceof Element ? target.className : target.textContent}`)
      }).observe(document.querySelector('.conversation') as Element, { subtree: true, childList: true, attributes: true, characterData: true })
      Object.assign(globalThis, { outside })
    })
    begun.open()
    await box.getByText('Piece 20 of').waitFor()
    expect(await page.evaluate(() => (globalThis as unknown as { outside: string[] }).outside)).toEqual([])
    await box.hover()
    await page.mouse.wheel(0, -60)
    await page.waitForFunction(() => {
      const place = document.querySelector('.conversation') as HTMLElement
      return place.scrollHeight - place.scrollTop - place.clientHeight > 50
    })
    await watchReading()
    goOn.open()
    await box.getByText('Piece 40 of').waitFor()
    await expectStill()
    await page.getByRole('button', { name: 'Go to the newest' }).click()
    await calm()
    expect(await fromEnd()).toBeLessThan(stillPx)
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByText('Stopped here.').waitFor()
  })

  it('another conversation begins at its own end, and goes to paper as a whole', async () => {
    await page.getByRole('navigation').getByText('Garden').click()
    await page.getByText('Answer 190.').waitFor()
    await calm()
    expect(await fromEnd()).toBeLessThan(stillPx)
    expect(await lines()).toBeLessThan(100)
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
    expect(await lines()).toBe(190)
    await page.emulateMedia({ media: 'print' })
    expect(await box.evaluate((place) => [place.clientHeight >= place.scrollHeight, place.clientHeight > 10 * innerHeight])).toEqual([true, true])
    expect(await page.getByRole('textbox', { name: 'Message', exact: true }).isVisible()).toBe(false)
    await page.emulateMedia({ media: 'screen' })
    await page.evaluate(() => dispatchEvent(new Event('afterprint')))
    await expect.poll(lines).toBeLessThan(100)
  })
})
