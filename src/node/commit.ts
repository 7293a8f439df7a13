/** The commit of nudge, so that a result can be reproduced. */
import { execFileSync } from 'node:child_process';

/**
 * The commit that is checked out, followed by `-dirty` if files have changed since. The variable
 * `NUDGE_COMMIT` takes its place, for builds outside a checkout.
 * @param folder folder of the checkout
 * @returns an empty string without a checkout or without Git
 */
export function findCommit(folder: string, environment = process.env): string {
  const { NUDGE_COMMIT: named = '' } = environment;
  if (named !== '') return named;
  try {
    const args = ['-C', folder, 'describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'];
    const output = execFileSync('git', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5_000,
    });
    return output.trim();
  } catch {
    // There is no Git or no checkout, or Git does not trust it. A result without a commit is still useful.
    return '';
  }
}
