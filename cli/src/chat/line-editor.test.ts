import { describe, expect, it } from 'vitest'
import type { KeyName } from './key-decoder.ts'
import { createLineEditor } from './line-editor.ts'
import type { EditorAction, LineEditor } from './line-editor.ts'

const press = (editor: LineEditor, ...names: KeyName[]): EditorAction | undefined => names.map((name) => editor.apply({ kind: 'named', name })).at(-1)
const type = (editor: LineEditor, text: string): EditorAction => editor.apply({ kind: 'text', text })

describe('the line editor', () => {
  it('edits like a shell', () => {
    const editor = createLineEditor([])
    type(editor, 'hello wide world')
    press(editor, 'word-left', 'word-left')
    expect(editor.beforeCursor()).toBe('hello ')
    press(editor, 'kill-to-end')
    type(editor, 'there')
    press(editor, 'home', 'delete')
    type(editor, 'J')
    expect(editor.text()).toBe('Jello there')
    press(editor, 'end', 'kill-word')
    expect(editor.text()).toBe('Jello ')
    press(editor, 'kill-line')
    expect(editor.text()).toBe('')
  })

  it('moves by what is seen as one character', () => {
    const editor = createLineEditor([])
    type(editor, 'a👩‍👩‍👧')
    type(editor, 'e')
    type(editor, '\u0301')
    press(editor, 'backspace')
    expect(editor.text()).toBe('a👩‍👩‍👧')
    press(editor, 'backspace')
    expect(editor.text()).toBe('a')
  })

  it('brings back what was said and keeps the draft', () => {
    const editor = createLineEditor([])
    for (const words of ['one', 'two', 'two']) {
      type(editor, words)
      expect(press(editor, 'enter')).toEqual({ kind: 'submit', text: words })
    }
    type(editor, 'draft')
    press(editor, 'up')
    expect(editor.text()).toBe('two')
    press(editor, 'up')
    expect(editor.text()).toBe('one')
    press(editor, 'up')
    expect(editor.text()).toBe('one')
    press(editor, 'down', 'down')
    expect(editor.text()).toBe('draft')
  })

  it('holds several lines and moves between them', () => {
    const editor = createLineEditor(['old'])
    editor.apply({ kind: 'paste', text: 'first\r\nsecond\u001B[31m\nx' })
    expect(editor.text()).toBe('first\nsecond\nx')
    press(editor, 'up', 'end', 'up')
    expect(editor.beforeCursor()).toBe('first')
    press(editor, 'up')
    expect(editor.text()).toBe('old')
  })

  it('ends only an empty line', () => {
    const editor = createLineEditor([])
    expect(press(editor, 'end-of-input')).toEqual({ kind: 'end' })
    type(editor, 'x')
    expect(press(editor, 'home', 'end-of-input')).toEqual({ kind: 'edited' })
    expect(editor.text()).toBe('')
  })
})
