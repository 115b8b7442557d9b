// What names a timer message that a producer wants back (upstream: RecallMessageHandle, since 5.3.2): base64url of
// `v1 <topic> <brokerName> <time> <UNIQ_KEY>`. The time is one millisecond behind the start of the message's slot, so that
// the recall, which is a timer message itself, comes into the same slot.
const VERSION = 'v1';

export interface RecallHandle {
  readonly topic: string;
  readonly brokerName: string;
  readonly deliverMs: number;
  readonly uniqKey: string;
}

/** @param outMs slot of the message */
export function recallHandleOf(topic: string, brokerName: string, outMs: number, uniqKey: string): string {
  const text = [VERSION, topic, brokerName, String(outMs + 1), uniqKey].join(' ');
  // Java's encoder pads.
  return Buffer.from(text, 'utf8').toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** undefined when it is none. */
export function parseRecallHandle(handle: string): RecallHandle | undefined {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(handle)) return undefined;
  const [version, topic, brokerName, time, uniqKey] = Buffer.from(handle, 'base64url')
    .toString('utf8')
    .split(' ');
  if (version !== VERSION || topic === undefined || brokerName === undefined || uniqKey === undefined)
    return undefined;
  const isTime = time !== undefined && /^-?\d{1,16}$/.test(time);
  return { topic, brokerName, deliverMs: isTime ? Number(time) : -1, uniqKey };
}
