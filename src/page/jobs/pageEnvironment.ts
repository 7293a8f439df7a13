/** Describes the browser and its machine, for a benchmark's result. */
import type { HostEnvironment } from '../../benchmark/runBenchmark.ts';

/** The part of `navigator` that is read. TypeScript's declarations lack what only Chromium has. */
export interface NavigatorFacts {
  readonly userAgent: string;
  readonly hardwareConcurrency: number;
  /** Chromium only. */
  readonly userAgentData?: UserAgentData;
  /** Chromium only, and not in workers. */
  readonly getBattery?: () => Promise<{ readonly charging: boolean; readonly level: number }>;
}

/** https://wicg.github.io/ua-client-hints/ */
export interface UserAgentData {
  readonly brands: readonly Brand[];
  readonly platform: string;
  getHighEntropyValues(hints: readonly string[]): Promise<PlatformDetails>;
}

export interface Brand {
  readonly brand: string;
  readonly version: string;
}

/** Each may be missing or empty. */
export interface PlatformDetails {
  /** 'x86' or 'arm'. */
  readonly architecture?: string;
  /** '64' or '32'. */
  readonly bitness?: string;
  readonly platformVersion?: string;
}

/** Never throws: it leaves out what the browser does not tell. */
export async function readPageEnvironment(
  from: NavigatorFacts = navigator,
  isIsolated = crossOriginIsolated,
): Promise<HostEnvironment> {
  const { userAgent, userAgentData, hardwareConcurrency } = from;
  const details = await userAgentData
    ?.getHighEntropyValues(['architecture', 'bitness', 'platformVersion'])
    .catch(() => undefined);
  const battery = await from.getBattery?.().catch(() => undefined);
  return {
    runtime: 'browser',
    name: browserName(userAgent, userAgentData?.brands),
    userAgent,
    system: userAgentData ? platformName(userAgentData.platform, details) : systemName(userAgent),
    threads: hardwareConcurrency,
    isIsolated,
    ...(battery && { battery: { isCharging: battery.charging, level: battery.level } }),
  };
}

/**
 * Name and major version: 'Firefox 153'.
 * @param brands distinguish browsers based on Chromium, which share a user agent
 */
export function browserName(userAgent: string, brands: readonly Brand[] = []): string {
  // Chromium adds a meaningless brand in changing spellings ('Not(A:Brand'), so that sites do not rely on the list.
  const named = brands.filter(({ brand }) => !/not.*brand/i.test(brand));
  const own = named.find(({ brand }) => brand !== 'Chromium') ?? named[0];
  if (own !== undefined) {
    const name = own.brand === 'HeadlessChrome' ? 'Chromium' : own.brand;
    return `${name.replace(/^(Google|Microsoft) /, '')} ${own.version}`;
  }
  for (const [pattern, name] of userAgentNames) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) return `${name} ${version}`;
  }
  return 'an unnamed browser';
}

/** Browsers that also claim to be another one come before it. */
const userAgentNames: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:A|iOS)?\/(\d+)/, 'Edge'],
  [/\bOPR\/(\d+)/, 'Opera'],
  [/\bSamsungBrowser\/(\d+)/, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, 'Firefox'],
  [/\bHeadlessChrome\/(\d+)/, 'Chromium'],
  [/\b(?:Chrome|CriOS)\/(\d+)/, 'Chrome'],
  [/\bVersion\/(\d+(?:\.\d+)?).* Safari\//, 'Safari'],
];

/** System and processor from a user agent: 'Linux x86_64'. Leaves out what browsers have frozen. */
export function systemName(userAgent: string): string {
  const platform = /\(([^)]*)\)/.exec(userAgent)?.[1] ?? '';
  const ios = /\b(?:iPhone )?OS (\d+)_(\d+)/.exec(platform);
  if (/^(iPhone|iPad|iPod)/.test(platform)) return ios ? `iOS ${ios[1]!}.${ios[2]!}` : 'iOS';
  if (platform.includes('Android')) return 'Android';
  // Windows 11 says 10 too, and Macs with Apple's processors say Intel.
  if (platform.startsWith('Windows')) {
    return `Windows${/\b(Win64|WOW64|x64)\b/.test(platform) ? ' x86_64' : ''}`;
  }
  if (platform.startsWith('Macintosh')) return 'macOS';
  const chromeOs = /\bCrOS (\w+)/.exec(platform)?.[1];
  if (chromeOs !== undefined) return `ChromeOS ${chromeOs}`;
  return /\bLinux(?: \w+)?/.exec(platform)?.[0] ?? (platform || 'unknown');
}

/** System and processor from Chromium's user-agent client hints. */
export function platformName(platform: string, details: PlatformDetails = {}): string {
  const { architecture = '', bitness = '' } = details;
  const x86 = bitness === '64' ? 'x86_64' : 'x86';
  const processor = architecture === 'x86' ? x86 : architecture && `${architecture}${bitness}`;
  return [platform || 'unknown', systemVersion(platform, details), processor]
    .filter((part) => part !== '')
    .join(' ');
}

function systemVersion(platform: string, { platformVersion = '' }: PlatformDetails): string {
  const [major = '', minor] = platformVersion.split('.');
  // Windows gives the version of an API here; Windows 11 begins with 13.
  if (platform === 'Windows') return Number(major) >= 13 ? '11' : Number(major) > 0 ? '10' : '';
  if (platform === 'macOS') return [major, minor].filter(Boolean).join('.');
  return platform === 'Android' ? major : '';
}
