/** Every generated file as text, made from the definitions as they are now. Writes nothing. */
import { readSourceTree } from '../source-tree.ts'
import type { SourceFile } from '../source-tree.ts'
import { commandIndex, moduleIndexes } from './indexes.ts'
import { loadProduct } from './load-product.ts'
import { chatCommandsPage } from './chat-commands-page.ts'
import { channelsPage } from './channels-page.ts'
import { checksPage } from './checks-page.ts'
import { cliPage } from './cli-page.ts'
import { configurationPage, configurationSchema } from './configuration-page.ts'
import { databasePage } from './database-page.ts'
import { methodsPage } from './methods-page.ts'
import { problemsPage } from './problems-page.ts'

/** All files in here are generated; others are removed. */
export const generatedFolder = 'docs/reference'

/** Text by path from the root. Rejects with a sentence where a shelf breaks its own rule (`tools/src/read.ts must export …`). */
export async function generate(tree: readonly SourceFile[] = readSourceTree()): Promise<Map<string, string>> {
  const files = moduleIndexes(tree)
  const product = await loadProduct(tree, files)
  files.set('cli/src/commands/index.gen.ts', commandIndex(tree, product.commands))
  const page = (name: string, text: string): void => void files.set(`${generatedFolder}/${name}`, text)
  files.set('docs/channels/README.md', channelsPage())
  page('chat-commands.md', chatCommandsPage(product))
  page('checks.md', checksPage(product))
  page('cli.md', cliPage(product))
  page('config-schema.json', configurationSchema(product))
  page('configuration.md', configurationPage(product))
  page('database.md', await databasePage(tree, product))
  page('methods.md', methodsPage(product))
  page('problems.md', problemsPage(tree, product))
  return files
}
