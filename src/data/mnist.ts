/**
 * Reads MNIST (LeCun, Cortes and Burges, "The MNIST database of handwritten digits", 1998) from the bytes of its four
 * files. Fashion-MNIST and Kuzushiji-MNIST have the same names, sizes and format, so they load in the same way.
 */
import { ConfigurationError, FormatError, MissingDataError } from '../errors.ts';
import {
  requireBytes,
  requireMethods,
  requireObject,
  requireText,
  show,
} from '../network/arguments.ts';
import { createDataset, type Dataset } from './dataset.ts';
import { defaultIdxLimitBytes, readIdx } from './idx.ts';

/** The role of each of the four files. */
export type MnistRole = 'trainingImages' | 'trainingLabels' | 'testImages' | 'testLabels';

export interface MnistFile {
  readonly role: MnistRole;
  /** Name of the unpacked file. The packed file's name ends in `.gz`. */
  readonly name: string;
  /** Size of the unpacked file. */
  readonly sizeBytes: number;
  /** Hash of the unpacked file, in hexadecimal. */
  readonly sha256: string;
}

/** The four files of MNIST itself. Only downloads are checked against the sizes and hashes, not files that are read. */
export const mnistFiles: readonly MnistFile[] = [
  {
    role: 'trainingImages',
    name: 'train-images-idx3-ubyte',
    sizeBytes: 47_040_016,
    sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  },
  {
    role: 'trainingLabels',
    name: 'train-labels-idx1-ubyte',
    sizeBytes: 60_008,
    sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  },
  {
    role: 'testImages',
    name: 't10k-images-idx3-ubyte',
    sizeBytes: 7_840_016,
    sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  },
  {
    role: 'testLabels',
    name: 't10k-labels-idx1-ubyte',
    sizeBytes: 10_008,
    sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  },
];

const classCount = 10;

/** A training set and its test set. */
export interface TrainingAndTest {
  readonly training: Dataset;
  readonly test: Dataset;
}

/**
 * Reads the training set and the test set from four IDX files, each plain or packed with gzip.
 * @param name name of the set, for reports and errors
 * @throws {ConfigurationError} when one of the four is missing or not a Uint8Array
 * @throws {FormatError} when a file is damaged, a label is not a digit, or the files do not belong together
 */
export async function readMnist(
  files: Readonly<Record<MnistRole, Uint8Array>>,
  name = 'mnist',
): Promise<TrainingAndTest> {
  requireObject('The files of MNIST', files);
  requireText('The name of a set', name);
  for (const { role } of mnistFiles) requireBytes(`The file ${role} of MNIST`, files[role]);
  const training = await readHalf(files, 'training', name);
  const test = await readHalf(files, 'test', name);
  if (training.featureCount !== test.featureCount) {
    throw new FormatError(
      `The training images of ${name} have ${training.featureCount} pixels each, but its test images have ` +
        `${test.featureCount}. Take all four files from the same set.`,
      8,
    );
  }
  return { training, test };
}

/**
 * {@link readMnist} for files that a user gives to a page, in any order and possibly among others. It finds them by
 * their names: `train-images-idx3-ubyte` or `train-images.idx3-ubyte`, with or without `.gz`. If a file is there plain
 * and packed, the plain one is read.
 * @throws {ConfigurationError} when `files` is not a list of files
 * @throws {MissingDataError} when one of the four is missing or cannot be read; the message names the missing ones
 * @throws {FormatError} like {@link readMnist}
 */
export async function readMnistFiles(
  files: Iterable<Pick<File, 'name' | 'size' | 'arrayBuffer'>>,
  name = 'mnist',
): Promise<TrainingAndTest> {
  if (!isIterable(files)) {
    throw new ConfigurationError(
      `The files of MNIST must be a list of files; got ${show(files)}. Give the files of an <input type="file" multiple>.`,
    );
  }
  const all = [...files];
  for (const file of all) {
    requireMethods('A file of MNIST', 'a File', file, ['arrayBuffer']);
    requireText('The name of a file of MNIST', file.name);
  }
  const find = (wanted: MnistFile) =>
    [wanted.name, `${wanted.name}.gz`]
      .map((candidate) => all.find((file) => usualName(file.name) === candidate))
      .find((file) => file !== undefined);
  const missing = mnistFiles.filter((file) => !find(file));
  if (missing.length > 0) {
    const given = all.length > 0 ? all.map((file) => file.name).join(', ') : 'nothing';
    throw new MissingDataError(
      `${missing.length} of the ${mnistFiles.length} MNIST files are missing: ` +
        `${missing.map((file) => file.name).join(', ')} (each also as .gz). Given: ${given}. Choose all four together.`,
    );
  }
  return readMnist(
    await readRoles(async (wanted) => {
      const file = find(wanted)!;
      if (file.size > defaultIdxLimitBytes) {
        throw new FormatError(
          `${file.name} has ${file.size} bytes; nudge reads at most ${defaultIdxLimitBytes}. Check that it is the right file.`,
          defaultIdxLimitBytes,
        );
      }
      return await readBytes(file);
    }),
    name,
  );
}

const isIterable = (value: unknown): boolean =>
  typeof (value as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] === 'function';

/** Reads a file. A browser opens it only now, and by then it may have been moved, or be a folder. */
async function readBytes(file: Pick<File, 'name' | 'arrayBuffer'>): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MissingDataError(
      `${file.name} cannot be read (${reason.replace(/\.$/, '')}). Choose the files again.`,
      { cause },
    );
  }
}

/** The bytes of all four files, each from `read`. */
export async function readRoles(
  read: (file: MnistFile) => Promise<Uint8Array>,
): Promise<Record<MnistRole, Uint8Array>> {
  const entries = mnistFiles.map(async (file) => [file.role, await read(file)] as const);
  return Object.fromEntries(await Promise.all(entries)) as Record<MnistRole, Uint8Array>;
}

/** Normalizes a name, because some systems and mirrors write `Train-Images.IDX3-ubyte.GZ` for `train-images-idx3-ubyte.gz`. */
function usualName(name: string): string {
  return name.toLowerCase().replace('.idx', '-idx');
}

async function readHalf(
  files: Readonly<Record<MnistRole, Uint8Array>>,
  half: 'training' | 'test',
  name: string,
): Promise<Dataset> {
  const what = `${name} ${half}`;
  const images = await readIdx(files[`${half}Images`], { name: `The file of ${what} images` });
  const labels = await readIdx(files[`${half}Labels`], { name: `The file of ${what} labels` });
  requireRank(images.shape, 3, `${what} images`);
  requireRank(labels.shape, 1, `${what} labels`);
  const [imageCount = 0, rows = 0, columns = 0] = images.shape;
  if (images.data.length === 0) {
    throw new FormatError(
      `The file of ${what} images is empty: it holds ${imageCount} images of ${rows} × ${columns} pixels. ` +
        'Get the file again.',
      4,
    );
  }
  if (imageCount !== labels.data.length) {
    throw new FormatError(
      `There are ${imageCount} ${what} images but ${labels.data.length} labels. Take all four files from the same set.`,
      4,
    );
  }
  const wrong = labels.data.findIndex((label) => label >= classCount);
  if (wrong >= 0) {
    throw new FormatError(
      `Labels must be digits from 0 to ${classCount - 1}; sample ${wrong} in the file of ${what} labels has label ` +
        `${labels.data[wrong]}. Take a set of ${classCount} classes.`,
      8 + wrong,
    );
  }
  return createDataset({
    name: `${what} set`,
    featureCount: rows * columns,
    classCount,
    features: images.data,
    labels: labels.data,
  });
}

function requireRank(shape: readonly number[], rank: number, what: string): void {
  if (shape.length === rank) return;
  throw new FormatError(
    `The number of dimensions in the file of ${what} must be ${rank}; got ${shape.length} (${shape.join(' × ')}). ` +
      'Check that images and labels are not swapped.',
    3,
  );
}
