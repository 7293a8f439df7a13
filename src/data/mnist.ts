/**
 * MNIST (LeCun, Cortes and Burges, "The MNIST database of handwritten digits", 1998) from the bytes of its four
 * files, and any set of the same four: Fashion-MNIST and Kuzushiji-MNIST are told apart by nothing but their pixels.
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

/** Which of the four files. */
export type MnistRole = 'trainingImages' | 'trainingLabels' | 'testImages' | 'testLabels';

export interface MnistFile {
  readonly role: MnistRole;
  /** Unpacked; packed, it ends in `.gz`. */
  readonly name: string;
  /** Unpacked. */
  readonly sizeBytes: number;
  /** Of the unpacked file, in hexadecimal. */
  readonly sha256: string;
}

/** The four files of MNIST itself. Sizes and hashes are for checking a download; reading asks for neither. */
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

/** The two halves of a set. */
export interface TrainingAndTest {
  readonly training: Dataset;
  readonly test: Dataset;
}

/**
 * The two datasets in four IDX files, each plain or packed with gzip.
 * @param name of the set, for reports and errors
 * @throws {ConfigurationError} when one of the four is not there, or no bytes
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
      `The training images of ${name} have ${training.featureCount} pixels each, and its test images ` +
        `${test.featureCount}. Take all four files from the same set.`,
      8,
    );
  }
  return { training, test };
}

/**
 * {@link readMnist} for files that a user hands to a page, in any order, among others. They are known by their
 * names: `train-images-idx3-ubyte`, also `train-images.idx3-ubyte`, with or without `.gz`; of a plain and a
 * packed one the plain is read.
 * @throws {MissingDataError} when not all four are there, saying which are not, or one cannot be read
 * @throws {FormatError} as {@link readMnist} does
 */
export async function readMnistFiles(
  files: Iterable<Pick<File, 'name' | 'size' | 'arrayBuffer'>>,
  name = 'mnist',
): Promise<TrainingAndTest> {
  if (!isIterable(files)) {
    throw new ConfigurationError(
      `The files of MNIST are a list, and ${show(files)} was given. Give what an <input type="file" multiple> has.`,
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
          `${file.name} has ${file.size} bytes, and at most ${defaultIdxLimitBytes} are read. Check that it is the right file.`,
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

/** A browser opens a file when it is read, by which time it may have been moved, or be a folder of that name. */
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

/** The bytes of all four files, from whatever holds them. */
export async function readRoles(
  read: (file: MnistFile) => Promise<Uint8Array>,
): Promise<Record<MnistRole, Uint8Array>> {
  const entries = mnistFiles.map(async (file) => [file.role, await read(file)] as const);
  return Object.fromEntries(await Promise.all(entries)) as Record<MnistRole, Uint8Array>;
}

/** `Train-Images.IDX3-ubyte.GZ` is what `train-images-idx3-ubyte.gz` is: some systems and mirrors write it so. */
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
      `The file of ${what} images holds ${imageCount} images of ${rows} × ${columns} pixels, which is nothing to ` +
        'learn from. Get the file again.',
      4,
    );
  }
  if (imageCount !== labels.data.length) {
    throw new FormatError(
      `There are ${imageCount} ${what} images and ${labels.data.length} labels. Take all four files from the same set.`,
      4,
    );
  }
  const wrong = labels.data.findIndex((label) => label >= classCount);
  if (wrong >= 0) {
    throw new FormatError(
      `Label ${labels.data[wrong]} of sample ${wrong} in the file of ${what} labels is not one of the digits 0 to ` +
        `${classCount - 1}. Take a set of ${classCount} classes.`,
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
    `The file of ${what} has ${shape.length} dimensions (${shape.join(' × ')}), and ${rank} are needed. ` +
      'Check that images and labels are not exchanged.',
    3,
  );
}
