import type { VNode } from 'preact'
import type { Stage } from '../stage.ts'
import { clockTime } from '../words.ts'
import { lastSave, type ConfigFile } from './config-file.ts'
import { Sure, useAct } from './pieces.tsx'
import { settingsText as say } from './settings-text.ts'

/** Puts the file back as it was before the last save of this page; gone once somebody else wrote it. */
export function UndoSave(props: { stage: Stage; file: ConfigFile; onUndone: () => void }): VNode | null {
  const { busy, act } = useAct(props.stage)
  const last = lastSave.value
  if (last === undefined || last.hash !== props.file.hash) return null
  return (
    <Sure label={say.undo} ask={say.undoAsk(clockTime(last.at))} danger={false} busy={busy} onYes={() => act(async () => {
      await props.stage.desk.ask('config.set', { raw: last.before, ...(last.hash === undefined ? {} : { baseHash: last.hash }) })
      lastSave.value = undefined
      props.onUndone()
      return say.undone
    })} />
  )
}
