// The file of broadcast offsets, as fastjson's PrettyFormat writes it; tabs, and not JSON because of the object keys:
//
//   {
//   	"offsetTable":{{
//   			"brokerName":"broker-a",
//   			"queueId":0,
//   			"topic":"T"
//   		}:12
//   	}
//   }
//
// Upstream: OffsetSerializeWrapper, RemotingSerializable.toJson(pretty).
import { parseFastjson, stringifyFastjson, type MessageQueue } from '@mq/remoting/protocol';

export interface OffsetEntry {
  readonly queue: MessageQueue;
  offset: number;
}

export function encodeOffsetFile(entries: readonly OffsetEntry[]): string {
  const offsetTable = new Map(entries.map(({ queue, offset }) => [queue, offset]));
  return stringifyFastjson({ offsetTable }, { pretty: true });
}

/** @throws Error when the text is not such a file; a damaged file must not count as empty. */
export function decodeOffsetFile(text: string): OffsetEntry[] {
  const parsed = parseFastjson(text);
  const table = isRecord(parsed) ? parsed['offsetTable'] : undefined;
  if (table instanceof Map) {
    return [...table].map(([key, offset]) => ({ queue: queueOf(key), offset: offsetOf(offset) }));
  }
  // Without queues the table is an ordinary object.
  if (isRecord(table) && Object.keys(table).length === 0) return [];
  throw new Error('the file has no offsetTable');
}

function queueOf(key: unknown): MessageQueue {
  if (!isRecord(key)) throw new Error('a key of the offsetTable is not a queue');
  const { topic, brokerName, queueId } = key;
  if (typeof topic !== 'string' || typeof brokerName !== 'string' || typeof queueId !== 'number') {
    throw new Error('a queue in the offsetTable is incomplete');
  }
  return { topic, brokerName, queueId };
}

function offsetOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new Error('an offset is not a whole number');
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
