import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { installCommand } from '../install-command.ts'
import type { IsolatedProgram, MadeUpFile } from '../isolation.ts'
import { workspaceInside } from '../isolation.ts'
import { refusedReadOnly } from '../toolchain.ts'
import type { BrowserConfig } from './config.ts'

/** Where systems put the program itself; their scripts around it look for files that are not inside. */
const usualPlaces = [
  '/usr/lib/chromium/chromium', '/usr/lib/chromium-browser/chromium-browser', '/usr/lib64/chromium-browser/chromium-browser', '/opt/google/chrome/chrome', '/opt/chromium/chrome', '/usr/bin/chromium', '/usr/bin/chromium-browser',
]
/** Where browsers of this family look for what an administrator has decided. */
const policyPlaces = ['/etc/chromium/policies/managed', '/etc/opt/chrome/policies/managed']

/**
 * What no page and no command of ours can change. Addresses that are none of the web, extensions, saved passwords, every permission a page can
 * ask for, and everything a browser says to its maker of its own accord.
 */
const policy = {
  URLBlocklist: ['file://*', 'chrome://*', 'chrome-untrusted://*', 'chrome-extension://*', 'devtools://*', 'view-source:*', 'ftp://*', 'filesystem:*', 'javascript://*'],
  ExtensionInstallBlocklist: ['*'], ExtensionSettings: { '*': { installation_mode: 'blocked' } }, BlockExternalExtensions: true,
  PasswordManagerEnabled: false, AutofillAddressEnabled: false, AutofillCreditCardEnabled: false, PaymentMethodQueryEnabled: false,
  DefaultNotificationsSetting: 2, DefaultGeolocationSetting: 2, DefaultWebUsbGuardSetting: 2, DefaultWebBluetoothGuardSetting: 2, DefaultWebHidGuardSetting: 2, DefaultSerialGuardSetting: 2, DefaultSensorsSetting: 2,
  DefaultFileSystemReadGuardSetting: 2, DefaultFileSystemWriteGuardSetting: 2, DefaultClipboardSetting: 2, DefaultLocalFontsSetting: 2, DefaultWindowManagementSetting: 2, AudioCaptureAllowed: false, VideoCaptureAllowed: false, ScreenCaptureAllowed: false,
  QuicAllowed: false, WebRtcIPHandling: 'disable_non_proxied_udp', DnsOverHttpsMode: 'off', BuiltInDnsClientEnabled: false, NetworkPredictionOptions: 2,
  SyncDisabled: true, BrowserSignin: 0, SigninAllowed: false, MetricsReportingEnabled: false, ComponentUpdatesEnabled: false, SafeBrowsingProtectionLevel: 0, SearchSuggestEnabled: false, TranslateEnabled: false, SpellCheckServiceEnabled: false,
  AlternateErrorPagesEnabled: false, BrowserNetworkTimeQueriesEnabled: false, UrlKeyedAnonymizedDataCollectionEnabled: false, EnableMediaRouter: false, CloudPrintProxyEnabled: false, DefaultBrowserSettingEnabled: false, BackgroundModeEnabled: false,
  DefaultSearchProviderEnabled: false, PromotionalTabsEnabled: false, ImportHistory: false,
}
const quietFeatures = [
  'MediaRouter', 'DialMediaRouteProvider', 'OptimizationHints', 'OptimizationGuideModelDownloading', 'OptimizationHintsFetching', 'AutofillServerCommunication', 'NetworkTimeServiceQuerying', 'InterestFeedContentSuggestions', 'Translate',
  'CertificateTransparencyComponentUpdater', 'HttpsUpgrades', 'HttpsFirstBalancedModeAutoEnable', 'GlobalMediaControls', 'AcceptCHFrame', 'PaintHolding', 'WebBluetooth', 'WebUSB', 'ExtensionManifestV2Unsupported',
]

/**
 * What the browser would tell its maker: these names are asked for without the proxy, and so, in a sandbox without a network, by nobody. Signing in
 * to the maker's own pages stays possible: only what the browser itself asks there goes to a name that does not exist.
 */
const nowhere = ['gaia.invalid', 'googleapis.invalid', 'update.googleapis.com', '*.gvt1.com', 'clients2.google.com', 'clientservices.googleapis.com', 'optimizationguide-pa.googleapis.com', 'content-autofill.googleapis.com', 'safebrowsing.googleapis.com']

/** The words after the program: one profile, one way out, nothing on its own account, and no port for anyone to attach to. */
const words = [
  // The wall is bubblewrap's: inside, no further namespaces can be made, and the browser's own need them.
  '--headless', '--no-sandbox', '--remote-debugging-pipe', `--user-data-dir=${workspaceInside}/profile`,
  '--proxy-server=http://127.0.0.1:3128', `--proxy-bypass-list=${['<-loopback>', ...nowhere].join(';')}`, '--gaia-url=https://gaia.invalid', '--google-apis-url=https://googleapis.invalid', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1', '--disable-quic', '--force-webrtc-ip-handling-policy=disable_non_proxied_udp', '--webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--disable-extensions', '--disable-component-extensions-with-background-pages', '--disable-component-update', '--disable-background-networking', '--disable-sync', '--disable-default-apps', '--disable-client-side-phishing-detection', '--disable-domain-reliability',
  '--disable-field-trial-config', '--disable-breakpad', '--disable-crash-reporter', '--no-pings', '--no-first-run', '--no-default-browser-check', '--no-service-autorun', '--disable-search-engine-choice-screen', '--metrics-recording-only', '--disable-prompt-on-repost', '--disable-back-forward-cache', '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding', '--disable-hang-monitor', '--enable-automation',
  '--password-store=basic', '--deny-permission-prompts', '--disable-notifications', '--disable-gpu', '--mute-audio', '--hide-scrollbars', '--log-level=3', '--lang=en-US', '--window-size=1280,900',
  '--disk-cache-size=67108864', '--media-cache-size=33554432', `--disable-features=${quietFeatures.join(',')}`, 'about:blank',
]

/** The browser that would be started, or why there is none and the one command that mends it. */
export function findChromium({ executablePath }: Pick<BrowserConfig, 'executablePath'>, own: readonly string[]): { path: string; readOnly: string[] } | { reason: string; remedy: string } {
  const path = executablePath ?? usualPlaces.find((each) => existsSync(each))
  if (path === undefined || !isFile(path)) {
    return { reason: path === undefined ? 'There is no Chromium on this machine.' : `There is no program at ${path}.`, remedy: path === undefined ? installCommand('chromium') : 'moltbot config unset browser.executablePath' }
  }
  const real = realpathSync(path)
  if (real.startsWith('/usr/')) return { path: real, readOnly: [] }
  const folder = dirname(real)
  const why = refusedReadOnly(folder, own)
  return why === undefined ? { path: real, readOnly: [folder] } : { reason: `The browser at ${path} cannot be used, because ${why}.`, remedy: 'moltbot config unset browser.executablePath' }
}

/** What is started for a browser whose files are in `folder`. */
export function chromiumProgram(found: { path: string; readOnly: string[] }, place: { folder: string; socket: string }, config: Pick<BrowserConfig, 'memoryMb' | 'downloadMb'>): IsolatedProgram {
  const text = JSON.stringify(policy)
  const files: MadeUpFile[] = policyPlaces.map((folder) => ({ path: `${folder}/moltbot.json`, text }))
  return {
    words: [found.path, ...words], folder: [], env: {}, workspace: place.folder, access: 'rw', hidden: [], pty: false, input: false, control: true, files, readOnly: found.readOnly,
    egress: { socket: place.socket, user: 'browser', password: '' },
    // One file more than the largest download may be: its databases and caches are files, too.
    limits: { memoryMb: config.memoryMb, processes: 1_024, fileMb: Math.max(256, config.downloadMb * 2), openFiles: 4_096, tmpMb: 256 },
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    // It is not there, or may not be looked at.
    return false
  }
}
