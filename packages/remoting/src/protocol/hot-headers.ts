// Decoders for the headers that a broker reads many thousand times a second. They read the fields from the bytes of
// the frame, without an ext object, without strings for numbers, and with one string object for all requests of a
// topic. Whatever is unusual (a missing field, a number out of range, odd JSON, an ext object that a hook has already
// made) is left to the general codecs, which decode it or say what is wrong.
import { readInt32 } from '../codec/bytes.js';
import type { RemotingCommand } from '../command.js';
import { ByteInterner } from './hot/byte-interner.js';
import { ExtScanner } from './hot/ext-scanner.js';
import { KeyTable } from './hot/key-table.js';
import { booleanAt, integerAt, unescapeJson } from './hot/values.js';
import { UpdateConsumerOffsetRequestHeader } from './headers/offset.js';
import { PullMessageRequestHeader } from './headers/pull.js';
import { SendMessageRequestHeader, SendMessageRequestHeaderV2 } from './headers/send.js';
import { EndTransactionRequestHeader } from './headers/transaction.js';
import { RequestCode } from './request-code.js';

const EMPTY = Buffer.alloc(0);

/** SendMessageRequestHeader with the properties as bytes, ready for the record. Primitive defaults are Java's. */
export class HotSendHeader {
  /** With its namespace, as all names on the wire. */
  producerGroup = '';
  /** Where it goes. */
  topic = '';
  /** The topic whose settings a topic is made with that does not exist yet. */
  defaultTopic = '';
  /** Queues such a topic gets, at most those of `defaultTopic`. */
  defaultTopicQueueNums = 0;
  /** Negative: the broker chooses. */
  queueId = 0;
  /** Bits of `SysFlag`. */
  sysFlag = 0;
  /** ms */
  bornTimestamp = 0;
  /** The application's own flag, signed 32 bit. */
  flag = 0;
  /** The encoded properties; empty when there are none. For binary frames a view into the read chunk: copy to keep. */
  propertiesBytes: Buffer = EMPTY;
  /** Deliveries that failed before. */
  reconsumeTimes = 0;
  /** The producer belongs to a unit: so does a topic made for it. */
  unitMode = false;
  /** `undefined`: the group's own limit holds. */
  maxReconsumeTimes: number | undefined = undefined;
  /** The body holds several messages. */
  batch = false;
  /** The broker the client believes it is talking to; `undefined` when it does not say. */
  brokerName: string | undefined = undefined;
}

/**
 * Header of 10, 324 (field names as keys), 310, 320 and 325 (one letter keys).
 * @throws RemotingError `BAD_HEADER`, naming the field
 */
export function decodeSendHeader(command: RemotingCommand): HotSendHeader {
  const isV1 = command.code === RequestCode.SEND_MESSAGE || command.code === RequestCode.SEND_REPLY_MESSAGE;
  if (!isV1 && command.serializeType === 'ROCKETMQ')
    return scanBinaryV2(command) ?? generalSend(command, false);
  return scanSend(command, isV1 ? sendKeys : sendKeysV2) ?? generalSend(command, isV1);
}

/**
 * Header of 11 and 361. Fields that concern proxies and static topics are read when the general codec is used only.
 * @throws RemotingError `BAD_HEADER`, naming the field
 */
export function decodePullHeader(command: RemotingCommand): PullMessageRequestHeader {
  return scanPull(command) ?? PullMessageRequestHeader.decode(command.extFields);
}

/**
 * Header of 15.
 * @throws RemotingError `BAD_HEADER`, naming the field
 */
export function decodeUpdateConsumerOffsetHeader(
  command: RemotingCommand,
): UpdateConsumerOffsetRequestHeader {
  return scanUpdateOffset(command) ?? UpdateConsumerOffsetRequestHeader.decode(command.extFields);
}

/** What a broker needs of an EndTransactionRequestHeader: the half message tells it the rest. */
export type HotEndTransactionHeader = Pick<
  EndTransactionRequestHeader,
  'producerGroup' | 'tranStateTableOffset' | 'commitLogOffset' | 'commitOrRollback' | 'fromTransactionCheck'
>;

/**
 * Header of 37.
 * @throws RemotingError `BAD_HEADER`, naming the field
 */
export function decodeEndTransactionHeader(command: RemotingCommand): HotEndTransactionHeader {
  return scanEndTransaction(command) ?? EndTransactionRequestHeader.decode(command.extFields);
}

/** Texts of requests that are over soon; the same for every broker of the process. */
const interner = new ByteInterner();

// Slots of the fields: bits of `seen`, cases of the switches.
const KEY_A = 0x61;
const V2_SLOTS = 14;
const PROPERTIES_SLOT = 8;
const sendKeysV2 = new KeyTable([...'abcdefghijklmn']);
const sendKeys = new KeyTable([
  ...[
    'producerGroup',
    'topic',
    'defaultTopic',
    'defaultTopicQueueNums',
    'queueId',
    'sysFlag',
    'bornTimestamp',
    'flag',
  ],
  ...['properties', 'reconsumeTimes', 'unitMode', 'maxReconsumeTimes', 'batch', 'bname'],
]);
const SEND_REQUIRED = 0b1111_1111;

const pullKeys = new KeyTable([
  ...['consumerGroup', 'topic', 'queueId', 'queueOffset', 'maxMsgNums', 'sysFlag', 'commitOffset'],
  ...['suspendTimeoutMillis', 'subVersion', 'subscription', 'expressionType', 'maxMsgBytes', 'requestSource'],
]);
const PULL_REQUIRED = 0b1_1111_1111;

const updateOffsetKeys = new KeyTable(['consumerGroup', 'topic', 'queueId', 'commitOffset']);
const UPDATE_OFFSET_REQUIRED = 0b1111;

const endTransactionKeys = new KeyTable([
  ...['producerGroup', 'tranStateTableOffset', 'commitLogOffset', 'commitOrRollback', 'msgId'],
  'fromTransactionCheck',
]);
const END_TRANSACTION_REQUIRED = 0b1_1111;

/** The bytes of a command's entries, unless somebody may have changed them in object form. */
function scannerOf(command: RemotingCommand): ExtScanner | undefined {
  const { rawHeader } = command;
  return rawHeader === undefined || command.hasExtObject ? undefined : new ExtScanner(rawHeader, command);
}

/**
 * The header of most sends, one letter keys in binary, in one loop: a key is its slot, so that none is looked up
 * (measured: half the time of {@link scanSend}). `undefined`: leave it to the general codec.
 */
function scanBinaryV2(command: RemotingCommand): HotSendHeader | undefined {
  const source = command.rawHeader;
  if (source === undefined || command.hasExtObject) return undefined;
  const end = command.rawExtEnd;
  const header = new HotSendHeader();
  let seen = 0;
  for (let at = command.rawExtStart; at < end;) {
    if (at + 2 > end) return undefined;
    const keyBytes = (source[at]! << 8) | source[at + 1]!;
    const valueStart = at + 2 + keyBytes + 4;
    if (valueStart > end) return undefined;
    const valueEnd = valueStart + readInt32(source, valueStart - 4);
    if (valueEnd < valueStart || valueEnd > end) return undefined;
    const slot = source[at + 2]! - KEY_A;
    at = valueEnd;
    if (keyBytes !== 1 || slot < 0 || slot >= V2_SLOTS || valueStart === valueEnd) continue;
    seen |= 1 << slot;
    if (slot === PROPERTIES_SLOT) header.propertiesBytes = source.subarray(valueStart, valueEnd);
    else if (!setSendField(header, slot, source, valueStart, valueEnd)) return undefined;
  }
  return (seen & SEND_REQUIRED) === SEND_REQUIRED ? header : undefined;
}

/** `undefined`: leave it to the general codec. */
function scanSend(command: RemotingCommand, keys: KeyTable): HotSendHeader | undefined {
  const scanner = scannerOf(command);
  if (scanner === undefined) return undefined;
  const { source } = scanner;
  const header = new HotSendHeader();
  let seen = 0;
  while (scanner.next()) {
    const { valueStart, valueEnd } = scanner;
    const slot =
      keys === sendKeysV2
        ? letterSlot(source, scanner)
        : keys.slotOf(source, scanner.keyStart, scanner.keyEnd);
    if (slot < 0 || valueStart === valueEnd) continue;
    seen |= 1 << slot;
    if (slot === PROPERTIES_SLOT) {
      const { hasEscapes } = scanner;
      const bytes = hasEscapes
        ? unescapeJson(source, valueStart, valueEnd)
        : source.subarray(valueStart, valueEnd);
      if (bytes === undefined) return undefined;
      header.propertiesBytes = bytes;
    } else if (scanner.hasEscapes || !setSendField(header, slot, source, valueStart, valueEnd)) {
      return undefined;
    }
  }
  return scanner.isOdd || (seen & SEND_REQUIRED) !== SEND_REQUIRED ? undefined : header;
}

/** Slot of a one letter key; -1 for one that is none of ours. */
function letterSlot(source: Buffer, { keyStart, keyEnd }: ExtScanner): number {
  const slot = source[keyStart]! - KEY_A;
  return keyEnd - keyStart === 1 && slot >= 0 && slot < V2_SLOTS ? slot : -1;
}

/** False when the value is not of the field's type. */
function setSendField(
  header: HotSendHeader,
  slot: number,
  source: Buffer,
  start: number,
  end: number,
): boolean {
  switch (slot) {
    case 0:
      header.producerGroup = interner.text(source, start, end);
      return true;
    case 1:
      header.topic = interner.text(source, start, end);
      return true;
    case 2:
      header.defaultTopic = interner.text(source, start, end);
      return true;
    case 3:
      return isInt((header.defaultTopicQueueNums = integerAt(source, start, end)));
    case 4:
      return isInt((header.queueId = integerAt(source, start, end)));
    case 5:
      return isInt((header.sysFlag = integerAt(source, start, end)));
    case 6:
      return isNumber((header.bornTimestamp = integerAt(source, start, end)));
    case 7:
      return isInt((header.flag = integerAt(source, start, end)));
    case 9:
      return isInt((header.reconsumeTimes = integerAt(source, start, end)));
    case 11:
      return isInt((header.maxReconsumeTimes = integerAt(source, start, end)));
    case 13:
      header.brokerName = interner.text(source, start, end);
      return true;
  }
  const value = booleanAt(source, start, end);
  if (slot === 10) header.unitMode = value === 1;
  else header.batch = value === 1;
  return value >= 0;
}

function generalSend(command: RemotingCommand, isV1: boolean): HotSendHeader {
  const codec = isV1 ? SendMessageRequestHeader : SendMessageRequestHeaderV2;
  const { properties, bname, ...fields } = codec.decode(command.extFields);
  const propertiesBytes = properties === undefined ? EMPTY : Buffer.from(properties);
  return Object.assign(new HotSendHeader(), fields, { propertiesBytes, brokerName: bname });
}

function scanPull(command: RemotingCommand): PullMessageRequestHeader | undefined {
  const scanner = scannerOf(command);
  if (scanner === undefined) return undefined;
  const header: PullMessageRequestHeader = {
    consumerGroup: '',
    topic: '',
    queueId: 0,
    queueOffset: 0,
    maxMsgNums: 0,
    sysFlag: 0,
    commitOffset: 0,
    suspendTimeoutMillis: 0,
    subVersion: 0,
    subscription: undefined,
    expressionType: undefined,
    maxMsgBytes: undefined,
    requestSource: undefined,
  };
  let seen = 0;
  while (scanner.next()) {
    const { source, valueStart, valueEnd } = scanner;
    const slot = pullKeys.slotOf(source, scanner.keyStart, scanner.keyEnd);
    if (slot < 0 || valueStart === valueEnd) continue;
    seen |= 1 << slot;
    if (scanner.hasEscapes || !setPullField(header, slot, source, valueStart, valueEnd)) return undefined;
  }
  return scanner.isOdd || (seen & PULL_REQUIRED) !== PULL_REQUIRED ? undefined : header;
}

function setPullField(
  header: PullMessageRequestHeader,
  slot: number,
  source: Buffer,
  start: number,
  end: number,
): boolean {
  switch (slot) {
    case 0:
      header.consumerGroup = interner.text(source, start, end);
      return true;
    case 1:
      header.topic = interner.text(source, start, end);
      return true;
    case 2:
      return isInt((header.queueId = integerAt(source, start, end)));
    case 3:
      return isNumber((header.queueOffset = integerAt(source, start, end)));
    case 4:
      return isInt((header.maxMsgNums = integerAt(source, start, end)));
    case 5:
      return isInt((header.sysFlag = integerAt(source, start, end)));
    case 6:
      return isNumber((header.commitOffset = integerAt(source, start, end)));
    case 7:
      return isNumber((header.suspendTimeoutMillis = integerAt(source, start, end)));
    case 8:
      return isNumber((header.subVersion = integerAt(source, start, end)));
    case 9:
      header.subscription = interner.text(source, start, end);
      return true;
    case 10:
      header.expressionType = interner.text(source, start, end);
      return true;
    case 11:
      return isInt((header.maxMsgBytes = integerAt(source, start, end)));
    default:
      return isInt((header.requestSource = integerAt(source, start, end)));
  }
}

function scanUpdateOffset(command: RemotingCommand): UpdateConsumerOffsetRequestHeader | undefined {
  const scanner = scannerOf(command);
  if (scanner === undefined) return undefined;
  const header: UpdateConsumerOffsetRequestHeader = {
    consumerGroup: '',
    topic: '',
    queueId: 0,
    commitOffset: 0,
  };
  let seen = 0;
  while (scanner.next()) {
    const { source, valueStart, valueEnd } = scanner;
    const slot = updateOffsetKeys.slotOf(source, scanner.keyStart, scanner.keyEnd);
    if (slot < 0 || valueStart === valueEnd) continue;
    if (scanner.hasEscapes) return undefined;
    seen |= 1 << slot;
    if (slot === 0) header.consumerGroup = interner.text(source, valueStart, valueEnd);
    else if (slot === 1) header.topic = interner.text(source, valueStart, valueEnd);
    else if (slot === 2) header.queueId = integerAt(source, valueStart, valueEnd);
    else header.commitOffset = integerAt(source, valueStart, valueEnd);
  }
  const isPlain = isInt(header.queueId) && isNumber(header.commitOffset) && !scanner.isOdd;
  return isPlain && seen === UPDATE_OFFSET_REQUIRED ? header : undefined;
}

function scanEndTransaction(command: RemotingCommand): HotEndTransactionHeader | undefined {
  const scanner = scannerOf(command);
  if (scanner === undefined) return undefined;
  let producerGroup = '';
  let tranStateTableOffset = 0;
  let commitLogOffset = 0;
  let commitOrRollback = 0;
  let fromTransactionCheck: number | undefined;
  let seen = 0;
  while (scanner.next()) {
    const { source, valueStart, valueEnd } = scanner;
    const slot = endTransactionKeys.slotOf(source, scanner.keyStart, scanner.keyEnd);
    if (slot < 0 || valueStart === valueEnd) continue;
    if (scanner.hasEscapes) return undefined;
    seen |= 1 << slot;
    if (slot === 0) producerGroup = interner.text(source, valueStart, valueEnd);
    else if (slot === 1) tranStateTableOffset = integerAt(source, valueStart, valueEnd);
    else if (slot === 2) commitLogOffset = integerAt(source, valueStart, valueEnd);
    else if (slot === 3) commitOrRollback = integerAt(source, valueStart, valueEnd);
    else if (slot === 5) fromTransactionCheck = booleanAt(source, valueStart, valueEnd);
  }
  const isPlain =
    isNumber(tranStateTableOffset) &&
    isNumber(commitLogOffset) &&
    isInt(commitOrRollback) &&
    (fromTransactionCheck ?? 0) >= 0 &&
    !scanner.isOdd;
  if (!isPlain || (seen & END_TRANSACTION_REQUIRED) !== END_TRANSACTION_REQUIRED) return undefined;
  return {
    producerGroup,
    tranStateTableOffset,
    commitLogOffset,
    commitOrRollback,
    fromTransactionCheck: fromTransactionCheck === undefined ? undefined : fromTransactionCheck === 1,
  };
}

const isInt = (value: number): boolean => value === (value | 0);
const isNumber = (value: number): boolean => !Number.isNaN(value);
