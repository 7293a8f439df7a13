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
import type { CheckpointEnd, CheckpointEvent } from './page/checkpoints.ts';

export interface PageKillReport {
  /** Kills of a page's renderer process. */
  pages: number;
  browsers: number;
  /** Checkpoints that pages said were written. */
  acknowledged: number;
  /** Kills after which a file was damaged. */
  damaged: number;
  /** Kills after which the newest checkpoint was older than one that was acknowledged. */
  lost: number;
  /** Trainings whose parameters are not those of one that nothing interrupted. */
  wrong: number;
}

/** A training is killed so often: the browser as the last, else the page. The next training begins anew. */
const killsPerTraining = 5;
/** A page writes a checkpoint in about 10 ms. The first page of a training is killed about then, the others within this time. */
const [firstLifeMs, longestLifeMs] = [30, 300];

/**
 * Kills pages, one after another, with one origin and one profile.
 * @throws {NudgeError} when a page cannot go on after a kill
 */
export async function killPages(kills: number, signal: AbortSignal): Promise<PageKillReport> {
  const found = await findBrowser();
  const profile = await TemporaryFolder.create('nudge-kills-');
  profile.removeAtExit();
  const site = await serveBenchPage();
  const launch = () =>
    launchBrowser(found, { adapter: 'software', handleSignals: false, profile: profile.path });
  let browser = await launch();
  const random = new Random(1, 0);
  const report = { pages: 0, browsers: 0, acknowledged: 0, damaged: 0, lost: 0, wrong: 0 };

  /** @returns the last step that was acknowledged */
  const killPage = async (training: string, kill: number, last: number): Promise<number> => {
    const link = await PageLink.open(browser, site.url);
    const isBrowser = kill === killsPerTraining;
    const killing = isBrowser ? killBrowser : killRenderers;
    let acknowledged = last;
    let dying: Promise<void> | undefined;
    const onEvent = (event: CheckpointEvent) => {
      if (event.type === 'written') {
        acknowledged = event.step;
        report.acknowledged++;
        return;
      }
      if (event.step < last) report.lost++;
      if (event.problem !== undefined) report.damaged++;
      const life = random.integer(kill === 1 ? firstLifeMs : longestLifeMs);
      dying = sleep(life).then(() => killing(browser));
      // It is awaited below.
      dying.catch(() => undefined);
    };
    const ended = await link
      .call<never, CheckpointEvent>('writeCheckpoints', training, { onEvent })
      .catch((error: unknown) => error);
    if (!(ended instanceof BrowserError) || !dying) {
      const kills = report.pages + report.browsers;
      throw new NudgeError(`After ${kills} kills, the page does not go on: ${String(ended)}`);
    }
    await dying;
    if (isBrowser) browser = await launch();
    report[isBrowser ? 'browsers' : 'pages']++;
    return acknowledged;
  };

  try {
    for (let begun = 0; report.pages + report.browsers < kills; begun++) {
      const training = `training ${begun}`;
      let last = 0;
      for (let kill = 1; kill <= killsPerTraining; kill++) {
        signal.throwIfAborted();
        last = await killPage(training, kill, last);
      }
      const link = await PageLink.open(browser, site.url);
      const end = await link.call<CheckpointEnd, never>('compareCheckpoint', training, {});
      if (end.step < last) report.lost++;
      if (!end.isSame) report.wrong++;
    }
    return report;
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
