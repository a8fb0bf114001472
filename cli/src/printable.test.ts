import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable, printableLine } from './printable.ts'

describe('printable', () => {
  it.each([
    ['\u001B[31mred\u001B[0m', 'red'],
    ['\u001B]0;title\u0007after', 'after'],
    ['\u001B]8;;http://evil\u001B\\link\u001B]8;;\u001B\\', 'link'],
    ['\u001B]52;c;aGk=\u0007x', 'x'],
    ['\u009B2Jgone', 'gone'],
    ['a\rb\r\nc', 'a\nb\nc'],
    ['safe\u202Etxt.exe', 'safetxt.exe'],
    ['\u001Bc', ''],
    ['tab\tand\nline', 'tab\tand\nline'],
    ['👩‍👩‍👧 naïve 日本', '👩‍👩‍👧 naïve 日本'],
    ['\u001B]0;never closed', ''],
  ])('%j becomes %j', (text, expected) => {
    expect(printable(text)).toBe(expected)
  })

  it('never lets a control character through, whatever arrives', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('\u001B', '[', ']', 'm', '0', ';', '\u0007', '\u009B', 'P', '\\', '\r', '\n', 'a', '\u0000') }), (text) => {
      // oxlint-disable-next-line no-control-regex -- looking for them is the point
      expect(printable(text)).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/)
    }))
  })

  it('makes one line of many', () => {
    expect(printableLine(' a\n\t b \n')).toBe('a b')
  })
})
