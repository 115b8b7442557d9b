// One file of the log: its place on disk and in the log (upstream's MappedFile, without mmap).

/** A file name is the log offset of its first byte, 20 digits. */
export const LOG_FILE_NAME = /^\d{20}$/;

export function logFileName(baseOffset: number): string {
  return String(baseOffset).padStart(20, '0');
}

export interface LogFile {
  readonly path: string;
  /** Log offset of the first byte. */
  readonly baseOffset: number;
  /** Log offset behind the last byte. */
  readonly endOffset: number;
}
