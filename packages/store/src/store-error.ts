// What makes a store directory unusable. Refused puts are results, not errors.

/**
 * - `LOCKED` another process uses the directory
 * - `FILE_SIZE_MISMATCH` a log file does not have the configured size
 * - `CORRUPT` records are damaged, or files missing, with valid ones behind them
 * - `IO` the disk failed
 * - `CLOSED` the store is not running
 */
export type StoreErrorCode = 'LOCKED' | 'FILE_SIZE_MISMATCH' | 'CORRUPT' | 'IO' | 'CLOSED';

export interface StoreErrorFacts {
  code: StoreErrorCode;
  message: string;
  /** The file concerned. */
  path?: string;
  /** Byte position inside that file. */
  position?: number;
  cause?: unknown;
}

/** Matched by `code`; the message is for the operator and says what to do where something can be done. */
export class StoreError extends Error {
  /** What it means for the directory; match on this. */
  readonly code: StoreErrorCode;
  /** The file concerned, where there is one. */
  readonly path: string | undefined;
  /** Byte position inside that file, where one is known. */
  readonly position: number | undefined;

  constructor({ code, message, path, position, cause }: StoreErrorFacts) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StoreError';
    this.code = code;
    this.path = path;
    this.position = position;
  }
}

/** Any error of a start, as what it means for the directory. */
export function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { code, path, message } = error as { code?: string; path?: string; message: string };
  return new StoreError({
    code: meaningOf(code),
    message,
    cause: error,
    ...(path === undefined ? {} : { path }),
  });
}

function meaningOf(code: string | undefined): StoreErrorCode {
  switch (code) {
    case 'LOCKED':
      return 'LOCKED';
    case 'BAD_FILE_SIZE':
      return 'FILE_SIZE_MISMATCH';
    case 'MISSING_FILE':
    case 'BAD_NAME':
    case 'GAP_TOO_LARGE':
      return 'CORRUPT';
    default:
      return 'IO';
  }
}
