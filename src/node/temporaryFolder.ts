import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh folder for this process. */
export class TemporaryFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @param parent folder that it is made in, by default the system's for what is temporary */
  static async create(prefix: string, parent = tmpdir()): Promise<TemporaryFolder> {
    return new TemporaryFolder(await mkdtemp(join(parent, prefix)));
  }

  /**
   * Removes the folder at the end of this process, unless it was removed before. Exit listeners run in the order
   * in which they were added: what ends the folder's users has to come first.
   */
  removeAtExit(): void {
    process.once('exit', this.#remove);
  }

  /** Removes the folder with what is in it; calling it twice does no harm. */
  dispose(): void {
    process.off('exit', this.#remove);
    this.#remove();
  }

  readonly #remove = () => {
    // The children of a browser that was killed live on for a moment and may add a file to a folder
    // that was just emptied; `maxRetries` of rmSync would not look into that folder again.
    for (let tries = 1; ; tries++) {
      try {
        rmSync(this.path, { recursive: true, force: true });
        return;
      } catch (error) {
        if (tries === TRIES) {
          // Nothing of the user's is at stake, so this is no reason to end a run that went well.
          process.emitWarning(`${this.path} stays behind: ${(error as Error).message}`);
          return;
        }
        sleep(PAUSE_MS);
      }
    }
  };
}

const TRIES = 40;
const PAUSE_MS = 50;

/** Blocks the thread: an exit listener cannot wait for a promise. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
