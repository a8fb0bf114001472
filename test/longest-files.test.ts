import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { projectRoot } from '../scripts/source-tree.ts'
import { longest } from './longest-files.ts'

it('names each long file once, and none that is gone', () => {
  expect(longest.filter((path, at) => !existsSync(join(projectRoot, path)) || longest.indexOf(path) !== at)).toEqual([])
})
