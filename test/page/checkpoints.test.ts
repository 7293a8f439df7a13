/** Checkpoints in a browser: in the files of a page's origin, from a page and from a worker, and over a reload. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';
import { createServer } from 'vite';

import { loadParameters } from '../../src/formats/parameters.ts';
import { findBrowser } from '../../src/node/browser.ts';
import { launchBrowser } from '../../src/node/launchBrowser.ts';
import { callCli, makeFolder, writeTinyMnist } from '../cli/runCli.ts';
import { root } from '../docs/commands.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writeTinyMnist(join(folder, 'tiny'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Trains in the page or the worker that runs it, and stores the run; an earlier run there goes on. */
const program = `async (nudge, steps) => {
  const { training } = nudge.digits({ trainingCount: 40, testCount: 1 });
  const checkpoints = nudge.originCheckpoints('run');
  const newest = await checkpoints.readNewest();
  const options = { backend: 'cpu', threads: 0, batchSize: 10, optimizer: nudge.adam() };
  const network = new nudge.Network({ layers: [784, 8, 10] });
  const trainer = newest
    ? await nudge.Trainer.resume(newest.bytes)
    : await nudge.Trainer.create(network, options);
  const begin = trainer.step;
  for await (const { step } of trainer.fit(training, { steps, reportEvery: 1 })) {
    await checkpoints.write(await trainer.checkpoint());
  }
  const { sequence, problem } = await checkpoints.readNewest();
  const hash = await nudge.sha256(new Uint8Array((await trainer.network()).parameters.buffer));
  await trainer.dispose();
  return { begin, end: trainer.step, sequence, problem, hash };
}`;

it('a run goes on after a reload, in a page and in a worker, with the bits of a run at once', async () => {
  const server = await createServer({
    root: `${root}src`,
    configFile: `${root}vite.config.ts`,
    server: { port: 0 },
    logLevel: 'error',
  });
  const browser = await launchBrowser(await findBrowser(), { adapter: 'software' });
  try {
    await server.listen();
    const origin = server.resolvedUrls!.local[0]!;
    const page = await browser.newPage();
    const inPage = async (steps: number) => {
      await page.goto(`${origin}index.ts`);
      return await page.evaluate(
        `import('${origin}index.ts').then((n) => (${program})(n, ${steps}))`,
      );
    };
    const inWorker = async (steps: number) => {
      await page.goto(`${origin}index.ts`);
      const code = `import * as nudge from '${origin}index.ts'; (${program})(nudge, ${steps}).then(postMessage, (error) => postMessage(String(error)));`;
      return await page.evaluate(`new Promise((resolve) => {
        const blob = new Blob([${JSON.stringify(code)}], { type: 'text/javascript' });
        const worker = new Worker(URL.createObjectURL(blob), { type: 'module' });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => resolve(message);
      })`);
    };
    const damage = (change: string) =>
      page.evaluate(`navigator.storage.getDirectory().then(async (root) => {
        const folder = await root.getDirectoryHandle('run');
        ${change}
      })`);
    expect(await inPage(3)).toMatchObject({ begin: 0, end: 3, sequence: 3 });
    expect(await inWorker(3)).toMatchObject({ begin: 3, end: 6, sequence: 6 });
    // A tab that was killed while it wrote: the newest is not whole.
    await damage(`const file = await folder.getFileHandle('b.safetensors');
        const bytes = await (await file.getFile()).arrayBuffer();
        const stream = await file.createWritable();
        await stream.write(bytes.slice(0, 1000));
        await stream.close();`);
    // A report behind the steps, the last two checkpoints are of the same step.
    const parts = await inPage(5);
    expect(parts).toMatchObject({ begin: 6, end: 11, sequence: 10 });
    await damage(`await root.removeEntry('run', { recursive: true });`);
    const { hash } = (await inPage(11)) as { hash: string };
    expect(parts).toMatchObject({ hash });
  } finally {
    await browser.close();
    await server.close();
  }
});

it('a page goes on with what Node began, and Node with what the page wrote', async () => {
  const tiny = ['--data', 'tiny', '--layers', '16,8,10', '--batch-size', '16', '--threads', '2'];
  const run = async (...args: string[]) => {
    const { code, stderr } = await callCli(['train', ...args], { cwd: folder });
    expect(code, stderr).toBe(0);
    return stderr;
  };
  const options = [...tiny, '--backend', 'cpu', '--optimizer', 'adam'];
  await run(...options, '--steps', '30', '--save', 'whole.st');
  await run(...options, '--steps', '10', '--checkpoint', 'run');
  const resume = ['--resume', 'run', '--runtime'];
  const note = await run(...resume, 'chromium', '--steps', '20', '--json', 'page.json');
  const report = JSON.parse(await readFile(join(folder, 'page.json'), 'utf8')) as {
    readonly resumedFrom: { readonly plan: string };
    readonly plan: string;
  };
  expect(report).toMatchObject({
    ...{ resumedFrom: { step: 10 }, steps: 20, runtime: { name: 'chromium' } },
    checkpoint: { folder: 'run', failure: null },
  });
  await run(...resume, 'node', '--steps', '30', '--save', 'parts.st');
  const [whole, parts] = await Promise.all(
    ['whole.st', 'parts.st'].map((file) => readFile(join(folder, file))),
  );
  if (report.plan === report.resumedFrom.plan) {
    expect(note).not.toContain('may differ');
    expect(parts).toEqual(whole);
  } else {
    // Node 20 has no relaxed SIMD, which the browser has.
    expect(note).toMatch(
      /made with cpu \(simd\), and this run used cpu \(relaxed-simd\)\. The bits/,
    );
    const found = loadParameters(parts!).parameters;
    loadParameters(whole!).parameters.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 3));
  }
});
