/**
 * The checks shelf: one file per question about the installation's security posture, each a pure function over a snapshot of
 * facts. A check never looks at the machine itself and never changes anything: what would mend a finding is returned as data.
 */
export { checks } from './index.gen.ts'
