import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { longest } from './longest-files.ts'

const place = new Map(longest.map((path, at) => [path, at]))

/** The long files first; the others as vitest orders them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files)
    const placeOf = ({ moduleId }: TestSpecification): number => place.get(relative(this.ctx.config.root, moduleId).replaceAll('\\', '/')) ?? longest.length
    return others.toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}
