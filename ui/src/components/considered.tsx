import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

const armedAfterMs = 500

/** A question that appears under a pointer or a typing hand takes no yes before a person could have seen it: false until a moment after it was `seen`, anew for each `id`. */
export function useArmed(id: string, seen: boolean): boolean {
  const [armedFor, setArmedFor] = useState<string>()
  useEffect(() => {
    if (!seen) return undefined
    const timer = setTimeout(() => setArmedFor(id), armedAfterMs)
    return () => clearTimeout(timer)
  }, [id, seen])
  return armedFor === id
}

/** For the buttons of a question: a key that is held down was pressed for something else, and presses none of them. */
export function onceEach(event: KeyboardEvent): void {
  if (event.repeat && event.key === 'Enter') event.preventDefault()
}

/** What would be done, in whole; `onSeen` once a person had all of it before their eyes. */
export function WholeText(props: { shown: string; onSeen: () => void }): VNode {
  const place = useRef<HTMLPreElement>(null)
  const look = (): void => {
    const { current } = place
    // Behind a room nobody sees it, and there it has no height.
    if (current !== null && current.clientHeight > 0 && current.scrollTop + current.clientHeight >= current.scrollHeight - 4) props.onSeen()
  }
  const latest = useRef(look)
  latest.current = look
  useLayoutEffect(() => {
    if (place.current === null) return undefined
    // Calls once what it observes has its height, and when that changes.
    const observer = new ResizeObserver(() => latest.current())
    observer.observe(place.current)
    return () => observer.disconnect()
  }, [props.shown])
  return <pre class="ask-what" tabIndex={0} ref={place} onScroll={look}>{props.shown}</pre>
}
