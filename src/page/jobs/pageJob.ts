/** What a job in the page is given beside its arguments. */
export interface PageJobContext {
  /**
   * Sends an event to the caller, in order. Awaiting it waits until the caller has dealt with it.
   * @returns what the caller answers
   * @throws what the caller's answer fails with
   */
  readonly emit: (event: unknown) => Promise<unknown>;
  /** Aborts when the caller no longer wants the result. */
  readonly signal: AbortSignal;
}

/** Work that a Node program can have done in a browser. Arguments, events and result are plain data and typed arrays. */
export type PageJob<Arguments = never, Result = unknown> = (
  args: Arguments,
  context: PageJobContext,
) => Promise<Result>;
