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
  const handle = Buffer.from(`${VERSION} ${topic} ${brokerName} ${outMs + 1} ${uniqKey}`).toString(
    'base64url',
  );
  // Java's encoder pads, to a multiple of four.
  return handle.padEnd(Math.ceil(handle.length / 4) * 4, '=');
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
