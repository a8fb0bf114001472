import { expect, it } from 'vitest'
import { sampleDocx, sampleZip } from '../testing/sample-docx.ts'
import { readDocx } from './read-docx.ts'

const run = (text: string, properties = ''): string => `<w:r>${properties === '' ? '' : `<w:rPr>${properties}</w:rPr>`}<w:t xml:space="preserve">${text}</w:t></w:r>`

it('gives the words people see, and none of those they do not', () => {
  const docx = sampleDocx([
    run('Tom &amp; Anna &#8212; 5 &lt; 6'), `${run('seen ')}${run('hidden', '<w:vanish/>')}${run('again', '<w:vanish w:val="0"/>')}`,
    `<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>${run('a')}<w:r><w:tab/><w:br/></w:r>${run('b')}`, '<w:pPr><w:tabs><w:tab w:pos="1"/></w:tabs></w:pPr>',
  ])
  expect(readDocx(docx, 1_000)).toBe('Tom & Anna — 5 < 6\nseen again\na\t\nb')
})

it('shows a table as lines', () => {
  const cell = (text: string): string => `<w:tc><w:p>${run(text)}</w:p></w:tc>`
  expect(readDocx(sampleZip({ 'word/document.xml': `<w:tbl><w:tr>${cell('a')}${cell('b')}</w:tr><w:tr>${cell('c')}${cell('d')}</w:tr></w:tbl>` }), 100)).toBe('a\tb\t\nc\td')
})

it('stops where enough was read, and never unpacks more than its own limit, whatever the list says', () => {
  expect(readDocx(sampleDocx(Array.from({ length: 1_000 }, () => run('word'))), 100).length).toBeLessThan(120)
  const bomb = sampleZip({ 'word/document.xml': Buffer.alloc(60 * 1_048_576, 'a') }, 10)
  expect(() => readDocx(bomb, 100)).toThrow()
  expect(() => readDocx(sampleZip({ 'word/document.xml': 'x' }, 2 ** 31), 100)).toThrow('too large')
})

it.each([
  ['no archive', Buffer.from('PK\x03\x04nonsense')], ['nothing of Word in it', sampleZip({ 'a.txt': 'a' })], ['half of it', sampleDocx([run('x')]).subarray(0, 90)], ['nothing', Buffer.alloc(0)],
])('says so when there is %s', (_what, bytes) => {
  expect(() => readDocx(bytes, 100)).toThrow(/archive|words|damaged/)
})
