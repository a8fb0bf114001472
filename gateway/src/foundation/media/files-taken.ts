import type { ConfigView } from '@moltbot/contract'
import { mediaSection } from './config.ts'
import { fileKind } from './file-kind.ts'
import { knownTranscribers } from './transcribe.ts'
import type { FilesTaken } from './types.ts'

/** `providers`: whose models answer in this gateway. */
export function createFilesTaken({ config, providers }: { config: ConfigView; providers(): readonly string[] }): FilesTaken {
  return {
    kindOf: (bytes, claims) => fileKind(bytes, claims)?.kind,
    now() {
      const { document, audio } = config.get(mediaSection)
      return { documents: document.enabled, sound: audio.enabled && (audio.models.length > 0 || knownTranscribers.some((name) => providers().includes(name))) }
    },
  }
}
