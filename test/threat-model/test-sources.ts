/** The test files of this project as text, by path from the root. Reads and does not parse: a file in the middle of a change is no obstacle. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { projectRoot } from '../../scripts/source-tree.ts'

const passedOver = new Set(['node_modules', 'dist', '.git', 'docs'])

export function testSources(): Map<string, string> {
  const found = new Map<string, string>()
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) { if (!passedOver.has(entry.name)) walk(path) }
      else if (entry.isFile() && /\.test\.tsx?$/.test(entry.name)) found.set(relative(projectRoot, path), readFileSync(path, 'utf8'))
    }
  }
  walk(projectRoot)
  return found
}
