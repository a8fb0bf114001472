import Type from 'typebox'
import { defineSection } from '@moltbot/contract'

/** Where the record is anchored and told, and how long it is kept. */
export const auditSection = defineSection({
  path: 'audit',
  title: 'The record: where it is anchored, where else it is told, how long it is kept',
  reload: 'hot',
  schema: Type.Object({
    anchor: Type.Object({
      file: Type.String({ default: '', description: 'The file that signed checkpoints are appended to, outside the state directory. Empty: `moltbot/audit-anchor.jsonl` under `$XDG_STATE_HOME` or `~/.local/state`. `none`: no file; then a restored older database is noticed only by the other anchors.' }),
      journald: Type.Boolean({ default: false, description: 'Also write each checkpoint into the system journal (`journalctl -t moltbot-audit`).' }),
      syslog: Type.String({ default: '', description: 'Also send each checkpoint to this syslog receiver: `local`, `udp://host:514`, `tcp://host:601` or `unix:/path`. Empty: none.' }),
    }, { default: {}, description: 'Where signed checkpoints go, so that a database that was cut, restored or replaced is noticed.' }),
    checkpointEvery: Type.Object({
      rows: Type.Integer({ default: 1_000, minimum: 10, maximum: 1_000_000, description: 'After how many entries a checkpoint is made at the latest.' }),
      minutes: Type.Integer({ default: 15, minimum: 1, maximum: 1_440, description: 'After how many minutes a checkpoint is made at the latest, if there was anything to record.' }),
    }, { default: {}, description: 'How often a checkpoint is made. One is also made when the gateway stops.' }),
    retentionDays: Type.Integer({ default: 0, minimum: 0, maximum: 36_500, description: 'Entries older than this are dropped, a signed checkpoint in their place, so that the rest stays verifiable. 0: all are kept.' }),
    sinks: Type.Object({
      syslog: Type.String({ default: '', description: 'Send every entry to this syslog receiver (RFC 5424): `local`, `udp://host:514`, `tcp://host:601` or `unix:/path`. Empty: off.' }),
      otlp: Type.String({ default: '', description: 'Send every entry to this OpenTelemetry collector as logs over HTTP (`http://127.0.0.1:4318/v1/logs`). Empty: off.' }),
    }, { default: {}, description: 'Where else entries are told. A receiver that is slow or away never holds anything up; what it missed is in the record.' }),
  }, { default: {} }),
})
