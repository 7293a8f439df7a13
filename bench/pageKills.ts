/** Kills pages and browsers while they write checkpoints, and looks at what they left. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Browser } from 'puppeteer';

import { BrowserError, NudgeError } from '../src/errors.ts';
import { Random } from '../src/network/random.ts';
import { findBrowser } from '../src/node/browser.ts';
import { closeBrowser, launchBrowser } from '../src/node/launchBrowser.ts';
import { PageLink } from '../src/node/pageLink.ts';
import { TemporaryFolder } from '../src/node/temporaryFolder.ts';
import { serveBenchPage } from './openPage.ts';
import type { CheckpointEvent } from './page/checkpoints.ts';

export interface PageKillReport {
  readonly kills: number;
  /** Those of the whole browser. The others are of the page's renderer process. */
  readonly browserKills: number;
  /** Checkpoints that pages said were written. */
  readonly acknowledged: number;
  /** Kills after which a file was damaged, or none could be read; must be 0. */
  readonly unreadable: number;
  /** Kills after which the newest checkpoint was older than one that was acknowledged; must be 0. */
  readonly lost: number;
  /** Steps in the end, and whether the parameters are those of a training that nothing interrupted. */
  readonly end: { readonly step: number; readonly isSame: boolean };
}

/** Every so many kills, the whole browser is killed. */
const browserKillEvery = 5;
/** A page is killed at a random moment until so many milliseconds after it goes on. It writes a checkpoint in about 10 ms. */
const longestLifeMs = 300;

/** @param kills pages, one after another, with one origin and one profile */
export async function killPages(kills: number, signal: AbortSignal): Promise<PageKillReport> {
  const found = await findBrowser();
  const profile = await TemporaryFolder.create('nudge-kills-');
  profile.removeAtExit();
  const site = await serveBenchPage();
  const launch = () =>
    launchBrowser(found, { adapter: 'software', handleSignals: false, profile: profile.path });
  let browser = await launch();
  try {
    const random = new Random(1, 0);
    const report = { kills, browserKills: 0, acknowledged: 0, unreadable: 0, lost: 0 };
    let last = 0;
    for (let kill = 1; kill <= kills; kill++) {
      signal.throwIfAborted();
      const isBrowser = kill % browserKillEvery === 0;
      const killing = isBrowser ? killBrowser : killRenderers;
      const link = await PageLink.open(browser, site.url);
      let dying: Promise<void> | undefined;
      const onEvent = (event: CheckpointEvent) => {
        if (event.type === 'written') {
          last = event.step;
          report.acknowledged++;
          return;
        }
        if (event.step < last) report.lost++;
        if (event.problem !== undefined) report.unreadable++;
        dying = sleep(random.integer(longestLifeMs)).then(() => killing(browser));
        // It is awaited below.
        dying.catch(() => undefined);
      };
      const ended = await link
        .call<never, CheckpointEvent>('writeCheckpoints', undefined, { onEvent })
        .catch((error: unknown) => error);
      if (!(ended instanceof BrowserError) || !dying) {
        throw new NudgeError(`After ${kill - 1} kills, the page does not go on.`, { cause: ended });
      }
      await dying;
      if (isBrowser) {
        report.browserKills++;
        browser = await launch();
      }
    }
    const link = await PageLink.open(browser, site.url);
    const end = await link.call<PageKillReport['end'], never>('compareCheckpoint', undefined, {});
    if (end.step < last) report.lost++;
    return { ...report, end };
  } finally {
    await closeBrowser(browser);
    await site.close();
    profile.dispose();
  }
}

/** Of the page, and those that the browser keeps ready for other pages. */
async function killRenderers(browser: Browser): Promise<void> {
  const session = await browser.target().createCDPSession();
  const renderers = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    return processInfo.flatMap(({ type, id }) => (type === 'renderer' ? [id] : []));
  };
  const killed = await renderers();
  for (const id of killed) process.kill(id, 'SIGKILL');
  // Until the browser has noticed, it may give the next page one that is dead, and that page never loads.
  while ((await renderers()).some((id) => killed.includes(id))) await sleep(5);
  await session.detach();
}

async function killBrowser(browser: Browser): Promise<void> {
  const main = browser.process()!;
  const exit = once(main, 'exit');
  // Puppeteer makes the main process the leader of a process group.
  process.kill(-main.pid!, 'SIGKILL');
  await exit;
}
