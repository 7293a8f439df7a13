/** User agents as browsers send them; what they mean is read off by hand. */
import { describe, expect, it } from 'vitest';

import {
  browserName,
  platformName,
  readPageEnvironment,
  systemName,
} from '../../../src/page/jobs/pageEnvironment.ts';

describe('browser and system of a user agent', () => {
  const chrome = 'AppleWebKit/537.36 (KHTML, like Gecko)';
  it.each([
    [
      'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0',
      'Firefox 153',
      'Linux x86_64',
    ],
    [
      `Mozilla/5.0 (X11; Linux x86_64) ${chrome} HeadlessChrome/156.0.0.0 Safari/537.36`,
      'Chromium 156',
      'Linux x86_64',
    ],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Chrome/141.0.0.0 Safari/537.36`,
      'Chrome 141',
      'Windows x86_64',
    ],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0`,
      'Edge 141',
      'Windows x86_64',
    ],
    [
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${chrome} Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0`,
      'Opera 124',
      'macOS',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15',
      'Safari 26.0',
      'macOS',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1',
      'Safari 26.0',
      'iOS 18.6',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1',
      'Chrome 141',
      'iOS 18.6',
    ],
    [
      `Mozilla/5.0 (Linux; Android 10; K) ${chrome} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
      'Samsung Internet 28',
      'Android',
    ],
    [
      'Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0',
      'Firefox 145',
      'Android',
    ],
    [
      `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${chrome} Chrome/141.0.0.0 Safari/537.36`,
      'Chrome 141',
      'ChromeOS x86_64',
    ],
    ['curl/8.5.0', 'an unnamed browser', 'unknown'],
  ])('%s', (userAgent, name, system) => {
    expect(browserName(userAgent)).toBe(name);
    expect(systemName(userAgent)).toBe(system);
  });
});

describe('brands', () => {
  // Chrome, Edge, Brave and plain Chromium have one and the same user agent but for what follows it.
  it.each([
    ['Chrome 141', 'Google Chrome', 'Not?A_Brand'],
    ['Edge 141', 'Microsoft Edge', 'Not(A:Brand'],
    ['Brave 141', 'Brave', 'Not=A?Brand'],
  ])(
    'tell %s from Chromium, whatever brand without a meaning is beside them',
    (name, own, none) => {
      const brands = [
        { brand: own, version: '141' },
        { brand: none, version: '8' },
        { brand: 'Chromium', version: '141' },
      ];
      expect(browserName('Chrome/141.0.0.0', brands)).toBe(name);
    },
  );

  it('Chromium alone is Chromium', () => {
    const brands = [
      { brand: 'Not:A-Brand', version: '8' },
      { brand: 'Chromium', version: '156' },
    ];
    expect(browserName('HeadlessChrome/156.0.0.0', brands)).toBe('Chromium 156');
  });
});

it.each([
  ['Linux', { architecture: 'x86', bitness: '64', platformVersion: '' }, 'Linux x86_64'],
  [
    'Windows',
    { architecture: 'x86', bitness: '64', platformVersion: '15.0.0' },
    'Windows 11 x86_64',
  ],
  [
    'Windows',
    { architecture: 'arm', bitness: '64', platformVersion: '10.0.0' },
    'Windows 10 arm64',
  ],
  ['macOS', { architecture: 'arm', bitness: '64', platformVersion: '15.6.1' }, 'macOS 15.6 arm64'],
  ['Android', { architecture: '', bitness: '', platformVersion: '16.0.0' }, 'Android 16'],
  ['', {}, 'unknown'],
])('of the client hints %s %j, the system is %s', (platform, details, system) => {
  expect(platformName(platform, details)).toBe(system);
});

describe('the page environment', () => {
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0';

  it('are what the browser tells, and no more', async () => {
    const facts = { userAgent: firefox, hardwareConcurrency: 8 };
    expect(await readPageEnvironment(facts, true)).toEqual({
      runtime: 'browser',
      name: 'Firefox 153',
      userAgent: firefox,
      system: 'Linux x86_64',
      threads: 8,
      isIsolated: true,
    });
  });

  it('have a battery and client hints where there are any', async () => {
    const found = await readPageEnvironment(
      {
        userAgent: 'HeadlessChrome/156.0.0.0',
        hardwareConcurrency: 2,
        userAgentData: {
          brands: [{ brand: 'Chromium', version: '156' }],
          platform: 'Linux',
          getHighEntropyValues: () => Promise.resolve({ architecture: 'x86', bitness: '64' }),
        },
        getBattery: () => Promise.resolve({ charging: false, level: 0.4 }),
      },
      false,
    );
    expect(found).toMatchObject({
      system: 'Linux x86_64',
      isIsolated: false,
      battery: { isCharging: false, level: 0.4 },
    });
  });

  it('come without what a policy of the page forbids', async () => {
    const found = await readPageEnvironment(
      {
        userAgent: 'HeadlessChrome/156.0.0.0',
        hardwareConcurrency: 2,
        userAgentData: {
          brands: [{ brand: 'Chromium', version: '156' }],
          platform: 'Linux',
          getHighEntropyValues: () => Promise.reject(new Error('NotAllowedError')),
        },
        getBattery: () => Promise.reject(new Error('NotAllowedError')),
      },
      true,
    );
    expect(found.system).toBe('Linux');
    expect(found).not.toHaveProperty('battery');
  });
});
