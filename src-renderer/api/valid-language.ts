/**
 * Under LANG=C Chromium calls its language “en-US@posix”, which Intl refuses with an exception; the chart library asks for
 * it while it loads. A name that Intl does not know is replaced by one it does.
 */
export function ensureValidLanguage(): void {
  try {
    Intl.getCanonicalLocales(navigator.language);
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
  }
}
