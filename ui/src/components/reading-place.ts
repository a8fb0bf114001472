import { createLineWindow, isWithin, mergeSpans, type Placed, type Span } from '../line-window.ts'

/** Before anything was measured. */
const viewHeightFirst = 900
const perLineFirst = 90
/** Width of a character in running text, px, roughly. */
const characterPx = 7.4
/** A conversation this short is in the document as a whole. */
const wholeMax = 120
/** This much is in the document before and after what is seen, px; half of it may be used up before more is put there. */
const overscanPx = 800
/** How near to the end counts as reading the newest, px. */
const nearPx = 96
/** How near to the beginning the page before it is asked for, px. */
const earlierPx = 400
/** After so long without a movement nobody is scrolling, ms. */
const restMs = 150
/** A selection over more lines than this keeps only those with its ends in the document. */
const selectedMax = 400

/**
 * What stands still: `part`, the topmost thing in view, when heights change; the topmost line, when lines are put in. The part is in that
 * line, or above all of them. Offsets from the view's top, px.
 */
interface Anchor { key: string; offset: number; part: Element | undefined; partOffset: number }

interface Boxes { scroller: HTMLElement; column: HTMLElement }

export interface ReadingPlaceSurroundings {
  /** Draws again, soon. */
  redraw(): void
  setAway(away: boolean): void
  /** Somebody came near the beginning of what is there. */
  nearTop(): void
}

/** Where somebody is in one conversation: which lines are in the document, and that none of them moves by itself. */
export interface ReadingPlace {
  /** The elements that scroll and that hold the lines. Hands back how to let go of them. */
  watch(scroller: HTMLElement, column: HTMLElement): () => void
  /** `ref` of every line's element, which has its key in `data-line`. */
  seat(element: HTMLElement | null): (() => void) | undefined
  /** The lines to draw now; the same array while it is the same lines. To be asked while drawing. */
  spansOf(rows: readonly Placed[]): readonly Span[]
  /** To be called when lines were drawn, before anybody sees them. `openRows` stand below; `isAll`: nothing is before the first. */
  drawn(openRows: number, isAll: boolean): void
  scrolled(): void
  toEnd(): void
  /** While on, every line is in the document, as paper wants it; nothing is measured or moved, for paper has its own measures. */
  showAll(on: boolean): void
}

export function createReadingPlace(world: ReadingPlaceSurroundings): ReadingPlace {
  const lines = createLineWindow()
  const seats = new Map<string, HTMLElement>()
  let boxes: Boxes | undefined
  let rows: readonly Placed[] = []
  let spans: readonly Span[] = []
  let gap = 16
  let perLine = perLineFirst
  let viewHeight = viewHeightFirst
  let all = false
  let sticking = true
  let anchor: Anchor | undefined
  /** While somebody scrolls, the space above the lines takes up what they are higher or lower than they were thought to be. */
  let slack = 0
  let lastTop = 0
  let resting: ReturnType<typeof setTimeout> | undefined
  /** Only what is seen was drawn, because it flew by. */
  let sparse = false
  /** Lines were drawn that could not be measured, because the conversation was not to be seen. */
  let wasHidden = false

  const observer = new ResizeObserver((entries) => {
    if (boxes === undefined || all || isHidden(boxes.scroller)) return
    const before = perLine
    for (const { target, borderBoxSize } of entries) {
      const key = target instanceof HTMLElement ? target.dataset['line'] : undefined
      if (key !== undefined) lines.measure(key, borderBoxSize[0]?.blockSize ?? 0)
    }
    look(boxes)
    settle(boxes, false)
    // Drawing inside of this call could change what it is about.
    if (wasHidden || perLine !== before || !isCovered()) requestAnimationFrame(world.redraw)
    wasHidden = false
  })

  function look({ scroller, column }: Boxes): void {
    const style = getComputedStyle(column)
    viewHeight = scroller.clientHeight
    gap = Number.parseFloat(style.rowGap) || 0
    const width = column.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight)
    perLine = Math.max(10, Math.floor(width / characterPx / 10) * 10)
  }

  /** Where the view begins among the lines. */
  function viewTop(): number {
    if (sticking || anchor === undefined) return lines.total - viewHeight
    const index = lines.indexOf(anchor.key)
    return index === undefined ? lines.total : lines.top(index) - anchor.offset
  }
  function isCovered(): boolean {
    if (all || rows.length <= wholeMax) return true
    return isWithin(lines.around(viewTop(), viewHeight, sparse && resting !== undefined ? 0 : overscanPx / 2), spans)
  }
  function drawAgain(): void {
    if (!isCovered()) world.redraw()
  }

  /** The index of the line that something stands in; `count` below the lines. */
  function indexOf(node: Node | null): number | undefined {
    const line = (node instanceof Element ? node : node?.parentElement)?.closest<HTMLElement>('[data-line]')
    if (line === null || line === undefined || boxes?.column.contains(line) !== true) return undefined
    return lines.indexOf(line.dataset['line'] ?? '') ?? lines.count
  }
  /** What must not go away: the focus with a line before and after it for the Tab key, and what is selected. */
  function kept(): Span[] {
    const focus = indexOf(document.activeElement)
    const held = focus === undefined ? [] : [{ from: focus - 1, to: focus + 2 }]
    const selection = getSelection()
    if (selection === null || selection.isCollapsed) return held
    const ends = [indexOf(selection.anchorNode), indexOf(selection.focusNode)].filter((index) => index !== undefined).toSorted((a, b) => a - b)
    const [from, to] = [ends[0], ends.at(-1)]
    if (from === undefined || to === undefined) return held
    return to - from < selectedMax ? [...held, { from, to: to + 1 }] : [...held, { from, to: from + 1 }, { from: to, to: to + 1 }]
  }

  /** How far what is read has moved, px. */
  function moved(scroller: HTMLElement, byLines: boolean): number {
    if (anchor === undefined) return 0
    const { part, partOffset, key, offset } = anchor
    const line = seats.get(key)
    const { top } = scroller.getBoundingClientRect()
    if (part?.isConnected === true && (!byLines || line?.contains(part) === true)) return part.getBoundingClientRect().top - top - partOffset
    return line === undefined ? 0 : line.getBoundingClientRect().top - top - offset
  }
  function scrollTo(scroller: HTMLElement, top: number): void {
    scroller.scrollTop = top
    lastTop = scroller.scrollTop
  }
  /** `byLines`: other lines were drawn; otherwise some became higher or lower. */
  function settle(at: Boxes, byLines: boolean): void {
    const { scroller, column } = at
    if (sticking) {
      // Before anything was said the page is read from its top.
      return scrollTo(scroller, column.querySelector(':scope > .welcome') === null ? scroller.scrollHeight : 0)
    }
    world.setAway(scroller.scrollHeight - scroller.scrollTop - viewHeight >= nearPx)
    const shift = moved(scroller, byLines)
    if (Math.abs(shift) >= 0.5) moveBack(at, shift, byLines)
    // What stands above it may be higher now, and it is further down in the view.
    pick(at)
  }
  function moveBack({ scroller, column }: Boxes, shift: number, mayTakeUp: boolean): void {
    const above = column.querySelector<HTMLElement>(':scope > .space[data-from="0"]')
    const height = above === null ? 0 : spaceHeight(above) - shift
    if (mayTakeUp && resting !== undefined && above !== null && height >= 0) {
      slack -= shift
      above.style.height = `${height}px`
    } else scrollTo(scroller, scroller.scrollTop + shift)
  }

  function spanOf(space: HTMLElement): Span {
    return { from: Number(space.dataset['from']), to: Number(space.dataset['to']) }
  }
  function spaceHeight(space: HTMLElement): number {
    const span = spanOf(space)
    return Math.max(0, lines.heightOf(span) + (span.from === 0 ? slack : 0))
  }
  function setSpaces(column: HTMLElement): void {
    for (const space of column.querySelectorAll<HTMLElement>(':scope > .space')) space.style.height = `${spaceHeight(space)}px`
  }

  /** Finds the topmost thing in view: of what began above it, the paragraph or whatever begins in it. */
  function pick({ scroller, column }: Boxes): void {
    const { top } = scroller.getBoundingClientRect()
    let part: Element | undefined
    anchor = undefined
    for (const child of column.children) {
      const box = child.getBoundingClientRect()
      if (!(child instanceof HTMLElement) || box.bottom <= top) continue
      const { line: key, from } = child.dataset
      if (key === undefined && from === undefined) {
        // The button for earlier messages makes room for them.
        if (!child.classList.contains('earlier')) part ??= topmost(child, top)
        continue
      }
      if (key === undefined) anchor = inSpace(child, top)
      else anchor = { key, offset: box.top - top, part: part ?? topmost(child, top), partOffset: 0 }
      if (anchor?.part !== undefined) anchor.partOffset = anchor.part.getBoundingClientRect().top - top
      return
    }
  }
  /** The line that would be there, had it been drawn. */
  function inSpace(space: HTMLElement, top: number): Anchor | undefined {
    const span = spanOf(space)
    const box = space.getBoundingClientRect()
    // From the nearer edge: what is between is only guessed.
    const y = top - box.top < box.bottom - top ? lines.top(span.from) + (top - box.top) : lines.top(span.to) - gap - (box.bottom - top)
    const index = Math.min(Math.max(lines.at(y), span.from), span.to - 1)
    const row = rows[index]
    return row === undefined ? undefined : { key: row.key, offset: lines.top(index) - y, part: undefined, partOffset: 0 }
  }

  function rest(): void {
    resting = undefined
    sparse = false
    if (boxes === undefined || isHidden(boxes.scroller)) return
    if (slack !== 0) {
      slack = 0
      setSpaces(boxes.column)
      settle(boxes, false)
    }
    drawAgain()
  }

  function numberLines(column: HTMLElement, total: number, isAll: boolean): void {
    const isWhole = isWithin({ from: 0, to: rows.length }, spans)
    let below = rows.length
    for (const child of column.children) {
      const key = child instanceof HTMLElement ? child.dataset['line'] : undefined
      const article = child.firstElementChild
      if (key === undefined || article?.tagName !== 'ARTICLE') continue
      const place = { 'aria-posinset': String((lines.indexOf(key) ?? below++) + 1), 'aria-setsize': isAll ? String(total) : '-1' }
      for (const [name, value] of Object.entries(place)) {
        if (isWhole) article.removeAttribute(name)
        else if (article.getAttribute(name) !== value) article.setAttribute(name, value)
      }
    }
  }

  return {
    watch(scroller, column) {
      boxes = { scroller, column }
      observer.observe(scroller)
      observer.observe(column)
      return () => {
        boxes = undefined
        clearTimeout(resting)
        observer.disconnect()
      }
    },
    seat(element) {
      const key = element?.dataset['line']
      if (element === null || key === undefined) return undefined
      seats.set(key, element)
      observer.observe(element)
      return () => {
        if (seats.get(key) === element) seats.delete(key)
        observer.unobserve(element)
      }
    },
    spansOf(next) {
      const known = next === rows
      rows = next
      lines.show(rows, gap, perLine)
      if (known && spans.length > 0 && !all && isCovered()) return spans
      const before = spans
      if (all || rows.length <= wholeMax) spans = mergeSpans([{ from: 0, to: rows.length }], rows.length)
      else {
        const top = viewTop()
        const inView = lines.around(top, viewHeight, 0)
        sparse = resting !== undefined && !before.some((span) => span.from < inView.to && inView.from < span.to)
        spans = mergeSpans([sparse ? inView : lines.around(top, viewHeight, overscanPx), ...kept()], rows.length)
      }
      if (before.length === spans.length && spans.every((span, index) => span.from === before[index]?.from && span.to === before[index].to)) spans = before
      return spans
    },
    drawn(openRows, isAll) {
      if (boxes === undefined || all) return
      wasHidden = isHidden(boxes.scroller)
      if (wasHidden) return
      look(boxes)
      lines.show(rows, gap, perLine)
      for (const { key } of spans.flatMap(({ from, to }) => rows.slice(from, to))) {
        const line = lines.isKnown(key) ? undefined : seats.get(key)
        if (line !== undefined) lines.measure(key, line.getBoundingClientRect().height)
      }
      if (spans[0]?.from === 0) slack = 0
      setSpaces(boxes.column)
      settle(boxes, true)
      numberLines(boxes.column, rows.length + openRows, isAll)
      drawAgain()
    },
    scrolled() {
      if (boxes === undefined || all || isHidden(boxes.scroller)) return
      const { scrollTop, scrollHeight, clientHeight } = boxes.scroller
      const left = scrollHeight - scrollTop - clientHeight
      // The echo of our own scrolling, heard after something grew: nobody moved, and the end is found again when the growth is.
      if (sticking && Math.abs(scrollTop - lastTop) < 1) return drawAgain()
      // Who goes up, be it by a line, wants to stay there; who comes near the end wants to see what comes.
      sticking = scrollTop < lastTop - 1 ? left < 2 : left < nearPx
      lastTop = scrollTop
      world.setAway(left >= nearPx)
      pick(boxes)
      clearTimeout(resting)
      resting = setTimeout(rest, restMs)
      drawAgain()
      if (left >= nearPx && scrollTop - slack < earlierPx) world.nearTop()
    },
    toEnd() {
      sticking = true
      world.setAway(false)
      if (boxes === undefined || isHidden(boxes.scroller)) return
      settle(boxes, false)
      drawAgain()
    },
    showAll(on) {
      all = on
      spans = []
      world.redraw()
    },
  }
}

function isHidden(scroller: HTMLElement): boolean {
  return scroller.clientHeight === 0
}

/** The first part that begins in view, as deep as it takes; a part without parts of its own may begin above. */
function topmost(element: Element, top: number): Element {
  if (element.getBoundingClientRect().top >= top) return element
  for (const child of element.children) {
    const box = child.getBoundingClientRect()
    if (box.height > 1 && box.bottom > top) return topmost(child, top)
  }
  return element
}
