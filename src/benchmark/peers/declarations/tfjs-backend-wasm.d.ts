/** The few functions that are used here; see tfjs-core.d.ts. */
export declare function setWasmPaths(files: Readonly<Record<string, string>>): void;
export declare function setThreadsCount(count: number): void;
export declare function getThreadsCount(): number;
