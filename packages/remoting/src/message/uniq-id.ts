// UNIQ_KEY, the id a producer gives a message (upstream: MessageClientIDSetter): upper-case hex of
//
//   ip 4 | 16   pid int16   process hash int32   ms since the month's start int32   counter int16   = 32 | 56 characters
//
// The month is that of the local time zone. The process hash keeps programs apart that share address and pid.
import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.js';
import { systemClock } from '../clock.js';
import { ipBytes, ipText } from './host.js';
import { readInt32 } from './int64.js';
import { localAddress } from './local-address.js';

const TAIL_BYTES = 2 + 4 + 4 + 2;
const V4_CHARACTERS = 2 * (4 + TAIL_BYTES);
const V6_CHARACTERS = 2 * (16 + TAIL_BYTES);
/** A clock set back by less than this into the month before still counts as the month's start (upstream, "NTP"). */
const CLOCK_STEP_BACK_MS = 1_000_000;

/** What a generator of unique ids is built on; the defaults are this process. */
export interface UniqIdOptions {
  /** Address text; default this machine's. */
  ip?: string;
  /** Default process.pid; the lowest 16 bits count. */
  pid?: number;
  /** 32 bits that differ from process to process; default random (upstream: the class loader's identity hash). */
  processHash?: number;
  /** Wall clock of the time part; default the machine's. */
  clock?: Pick<Clock, 'now'>;
}

/** Makes ids that are unique while fewer than 65,536 are made in one millisecond. */
export class UniqIdGenerator {
  readonly #prefix: string;
  readonly #clock: Pick<Clock, 'now'>;
  #month = { startMs: 0, endMs: 0 };
  #counter = 0;
  /** Hex of the milliseconds part, kept while the millisecond lasts. */
  #lastMs = NaN;
  #lastMsHex = '';

  constructor(options: UniqIdOptions = {}) {
    const tail = Buffer.alloc(6);
    tail.writeUInt16BE((options.pid ?? process.pid) & 0xffff);
    tail.writeInt32BE((options.processHash ?? randomInt(0x1_0000_0000)) | 0, 2);
    this.#prefix = Buffer.concat([ipBytes(options.ip ?? localAddress()), tail])
      .toString('hex')
      .toUpperCase();
    this.#clock = options.clock ?? systemClock;
  }

  /** The next id. */
  next(): string {
    const now = this.#clock.now();
    if (now !== this.#lastMs) {
      this.#lastMs = now;
      this.#lastMsHex = hex(this.#millisSinceMonthStart(now), 8);
    }
    const counter = this.#counter;
    this.#counter = (counter + 1) & 0xffff;
    return this.#prefix + this.#lastMsHex + hex(counter, 4);
  }

  #millisSinceMonthStart(now: number): number {
    if (now >= this.#month.endMs) this.#month = monthOf(now);
    const since = now - this.#month.startMs;
    return since < 0 && since > -CLOCK_STEP_BACK_MS ? 0 : since | 0;
  }
}

function hex(value: number, digits: number): string {
  return (value >>> 0).toString(16).toUpperCase().padStart(digits, '0');
}

function monthOf(ms: number): { startMs: number; endMs: number } {
  const date = new Date(ms);
  const year = date.getFullYear();
  const month = date.getMonth();
  return { startMs: new Date(year, month, 1).getTime(), endMs: new Date(year, month + 1, 1).getTime() };
}

/** What a unique id says about its producer. */
export interface UniqIdParts {
  /** Address of the producer's machine, IPv4 or IPv6. */
  ip: string;
  /** Lowest 16 bits of the process id. */
  pid: number;
  /** Signed 32 bit. */
  processHash: number;
  /** ms since the month began in the producer's time zone; unsigned 32 bit. */
  millisSinceMonthStart: number;
  /** Counts the ids of a process, 0..65535; wraps. */
  counter: number;
}

/** Parts of a UNIQ_KEY, or undefined when the text is none. */
export function decodeUniqId(id: string): UniqIdParts | undefined {
  const v6 = id.length === V6_CHARACTERS;
  if ((!v6 && id.length !== V4_CHARACTERS) || !/^[0-9a-fA-F]+$/.test(id)) return undefined;
  const bytes = Buffer.from(id, 'hex');
  const tail = v6 ? 16 : 4;
  return {
    ip: ipText(bytes, 0, v6),
    pid: bytes.readUInt16BE(tail),
    processHash: readInt32(bytes, tail + 2),
    millisSinceMonthStart: bytes.readUInt32BE(tail + 6),
    counter: bytes.readUInt16BE(tail + 10),
  };
}

/**
 * When the message was probably made, in ms: the id does not say the month, so it is taken as this month's unless that
 * lies ahead of `nowMs`. Undefined when the text is no UNIQ_KEY. Right for messages under a month old, made in this time zone.
 */
export function uniqIdTime(id: string, nowMs: number): number | undefined {
  const parts = decodeUniqId(id);
  if (parts === undefined) return undefined;
  const { startMs } = monthOf(nowMs);
  const thisMonth = startMs + parts.millisSinceMonthStart;
  return thisMonth < nowMs ? thisMonth : monthOf(startMs - 1).startMs + parts.millisSinceMonthStart;
}
