import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import '../styles/code-picture.css'
import { encode } from 'uqr'

const border = 3

/** A code to scan, drawn in black on white whatever the colours of the page: cameras need the contrast. */
export function CodePicture(props: { words: string; label: string }): VNode {
  const { side, path } = useMemo(() => {
    const { data } = encode(props.words, { border })
    const squares = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])))
    return { side: data.length, path: squares.join('') }
  }, [props.words])
  return (
    <svg class="code-picture" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={props.label} shape-rendering="crispEdges">
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}
