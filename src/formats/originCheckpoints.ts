/** Checkpoints in a browser: files of the page's origin, which stay after the page is closed. */
import { ConfigurationError, FileError } from '../errors.ts';
import { requireText, show } from '../network/arguments.ts';
import { CheckpointSlots, type SlotStorage } from './checkpointSlots.ts';

/**
 * Keeps checkpoints in the origin private file system, from a page or a worker. A file is replaced when its stream is
 * closed: the standard asks browsers that no partial write happens (https://fs.spec.whatwg.org/#api-filesystemwritablefilestream).
 * The browser may delete the files when the disk is nearly full, unless the page asks for `navigator.storage.persist()`.
 * @param name of the folder that holds the two files; one for each run
 * @throws {ConfigurationError} for a name that is not one part of a path. Reading and writing throw it if the runtime has
 *   no such file system: browsers have it on secure pages, Safari since version 26
 *
 * @example
 * const checkpoints = originCheckpoints('digits');
 * await checkpoints.write(await trainer.checkpoint());
 * const newest = await checkpoints.readNewest();
 * if (newest) trainer = await Trainer.resume(newest.bytes);
 */
export function originCheckpoints(name: string): CheckpointSlots {
  requireText('The name of the checkpoints', name);
  if (!/^[^/\\\0]{1,200}$/.test(name) || name === '.' || name === '..') {
    throw new ConfigurationError(
      `The name of the checkpoints must be one part of a path, of at most 200 characters; got ${show(name)}. Try 'run'.`,
    );
  }
  return new CheckpointSlots(storageOf(name));
}

function storageOf(name: string): SlotStorage {
  const place = `folder '${name}' of this page's origin`;
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof DOMException)) throw cause;
      const isFull = cause.name === 'QuotaExceededError';
      throw new FileError(
        `A checkpoint in the ${place} could not be ${what}: ${isFull ? 'the browser gives no more room' : cause.message} (${cause.name}). ` +
          (isFull ? 'Make room on the disk, or delete other data of this page.' : 'Try again.'),
        { cause },
      );
    }
  };
  return {
    place,
    read: (file) =>
      attempt('read', async () => {
        try {
          const folder = await (await root()).getDirectoryHandle(name);
          const content = await (await folder.getFileHandle(file)).getFile();
          return new Uint8Array(await content.arrayBuffer());
        } catch (error) {
          if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
          throw error;
        }
      }),
    write: (file, bytes) =>
      attempt('written', async () => {
        const folder = await (await root()).getDirectoryHandle(name, { create: true });
        const handle = await folder.getFileHandle(file, { create: true });
        const stream = await handle.createWritable();
        try {
          await stream.write(bytes as Uint8Array<ArrayBuffer>);
        } catch (error) {
          // The old file stays.
          await stream.abort().catch(() => undefined);
          throw error;
        }
        await stream.close();
      }),
  };
}

async function root(): Promise<FileSystemDirectoryHandle> {
  const { navigator } = globalThis as { readonly navigator?: Partial<Navigator> };
  const { storage } = navigator ?? {};
  const canWrite =
    typeof FileSystemFileHandle === 'function' &&
    'createWritable' in FileSystemFileHandle.prototype;
  if (typeof storage?.getDirectory !== 'function' || !canWrite) {
    throw new ConfigurationError(
      'This runtime has no origin private file system that can be written. Browsers have it on secure pages, Safari since version 26. In Node, use folderCheckpoints of nudge/node.',
    );
  }
  return await storage.getDirectory();
}
