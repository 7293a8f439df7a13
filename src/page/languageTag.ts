/**
 * Gives a browser without a proper language English.
 *
 * Chromium on a Linux without a language (LANG=C or POSIX) says that its language is 'en-US@posix', which is no
 * language tag: `Intl` throws at it, and uPlot asks `Intl` as soon as it is loaded.
 */
export function mendLanguage(): void {
  if (isLanguageTag(navigator.language)) return;
  Object.defineProperty(navigator, 'language', { value: 'en-US' });
}

function isLanguageTag(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
