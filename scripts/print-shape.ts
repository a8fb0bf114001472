/** Prints where the code is longest and widest, as information: there is no limit, only the question which idea is missing. */
import { readSourceTree } from './source-tree.ts'

const product = readSourceTree().filter(({ path }) => !/\.test\.tsx?$|\/testing\/|^(test|bench|scripts)\/|\.gen\.ts$/.test(path))
const longest = product.flatMap(({ path, functions }) => functions.map(({ name, line, lines }) => ({ size: lines, what: `${name}  ${path}:${line}` })))
const widest = product.map(({ path, imports }) => ({ size: new Set(imports.map(({ specifier }) => specifier)).size, what: path }))
for (const [title, list] of [['lines of the longest functions', longest], ['imports of the widest files', widest]] as const) {
  console.log(`— ${title}`)
  for (const { size, what } of list.sort((a, b) => b.size - a.size).slice(0, 10)) console.log(`${String(size).padStart(6)}  ${what}`)
}
