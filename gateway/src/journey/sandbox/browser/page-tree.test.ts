import fc from 'fast-check'
import { expect, it } from 'vitest'
import { findThing, nodesOf, showTree, wordsOf, type PageNode } from './page-tree.ts'

const tree: PageNode[] = [{ role: 'generic', ref: 'e1', children: [
  { role: 'heading', name: 'Tea', level: 1, ref: 'e2' },
  { role: 'textbox', name: 'Password', ref: 'e3', text: 'hunter2' },
  { role: 'link', name: 'Terms', ref: 'e4', url: '/terms?a=1#b', children: ['plain words'] },
  { role: 'link', name: 'Trap', ref: 'e5', url: 'javascript:alert(1)' },
  { role: 'button', name: 'Say "hi"', ref: 'f1e2', disabled: true },
] }]
const shown = showTree(tree, { base: 'https://shop.example/a/b', hidden: new Set(['e3']) })

it('shows a page as lines: what only holds others is left out, addresses are whole, passwords are not shown', () => {
  expect(shown.split('\n')).toEqual([
    '- heading "Tea" [e2] (level=1)', '- textbox "Password" [e3]: (not shown)', '- link "Terms" [e4] <https://shop.example/terms?a=1#b>', '  - plain words', '- link "Trap" [e5]', '- button "Say "hi"" [f1e2] (disabled)',
  ])
})

it('a thing is found by its reference and what it was called, however its quotes were copied', () => {
  for (const what of ['button "Say "hi""', 'button "Say \\"hi\\""', "button 'Say hi'", 'button  Say hi']) expect(findThing(tree, { ref: 'f1e2', what }).disabled).toBe(true)
  expect(findThing(tree, { ref: '[e4]', what: 'link "Terms"' }).ref).toBe('e4')
  for (const [ref, what] of [['e4', 'link "Trap"'], ['e5', 'Trap'], ['e99', 'link "Terms"'], ['css=body', 'heading "Tea"'], ['e2 >> nth=0', 'heading "Tea"'], ['', 'heading "Tea"']]) expect(() => findThing(tree, { ref: ref ?? '', what: what ?? '' })).toThrow(/left alone|There is no/)
})

it('whatever a page calls its things, each stays on its line and keeps its own reference', () => {
  fc.assert(fc.property(fc.array(fc.record({ role: fc.constantFrom('button', 'link', 'textbox'), name: fc.string({ unit: 'binary' }), text: fc.string({ unit: 'binary' }) }), { maxLength: 6 }), (things) => {
    const nodes: PageNode[] = things.map((thing, index) => ({ ...thing, ref: `e${index}` }))
    const lines = showTree(nodes, { base: 'https://a.example/', hidden: new Set() })
    expect(lines === '' ? 0 : lines.split('\n').length).toBe(nodes.length)
    expect(lines.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
    for (const node of nodes) expect(findThing(nodes, { ref: node.ref ?? '', what: wordsOf(node) })).toBe(node)
  }))
})

it('walks a tree of any depth', () => {
  let deep: PageNode = { role: 'button', name: 'end', ref: 'e1' }
  for (let level = 0; level < 50_000; level += 1) deep = { role: 'group', children: [deep] }
  expect([...nodesOf([deep])].at(-1)?.name).toBe('end')
})
