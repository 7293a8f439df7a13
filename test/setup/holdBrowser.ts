/** A whole program for test/page/launchBrowser.test.ts: start a browser, give its number, and end as told. */
import { findBrowser } from '../../src/node/browser.ts';
import { launchBrowser } from '../../src/node/launchBrowser.ts';

const browser = await launchBrowser(await findBrowser(), { adapter: 'software' });
process.stdout.write(`${browser.process()!.pid!}\n`);
if (process.argv[2] === 'exit') process.exit(0);
if (process.argv[2] === 'throw') throw new Error('a mistake of the program');
setInterval(() => undefined, 1000);
