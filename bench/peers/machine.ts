/** What a run was made on and made of. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism, arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';

import { packageVersion } from '../../src/cli/versions.ts';
import { peerPackages } from './contenders.ts';
import type { Machine, Results } from './results.ts';

const root = join(import.meta.dirname, '../..');

/** What decides what is measured: no documents, tests or earlier results. */
const measuredFiles = [
  '--',
  'src',
  'shaders',
  'bench',
  'package-lock.json',
  ':!bench/results',
  ':!*.md',
];

/** The commit that is checked out, and a hash of what differs from it in the files that are measured. */
export function gitState(): Pick<Results, 'commit' | 'changes'> {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, maxBuffer: 2 ** 30 });
  const commit = git('rev-parse', 'HEAD').toString().trim();
  const added = git(
    'ls-files',
    '--others',
    '--exclude-standard',
    '-z',
    ...measuredFiles,
  ).toString();
  const changed = git('diff', '--binary', 'HEAD', ...measuredFiles);
  if (added === '' && changed.length === 0) return { commit };
  const hash = createHash('sha256').update(changed);
  for (const name of added.split('\0').filter(Boolean)) {
    hash.update(`${name}\0`).update(readFileSync(join(root, name)));
  }
  return { commit, changes: hash.digest('hex') };
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'an unknown processor',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
  };
}

/** Versions of the peers that the page is built with. */
export function peerVersions(): Record<string, string | undefined> {
  return Object.fromEntries(peerPackages.map((name) => [name, packageVersion(name)]));
}
