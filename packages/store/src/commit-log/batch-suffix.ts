// What the store adds to the properties of a record whose topic has batch consume queues: how many messages it holds and
// the queue offset of the first. The queue is built again from these two (upstream: CommitLog#setBatchSizeIfNeeded).
//
// Every record of such a topic gets them. Apache's broker gives none to a message that was sent alone; acknowledges it, and
// shows it to nobody.
import {
  decodeProperties,
  MessageConst,
  NAME_VALUE_SEPARATOR,
  PROPERTY_SEPARATOR,
} from '@mq/remoting/message';
import type { AppendMessage } from '../message-store.js';

const MAX_NUMBER_DIGITS = 16 + 5;
const SEPARATORS = 5;
/** More than any of these suffixes takes. */
export const MAX_BATCH_SUFFIX_BYTES =
  MessageConst.INNER_NUM.length + MessageConst.INNER_BASE.length + MAX_NUMBER_DIGITS + SEPARATORS;

/** The suffix of a message, and what the store adds to it. */
export function batchSuffix(
  { propertiesSuffix, innerCount = 1 }: Pick<AppendMessage, 'propertiesSuffix' | 'innerCount'>,
  baseOffset: number,
): Buffer {
  const added = Buffer.from(
    `${pair(MessageConst.INNER_NUM, innerCount)}${pair(MessageConst.INNER_BASE, baseOffset)}`,
    'latin1',
  );
  if (propertiesSuffix === undefined || propertiesSuffix.length === 0) return added;
  const isOpen = propertiesSuffix[propertiesSuffix.length - 1] !== PROPERTY_SEPARATOR;
  return Buffer.concat(isOpen ? [propertiesSuffix, SEPARATOR, added] : [propertiesSuffix, added]);
}

/** What a record says of itself; undefined where it has no entry. */
export interface BatchSpan {
  readonly baseOffset: number;
  readonly count: number;
}

/** Reads what `batchSuffix` wrote, or Apache's broker. */
export function batchSpanOf(properties: Buffer, start: number, end: number): BatchSpan | undefined {
  const found = decodeProperties(properties.toString('latin1', start, end));
  const count = wholeNumber(found[MessageConst.INNER_NUM]);
  const baseOffset = wholeNumber(found[MessageConst.INNER_BASE]);
  if (count === undefined || baseOffset === undefined || count < 1) return undefined;
  return { baseOffset, count };
}

const SEPARATOR = Buffer.of(PROPERTY_SEPARATOR);

function pair(name: string, value: number): string {
  return `${name}${String.fromCharCode(NAME_VALUE_SEPARATOR)}${value}${String.fromCharCode(PROPERTY_SEPARATOR)}`;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}
