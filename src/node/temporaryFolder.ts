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

  static async create(prefix: string): Promise<TemporaryFolder> {
    return new TemporaryFolder(await mkdtemp(join(tmpdir(), prefix)));
  }

  /**
   * Has the end of this process remove the folder, if nobody has before. Exit listeners run in the order
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

  // A process that is just ending may still add a file while the folder is being emptied.
  readonly #remove = () => rmSync(this.path, { recursive: true, force: true, maxRetries: 5 });
}
