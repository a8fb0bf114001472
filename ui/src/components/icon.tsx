import type { VNode } from 'preact'

/** Strokes on a 24 × 24 grid, drawn for this page. */
const strokes = {
  plus: 'M12 5v14M5 12h14',
  chat: 'M5 5h14v11h-8l-4 3.5V16H5z',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm9 2-4.2-4.2',
  send: 'M12 19V6m-6 5.5L12 5.5l6 6',
  stop: 'M7.5 7.5h9v9h-9z',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  checks: 'm2.5 12.5 4.5 4.5L16 7.5m-4 8.5 1 1 8.5-9',
  close: 'm6 6 12 12M18 6 6 18',
  menu: 'M4 7h16M4 12h16M4 17h16',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  chevron: 'm9 6 6 6-6 6',
  down: 'm6 9 6 6 6-6',
  tool: 'M14.5 6.5a4 4 0 0 0-5.2 5.2L4 17v3h3l5.3-5.3a4 4 0 0 0 5.2-5.2L15 12l-3-3 2.5-2.5Z',
  thought: 'M9 18h6M10 21h4M12 3a6 6 0 0 0-3.5 10.9c.6.5.9 1 .9 1.6h5.2c0-.6.3-1.1.9-1.6A6 6 0 0 0 12 3Z',
  clip: 'm20 11.5-8.2 8.2a5 5 0 0 1-7.1-7.1L13 4.3a3.3 3.3 0 0 1 4.7 4.7l-8.3 8.3a1.7 1.7 0 0 1-2.4-2.4l7.7-7.6',
  camera: 'M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 16.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4Z',
  mic: 'M12 14.5a3 3 0 0 0 3-3v-5a3 3 0 0 0-6 0v5a3 3 0 0 0 3 3Zm-6-3.5a6 6 0 0 0 12 0M12 17v3.5',
  wave: 'M4 10v4m4-7v10m4-13v16m4-13v10m4-7v4',
  speaker: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a7.5 7.5 0 0 1 0 11',
  file: 'M6 3.5h8l4 4v13H6zM13.5 4v4H18',
  image: 'M4 5h16v14H4zM4 16l4.5-4.5L13 16l3-3 4 4M15 9.5h.01',
  people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-6 9a6 6 0 0 1 12 0M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.5a6 6 0 0 1 3 5.5',
  why: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm-2.4-11a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.2.9-1.2 1.8M12 17h.01',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm0-13v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z',
  device: 'M5 5h14v10H5zM2.5 19h19',
  pencil: 'M4 20h4L19 9l-4-4L4 16v4ZM13 7l4 4',
  bin: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  reset: 'M4 12a8 8 0 1 0 2.5-5.8M4 4v4.5h4.5',
  alert: 'M12 4 2.8 20h18.4L12 4Zm0 6v4.5m0 2.5h.01',
  bell: 'M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15L6 16.5ZM10 20.5h4',
  auto: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-18v18',
  retry: 'M20 12a8 8 0 1 1-2.5-5.8M20 4v4.5h-4.5',
  spark: 'M12 4v5m0 6v5M4 12h5m6 0h5',
  key: 'M14 14a5 5 0 1 0-4.6-3L4 16.5V20h3.5v-2.5H10V15l1-1c.9.6 1.9 0 3 0Zm1.5-5.5h.01',
  shield: 'M12 3 5 6v5.5c0 4.3 2.9 7.7 7 9.5 4.1-1.8 7-5.2 7-9.5V6l-7-3Z',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-14v5l3.5 2',
  home: 'M4 11.5 12 5l8 6.5V20h-5.5v-5h-5v5H4z',
  coin: 'M4 20V10m5.3 10V4m5.4 16v-7M20 20V7',
  plug: 'M9 3v5m6-5v5M6.5 8h11v3.5a5.5 5.5 0 0 1-11 0V8Zm5.5 9v4',
  lines: 'M5 6h14M5 10.5h9M5 15h12M5 19.5h7',
  pin: 'M12 21c4.5-4.6 6.5-7.9 6.5-11a6.5 6.5 0 0 0-13 0c0 3.1 2 6.4 6.5 11Zm0-8.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  sliders: 'M4 7h9m5 0h2M4 17h2m5 0h9M15.5 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Zm-7 10a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
} as const
export type IconName = keyof typeof strokes

/** Decoration: the word is always beside it or in the control's label. */
export function Icon(props: { name: IconName }): VNode {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false">
      <path d={strokes[props.name]} />
    </svg>
  )
}

/** The product's mark. */
export function Mark(props: { size?: number }): VNode {
  const size = props.size ?? 26
  return (
    <svg class="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" focusable="false">
      <rect class="mark-ground" width="32" height="32" rx="9" />
      <path class="mark-line" d="M8 22V13.5a2.5 2.5 0 0 1 4.6-1.4L16 17l3.4-4.9a2.5 2.5 0 0 1 4.6 1.4V22" />
      <circle class="mark-spot" cx="16" cy="8.2" r="2.1" />
    </svg>
  )
}
