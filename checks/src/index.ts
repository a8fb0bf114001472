/**
 * The checks shelf: one file per question about the installation's security posture, each a pure function over a snapshot of
 * facts. A check never looks at the machine itself and never changes anything. There are none yet.
 */
export {}
