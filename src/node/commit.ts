/** Which commit of nudge this is, for results that somebody may want to repeat. */
import { execFileSync } from 'node:child_process';

/**
 * The commit that is checked out, `-dirty` after it where files were changed since; or what the variable
 * `NUDGE_COMMIT` says, for builds outside of a checkout.
 * @param folder of the checkout
 * @returns empty where there is none, or no Git to ask
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
    // No Git, no checkout, or one that Git does not trust: a result without a commit is still a result.
    return '';
  }
}
