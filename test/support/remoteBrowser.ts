/** A browser as somebody else starts it: on its own, with a port by which others can drive it. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { FoundBrowser } from '../../src/node/browser.ts';
import { chromiumArguments } from '../../src/node/launchBrowser.ts';

export interface RemoteBrowser {
  /** To connect to. */
  readonly endpoint: string;
  isRunning(): boolean;
  /** Addresses of all its open pages; of Chromium only. */
  pages(): Promise<string[]>;
  /** Doing it twice does no harm. */
  end(): Promise<void>;
}

/** The one page that it had open before; a run must leave it alone. */
export const ownPage = 'data:text/html,mine';

/** Of Firefox: WebGPU, which it does not yet have everywhere by itself. */
const preferences = [
  'user_pref("dom.webgpu.enabled", true);',
  'user_pref("gfx.webgpu.ignore-blocklist", true);',
].join('\n');

export async function startRemoteBrowser(found: FoundBrowser): Promise<RemoteBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'nudge-remote-'));
  await writeFile(join(profile, 'user.js'), preferences);
  const isFirefox = found.kind === 'firefox';
  const args = isFirefox
    ? ['--headless', '--remote-debugging-port', '0', '--profile', profile, ownPage]
    : [
        '--headless',
        '--remote-debugging-port=0',
        `--user-data-dir=${profile}`,
        ...chromiumArguments('software'),
        ownPage,
      ];
  const child = spawn(found.executablePath, args, {
    env: { ...process.env, ...found.environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const address = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const listening = /listening on (ws:\S+)/.exec(said)?.[1];
      if (listening !== undefined) resolve(listening);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`It ended before it listened, and said: ${said}`)));
  });
  let ending: Promise<void> | undefined;
  return {
    endpoint: isFirefox ? `${address}/session` : address,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async pages() {
      const list = await fetch(`http://${new URL(address).host}/json/list`);
      const targets = (await list.json()) as { type: string; url: string }[];
      return targets.flatMap(({ type, url }) =>
        type === 'page' && !url.startsWith('chrome:') ? [url] : [],
      );
    },
    end: () =>
      (ending ??= (async () => {
        child.kill();
        await exited;
        // Its other processes may still be writing there for a moment.
        await rm(profile, { recursive: true, maxRetries: 10, retryDelay: 100 });
      })()),
  };
}
