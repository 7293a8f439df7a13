export interface PageJobContext {
  /**
   * Sends an event to the caller, in order. The promise resolves when the caller has handled it.
   * @returns the caller's answer
   * @throws the error in the caller's answer
   */
  readonly emit: (event: unknown) => Promise<unknown>;
  /** Aborts when the caller no longer wants the result. */
  readonly signal: AbortSignal;
}

/** Work that a browser does for a Node program. Arguments, events and result are plain data and typed arrays. */
export type PageJob<Arguments = never, Result = unknown> = (
  args: Arguments,
  context: PageJobContext,
) => Promise<Result>;
