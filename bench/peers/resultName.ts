import type { Results } from './results.ts';

/** '2026-11-23-swiftshader-chromium': the name of a result's files, without what a file name should not have. */
export function resultName({
  date,
  adapter,
  browser,
}: Pick<Results, 'date' | 'adapter' | 'browser'>): string {
  const { architecture = '', vendor = '', description = '' } = adapter ?? {};
  const known = [architecture, description, vendor].find((text) => text !== '');
  const device = known ?? (adapter === undefined ? 'no-adapter' : 'unnamed-adapter');
  const words = [date.slice(0, 10), device, browser.name].join('-').toLowerCase();
  return words.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
}
