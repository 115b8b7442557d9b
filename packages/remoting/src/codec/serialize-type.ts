import type { SerializeType } from '../command.js';

/** Codec byte of each header codec: the top byte of a frame's second word. 2 is ours, see docs/decisions. */
export const codecByte: Readonly<Record<SerializeType, number>> = { JSON: 0, ROCKETMQ: 1, MSGPACK: 2 };

/** The codec of the process environment, as upstream reads it: `ROCKETMQ_SERIALIZE_TYPE`, else JSON. */
export function serializeTypeFromEnv(env: Readonly<Record<string, string | undefined>>): 'JSON' | 'ROCKETMQ' {
  return env['ROCKETMQ_SERIALIZE_TYPE']?.toUpperCase() === 'ROCKETMQ' ? 'ROCKETMQ' : 'JSON';
}
