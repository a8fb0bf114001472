/** Which files are of any use to this gateway, for whoever lets a person choose one. */
export interface FilesTaken {
  /** What a file is, by its content; `sound` is only looked for where it is claimed. Undefined: nothing that is read here. */
  kindOf(bytes: Uint8Array, claims: { name?: string; mimeType?: string; sound: boolean }): 'image' | 'sound' | 'document' | undefined
  /** What is read here now. `sound`: there is something that turns it into words. */
  now(): { documents: boolean; sound: boolean }
}
