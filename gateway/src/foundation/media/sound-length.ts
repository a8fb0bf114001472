/** No codec people record speech with takes less; what tells nothing of itself is taken to be this long. */
const bitsPerSecondMin = 8_000
/** No recording holds more in a second; a file that claims to be shorter is not believed. */
const bitsPerSecondMax = 2_000_000
const layer3Kbps = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
const layer3LowKbps = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]

/** How long a sound plays, in seconds, as its own head says; of one that says nothing, the most it can be. */
export function soundSeconds(bytes: Buffer, extension: string): number {
  const most = (bytes.length * 8) / bitsPerSecondMin
  const said = extension === 'ogg' ? oggSeconds(bytes) : extension === 'wav' ? wavSeconds(bytes) : extension === 'mp3' ? mp3Seconds(bytes) : extension === 'm4a' ? mp4Seconds(bytes) : undefined
  return said === undefined || !Number.isFinite(said) || said <= 0 ? most : Math.min(most, Math.max(said, (bytes.length * 8) / bitsPerSecondMax))
}

/** The last page says how many samples there are; Opus counts them at 48 kHz, whatever was recorded. */
function oggSeconds(bytes: Buffer): number | undefined {
  const last = bytes.lastIndexOf('OggS', undefined, 'latin1')
  if (last < 0 || last + 14 > bytes.length || !bytes.subarray(0, 300).includes('OpusHead')) return undefined
  return Number(bytes.readBigInt64LE(last + 6)) / 48_000
}

function wavSeconds(bytes: Buffer): number | undefined {
  if (bytes.length < 44) return undefined
  const perSecond = bytes.readUInt32LE(28)
  return perSecond === 0 ? undefined : (bytes.length - 44) / perSecond
}

/** By the bit rate of the first frame: a sound of changing rate is told too long or too short by that. */
function mp3Seconds(bytes: Buffer): number | undefined {
  const tag = bytes.length > 10 && bytes.toString('latin1', 0, 3) === 'ID3' ? 10 + (((bytes[6] ?? 0) << 21) | ((bytes[7] ?? 0) << 14) | ((bytes[8] ?? 0) << 7) | (bytes[9] ?? 0)) : 0
  const [sync, version, rate] = [bytes[tag], bytes[tag + 1], bytes[tag + 2]]
  if (sync !== 0xff || version === undefined || rate === undefined || (version & 0xe0) !== 0xe0) return undefined
  const kbps = ((version >> 3) & 3) === 3 ? layer3Kbps[rate >> 4] : layer3LowKbps[rate >> 4]
  return kbps === undefined || kbps === 0 ? undefined : ((bytes.length - tag) * 8) / (kbps * 1_000)
}

function mp4Seconds(bytes: Buffer): number | undefined {
  const at = bytes.indexOf('mvhd', 0, 'latin1')
  if (at < 0 || at + 36 > bytes.length) return undefined
  const isLong = bytes[at + 4] === 1
  const scale = bytes.readUInt32BE(at + (isLong ? 24 : 16))
  return scale === 0 ? undefined : (isLong ? Number(bytes.readBigUInt64BE(at + 28)) : bytes.readUInt32BE(at + 20)) / scale
}
