/**
 * Imported before anything else of the page runs. Chromium on a Linux without a language (LANG=C or POSIX) says that its language is
 * 'en-US@posix', which is no language tag: `Intl` throws at it, and uPlot asks `Intl` when it is loaded.
 */
try {
  new Intl.NumberFormat(navigator.language);
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  Object.defineProperty(navigator, 'language', { value: 'en-US' });
}
