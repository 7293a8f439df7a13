/** Where the user's caches are. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * nudge's own folder, which need not be there yet: `nudge` in XDG_CACHE_HOME where that is an absolute path, as its
 * specification asks, in LOCALAPPDATA on Windows, else in ~/.cache.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CACHE_HOME: named = '', LOCALAPPDATA: local = '' } = environment;
  const windows = process.platform === 'win32' && isAbsolute(local) ? local : undefined;
  const folder = isAbsolute(named) ? named : (windows ?? join(homedir(), '.cache'));
  return join(folder, 'nudge');
}
