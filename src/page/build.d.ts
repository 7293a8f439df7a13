/** What vite.config.ts puts into the page when it is built. */

/** nudge's version, from package.json. */
declare const __NUDGE_VERSION__: string;
/** The commit that the page was built from; empty where it is not known. */
declare const __NUDGE_COMMIT__: string;
/** The project's address, from package.json; empty where that has none. */
declare const __NUDGE_HOMEPAGE__: string;
