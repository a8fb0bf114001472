import { signal } from '@preact/signals'
import type { Stage } from '../stage.ts'

/** The key somebody was sent to see (`gateway.bind`): its field takes the focus once it stands, and takes this away. */
export const soughtSetting = signal<string | undefined>(undefined)

/** Leads into the settings, to the field of one key. */
export function seekSetting(stage: Stage, path: string): void {
  soughtSetting.value = path
  stage.place.enter('settings')
}
