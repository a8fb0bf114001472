/** One finding of the schema library, as far as it is needed here. */
interface Finding { keyword: string; instancePath: string; params: object; message: string }

/**
 * Says what is wrong with params the way clients of this family show and compare it: items joined with `; `, each
 * `at /pointer: text`, for the whole `must have required property 'x'` or `at root: unexpected property 'x'`.
 */
export function describeParamErrors(findings: readonly Finding[]): string {
  const items: string[] = []
  for (const { keyword, instancePath, params, message } of findings) {
    const at = instancePath === '' ? '' : `at ${instancePath}: `
    if (keyword === 'required') {
      for (const name of names(params, 'requiredProperties')) items.push(`${at}must have required property '${name}'`)
    } else if (keyword === 'additionalProperties') {
      for (const name of names(params, 'additionalProperties')) items.push(`at ${instancePath === '' ? 'root' : instancePath}: unexpected property '${name}'`)
    } else if (keyword !== 'boolean') items.push(`at ${instancePath === '' ? 'root' : instancePath}: ${message}`)
  }
  return [...new Set(items)].slice(0, 8).join('; ') || 'does not match the schema'
}

function names(params: object, key: string): string[] {
  const value = (params as Record<string, unknown>)[key]
  return Array.isArray(value) ? value.map(String) : []
}
