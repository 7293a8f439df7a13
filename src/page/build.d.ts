/** Constants that vite.config.ts replaces when it builds the page. */

/** nudge's version, from package.json. */
declare const __NUDGE_VERSION__: string;
/** The commit that the page was built from; '' if unknown. */
declare const __NUDGE_COMMIT__: string;
/** The project's address, from package.json; '' if it has none. */
declare const __NUDGE_HOMEPAGE__: string;
