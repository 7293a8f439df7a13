/** Python's libraries as contenders, measured in Node by what measures the others in a page: each time in a process of its own. */
import { UsageError } from '../../src/cli/errors.ts';
import type { Contender } from '../../src/benchmark/peers/contender.ts';
import { loadRemote } from '../../src/benchmark/peers/remote.ts';
import type { JobData } from '../../src/benchmark/trainJob.ts';
import {
  describePython,
  PythonPeer,
  type PythonDescription,
  type PythonForm,
} from '../../src/node/pythonPeers.ts';
import { jobsIn } from './page/jobs.ts';
import type { CallRequest, MeasuringPlace } from './peersBrowser.ts';
import type { PythonResults } from './results.ts';

/** @throws {UsageError} where it is not what the known results were made with */
export async function findPython(
  executable: string,
  known: PythonResults,
): Promise<PythonDescription> {
  const found = await describePython(executable);
  const setup = ({ versions, libraries }: Pick<PythonResults, 'versions' | 'libraries'>) =>
    JSON.stringify([versions, libraries.map(({ blas, file, threads }) => [blas, file, threads])]);
  if (known.results.length > 0 && setup(known) !== setup(found)) {
    throw new UsageError(
      `Python's libraries are not those of the unfinished result: ${setup(known)} then, ${setup(found)} now. Run without --resume.`,
    );
  }
  const { torch } = found.versions;
  if (torch === undefined || found.forms.some(isCompiled)) return found;
  const note = `torch.compile was not measured: PyTorch ${torch} has none. Install PyTorch 2 to see it.`;
  return { ...found, notes: [...found.notes, note] };
}

function isCompiled({ name }: PythonForm): boolean {
  return name.startsWith('torch-') && name.includes('-compile');
}

export function pythonPlace(executable: string, { training, test }: JobData): MeasuringPlace {
  return {
    name: 'Python',
    async call<Result>({ job, args, limitSeconds }: CallRequest) {
      const python = new PythonPeer(executable);
      const signal = AbortSignal.timeout(limitSeconds * 1000);
      signal.addEventListener('abort', () => python.end());
      const jobs = jobsIn({
        load: (name) => loadPython(python, name),
        dataset: (name) => Promise.resolve(name === 'test' ? test : training),
      });
      try {
        const context = { signal, emit: () => Promise.resolve() };
        return (await jobs[job as keyof typeof jobs](args as never, context)) as Result;
      } catch (error) {
        throw signal.aborted ? signal.reason : error;
      } finally {
        python.end();
      }
    },
  };
}

async function loadPython(python: PythonPeer, name: string): Promise<Contender> {
  return {
    ...(await loadRemote(python, name)),
    async multiplier(task) {
      await python.ask({ type: 'multiplier', ...task });
      return {
        product: async () => (await python.ask({ type: 'product' })) as Float32Array,
        multiply: async (times) => {
          await python.ask({ type: 'multiply', times });
        },
        // It has one at a time.
        dispose: () => undefined,
      };
    },
  };
}
