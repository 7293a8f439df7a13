/** Writes the data out as the page reads it: bytes as they are, one file a set and kind. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { JobData } from '../../src/benchmark/trainJob.ts';
import { sliceDataset, type Dataset } from '../../src/data/dataset.ts';
import type { Mount } from '../../src/node/server.ts';
import { TemporaryFolder } from '../../src/node/temporaryFolder.ts';
import { dataPath, firstSamples, setNames, type SetName } from './page/data.ts';

export interface DataFolder {
  readonly mount: Mount;
  dispose(): void;
}

export async function writeData({ training, test }: JobData): Promise<DataFolder> {
  const folder = await TemporaryFolder.create('nudge-peers-data-');
  folder.removeAtExit();
  const first = sliceDataset(training, 0, Math.min(firstSamples, training.sampleCount));
  const sets: Record<SetName, Dataset> = { training, test, first };
  for (const name of setNames) {
    await writeFile(join(folder.path, `${name}.features`), sets[name].features);
    await writeFile(join(folder.path, `${name}.labels`), sets[name].labels);
  }
  const files = setNames.flatMap((name) => [`${name}.features`, `${name}.labels`]);
  return {
    mount: { path: dataPath, folder: folder.path, files },
    dispose: () => folder.dispose(),
  };
}
