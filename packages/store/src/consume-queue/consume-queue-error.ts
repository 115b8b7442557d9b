/** The files of a queue are not what they must be. Queues are derived: removing them rebuilds them from the log. */
export class ConsumeQueueError extends Error {
  constructor(
    /**
     * `BAD_FILE_SIZE` not the configured size; `MISSING_FILE` a hole in the row of files; `BAD_NAME` a topic that is
     * no directory name; `GAP_TOO_LARGE` an entry far beyond the end of its queue.
     */
    readonly code: 'BAD_FILE_SIZE' | 'MISSING_FILE' | 'BAD_NAME' | 'GAP_TOO_LARGE',
    readonly path: string,
    detail: string,
  ) {
    super(`${path}: ${detail}`);
    this.name = 'ConsumeQueueError';
  }
}
