import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolder {
  readonly path: string;
  /** Removes the folder with what is in it; calling it twice does no harm. */
  dispose(): void;
}

/** A fresh folder for this process, which the end of the process removes if nobody has before. */
export async function createTemporaryFolder(prefix: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  // Another process that is just ending may still add a file to a folder while it is being emptied.
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  process.once('exit', remove);
  return {
    path,
    dispose() {
      process.off('exit', remove);
      remove();
    },
  };
}
