// What is known of one queue without looking into its files: a line of the boot journal (recovery/boot-journal.ts).

export interface QueueRow {
  readonly topic: string;
  readonly queueId: number;
  /** Offset of the first byte of the first file. */
  readonly startBytes: number;
  /** Offset behind the last byte of the last file. */
  readonly filesEndBytes: number;
  readonly minBytes: number;
  /** The entries before this are in the files. */
  readonly endBytes: number;
  /** The entries before this, and the names of their files, are on the device. */
  readonly durableBytes: number;
  readonly maxPhysicalOffset: number;
  readonly minPhysicalOffset: number;
  /** `DiskStat.changeStamp` of the last file when the entries were in it; 0 where there is no file. */
  readonly changeStamp: number;
}

/** One line of JSON, without its end. Strings in a record are a stranger's: none of them can end the line. */
export function encodeQueueRow(row: QueueRow): string {
  return (
    `[${JSON.stringify(row.topic)},${row.queueId},${row.startBytes},${row.filesEndBytes},${row.minBytes},${row.endBytes},` +
    `${row.durableBytes},${row.maxPhysicalOffset},${row.minPhysicalOffset},${row.changeStamp}]`
  );
}

const FIELDS = 10;

/** @throws Error when the line is none */
export function decodeQueueRow(line: string): QueueRow {
  const fields = JSON.parse(line) as [string, ...number[]];
  if (!Array.isArray(fields) || fields.length !== FIELDS || typeof fields[0] !== 'string')
    throw new Error('no row of a queue');
  for (let i = 1; i < FIELDS; i++) if (!Number.isFinite(fields[i])) throw new Error('no row of a queue');
  return {
    topic: fields[0],
    queueId: fields[1]!,
    startBytes: fields[2]!,
    filesEndBytes: fields[3]!,
    minBytes: fields[4]!,
    endBytes: fields[5]!,
    durableBytes: fields[6]!,
    maxPhysicalOffset: fields[7]!,
    minPhysicalOffset: fields[8]!,
    changeStamp: fields[9]!,
  };
}
