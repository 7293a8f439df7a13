import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new temporary folder for this process. */
export class TemporaryFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Creates a folder. @param parent its parent folder; default: the system's temporary folder */
  static async create(prefix: string, parent = tmpdir()): Promise<TemporaryFolder> {
    return new TemporaryFolder(await mkdtemp(join(parent, prefix)));
  }

  /**
   * Removes the folder when this process ends, unless it was removed before. Exit listeners run in the order in which
   * they were added, so add the listener that ends the folder's users first.
   */
  removeAtExit(): void {
    process.once('exit', this.#remove);
  }

  /** Removes the folder and its content. A second call does nothing. */
  dispose(): void {
    process.off('exit', this.#remove);
    this.#remove();
  }

  readonly #remove = () => {
    // The children of a killed browser live on for a moment and may add a file to a folder that was just
    // emptied. `maxRetries` of rmSync would not empty that folder again, so retry everything.
    for (let tries = 1; ; tries++) {
      try {
        rmSync(this.path, { recursive: true, force: true });
        return;
      } catch (error) {
        if (tries === TRIES) {
          // The folder has no data of the user, so a run that succeeded must not fail now.
          process.emitWarning(`${this.path} could not be removed: ${(error as Error).message}`);
          return;
        }
        sleep(PAUSE_MS);
      }
    }
  };
}

const TRIES = 40;
const PAUSE_MS = 50;

/** Blocks the thread, because an exit listener cannot wait for a promise. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
