import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'
import { redactLike } from '../wire/redaction.ts'

/** `file`: another file than the configuration, where the place is in that. */
const Issue = Type.Object({ path: Type.String(), message: Type.String(), file: Type.Optional(Type.String()), line: Type.Integer(), column: Type.Integer() })
const Tree = Type.Record(Type.String(), Type.Unknown())

export const configGet = defineMethod({
  name: 'config.get',
  scope: 'operator.read',
  summary: 'The configuration as written and as it is in force. Secrets are shown as a mark that, written back, keeps the stored value.',
  params: open({}),
  result: Type.Object({
    path: Type.String(),
    exists: Type.Boolean(),
    raw: Type.Union([Type.String(), Type.Null()]),
    parsed: Tree,
    valid: Type.Boolean(),
    config: Tree,
    /** SHA-256 hex of the file; the `baseHash` of the next write. */
    hash: Type.Optional(Type.String()),
    issues: Type.Array(Issue),
    warnings: Type.Array(Issue),
    legacyIssues: Type.Array(Issue),
  }),
  async handle(_params, rooms) {
    const snapshot = rooms.config.snapshot()
    const issues = (severity: 'error' | 'warning') => snapshot.issues.filter((issue) => issue.severity === severity)
      .map(({ path, message, file, line, column }) => ({ path, message, ...(file === undefined ? {} : { file }), line, column }))
    const parsed = redactLike(snapshot.parsed, snapshot.effective)
    return {
      path: snapshot.path,
      exists: snapshot.exists,
      raw: snapshot.redactedRaw ?? null,
      parsed: (typeof parsed === 'object' && parsed !== null ? parsed : {}) as Record<string, unknown>,
      valid: issues('error').length === 0,
      config: snapshot.effective,
      ...(snapshot.hash === undefined ? {} : { hash: snapshot.hash }),
      issues: issues('error'),
      warnings: issues('warning'),
      legacyIssues: [],
    }
  },
})
