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
  SysFlag,
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

/** Whether a record holds messages that have properties of their own. */
export function isInnerBatch(sysFlag: number): boolean {
  return (sysFlag & SysFlag.INNER_BATCH) !== 0;
}

/** What a record says of itself; undefined where it has no entry. */
export interface BatchSpan {
  readonly baseOffset: number;
  readonly count: number;
}

/** Reads what `batchSuffix` wrote, or Apache's broker. More than one message needs the flag that says how they are wrapped. */
export function batchSpanOf(
  properties: Buffer,
  start: number,
  end: number,
  sysFlag: number,
): BatchSpan | undefined {
  const found = decodeProperties(properties.toString('latin1', start, end));
  const count = wholeNumber(found[MessageConst.INNER_NUM]);
  const baseOffset = wholeNumber(found[MessageConst.INNER_BASE]);
  if (count === undefined || baseOffset === undefined || count < 1) return undefined;
  if (count > 1 && !isInnerBatch(sysFlag)) return undefined;
  return { baseOffset, count };
}

/** Whether a record without a span had one, of which a part is damaged. */
export function namesSpan(properties: Buffer, start: number, end: number): boolean {
  const text = properties.toString('latin1', start, end);
  return text.includes(MessageConst.INNER_NUM) || text.includes(MessageConst.INNER_BASE);
}

const SEPARATOR = Buffer.of(PROPERTY_SEPARATOR);

function pair(name: string, value: number): string {
  return `${name}${String.fromCharCode(NAME_VALUE_SEPARATOR)}${value}${String.fromCharCode(PROPERTY_SEPARATOR)}`;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}
