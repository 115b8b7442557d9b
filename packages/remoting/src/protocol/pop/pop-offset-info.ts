// What the header of a pop response says about its messages, from which the client makes their handles (upstream:
// ExtraInfoUtil). Entries are joined by semicolons, fields by one space:
//
//   startOffsetInfo   retryFlag queueId startOffset
//   msgOffsetInfo     retryFlag queueId offset,offset,...
//   orderCountInfo    retryFlag queueId count            of the queue: times every message was delivered before
//                     retryFlag qo<queueId>%<offset> count     of one message
import { RemotingError } from '../../errors.js';
import type { PopRetryFlag } from './pop-handle.js';

/** The key of a queue in the parsed tables. */
export const popQueueKey = (flag: PopRetryFlag, queueId: number): string => `${flag}@${queueId}`;
/** The key of one message in the parsed order counts. */
export const popMessageKey = (flag: PopRetryFlag, queueId: number, offset: number): string =>
  `${flag}@qo${queueId}%${offset}`;

/** One entry of `startOffsetInfo`; upstream's `ExtraInfoUtil.buildStartOffsetInfo`. */
export const startOffsetEntry = (flag: PopRetryFlag, queueId: number, startOffset: number): string =>
  `${flag} ${queueId} ${startOffset}`;

/**
 * One entry of `msgOffsetInfo`, `offsets` in the order of the messages; upstream's
 * `ExtraInfoUtil.buildMsgOffsetInfo`.
 */
export const msgOffsetEntry = (flag: PopRetryFlag, queueId: number, offsets: readonly number[]): string =>
  `${flag} ${queueId} ${offsets.join(',')}`;

/** One entry of `orderCountInfo`, for all of a queue; upstream's `ExtraInfoUtil.buildQueueIdOrderCountInfo`. */
export const queueOrderCountEntry = (flag: PopRetryFlag, queueId: number, count: number): string =>
  `${flag} ${queueId} ${count}`;

/** One entry of `orderCountInfo`, for one message; upstream's `ExtraInfoUtil.buildQueueOffsetOrderCountInfo`. */
export const messageOrderCountEntry = (
  flag: PopRetryFlag,
  queueId: number,
  offset: number,
  count: number,
): string => `${flag} qo${queueId}%${offset} ${count}`;

/** By `popQueueKey`. Empty without a text. @throws RemotingError BAD_HEADER */
export const parseStartOffsetInfo = (text: string | undefined): Map<string, number> =>
  parse(text, 'startOffsetInfo', (value) => whole(value, 'startOffsetInfo'));

/** By `popQueueKey`, offsets in the order of the messages. Empty without a text. @throws RemotingError BAD_HEADER */
export const parseMsgOffsetInfo = (text: string | undefined): Map<string, number[]> =>
  parse(text, 'msgOffsetInfo', (value) => value.split(',').map((offset) => whole(offset, 'msgOffsetInfo')));

/** By `popQueueKey` and `popMessageKey`. Empty without a text. @throws RemotingError BAD_HEADER */
export const parseOrderCountInfo = (text: string | undefined): Map<string, number> =>
  parse(text, 'orderCountInfo', (value) => whole(value, 'orderCountInfo'));

function parse<T>(text: string | undefined, name: string, valueOf: (value: string) => T): Map<string, T> {
  const table = new Map<string, T>();
  if (text === undefined || text === '') return table;
  for (const entry of text.split(';')) {
    const [flag, queue, value, ...more] = entry.split(' ');
    if (!flag || !queue || value === undefined || more.length > 0) throw malformed(name, text);
    const key = `${flag}@${queue}`;
    if (table.has(key)) throw malformed(name, text);
    table.set(key, valueOf(value));
  }
  return table;
}

function whole(value: string, name: string): number {
  const number = Number(value);
  if (value === '' || !Number.isSafeInteger(number)) throw malformed(name, value);
  return number;
}

const malformed = (name: string, text: string): RemotingError =>
  new RemotingError('BAD_HEADER', `${name} is malformed: ${JSON.stringify(text.slice(0, 100))}`);
