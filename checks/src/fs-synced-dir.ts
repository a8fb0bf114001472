import { defineCheck } from '@moltbot/contract'

/** Folders that programs copy to other machines by themselves, by a part of their path. */
const synced = /(?:^|\/)(?:Dropbox(?: \([^/]*\))?|OneDrive(?: - [^/]*)?|Google ?Drive|GoogleDrive-[^/]*|My Drive|iCloud ?Drive|Mobile Documents|CloudStorage|Nextcloud|ownCloud|Sync|Syncthing|pCloudDrive|MEGA|Box Sync|Box)(?:\/|$)/i

export const fsSyncedDir = defineCheck({
  id: 'fs.synced_dir',
  severity: 'warn',
  title: 'State and configuration are not in a folder that is copied to a cloud',
  find: (facts) => [...new Set([facts.stateDir, facts.configFile, ...facts.files.filter(({ role }) => role === 'vault-key' || role === 'workspace').map(({ path }) => path)])]
    .filter((path) => synced.test(path.replaceAll('\\', '/')))
    // The folder is named once, not everything in it.
    .filter((path, _, all) => !all.some((other) => other !== path && path.startsWith(`${other}/`)))
    .map((path) => ({
      check: 'fs.synced_dir', severity: 'warn', subject: path,
      evidence: `${synced.exec(path.replaceAll('\\', '/'))?.[0].replaceAll('/', '') ?? 'A program'} copies this place to other machines; a database that is copied while in use breaks.`,
      remedy: 'Move it out, for example to ~/.moltbot, and make backups with a tool that encrypts.',
    })),
})
