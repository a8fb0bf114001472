/** Whether what a model, a client or a row of the owner's says fits a tool. */
import type { Tool } from '@moltbot/contract'
import { Compile } from 'typebox/compile'

/** Why an input does not fit a tool; undefined when it does. A tool's schema is compiled once. */
export function createInputCheck(): (tool: Tool, input: unknown) => string | undefined {
  const checkers = new Map<Tool, ReturnType<typeof Compile>>()
  return (tool, input) => {
    let checker = checkers.get(tool)
    if (checker === undefined) checkers.set(tool, (checker = Compile(tool.input)))
    if (checker.Check(input)) return undefined
    return checker.Errors(input).slice(0, 3).map((error) => `${error.instancePath === '' ? 'the input' : error.instancePath} ${error.message}`).join('; ')
  }
}
