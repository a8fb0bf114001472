import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

const armedAfterMs = 500

/** A question that appears under a pointer or a typing hand takes no yes before a person could have seen it. False until then, anew for each `id`. */
export function useArmed(id: string): boolean {
  const [armedFor, setArmedFor] = useState<string>()
  useEffect(() => {
    const timer = setTimeout(() => setArmedFor(id), armedAfterMs)
    return () => clearTimeout(timer)
  }, [id])
  return armedFor === id
}

/** What would be done, in whole; `onSeen` once a person had all of it before their eyes. */
export function WholeText(props: { shown: string; onSeen: () => void }): VNode {
  const place = useRef<HTMLPreElement>(null)
  const look = (): void => {
    const { current } = place
    if (current !== null && current.scrollTop + current.clientHeight >= current.scrollHeight - 4) props.onSeen()
  }
  useEffect(look, [props.shown])
  return <pre class="ask-what" tabIndex={0} ref={place} onScroll={look}>{props.shown}</pre>
}
