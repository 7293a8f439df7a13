/** What a run was made on and made of. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';

import { packageVersion } from '../../src/cli/versions.ts';
import { peerPackages } from './contenders.ts';
import type { Machine } from './results.ts';

const root = join(import.meta.dirname, '../..');

/** The commit that is checked out, and whether files differ from it. */
export function gitState(): { commit: string; isDirty: boolean } {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  // What earlier runs have left is no change of what is measured.
  const changes = git('status', '--porcelain', '--', '.', ':!bench/results');
  return { commit: git('rev-parse', 'HEAD'), isDirty: changes !== '' };
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
