/** A result as indented JSON. Maps become objects, those keyed by objects a list of entries; sets become lists. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => plain(member), 2);
}

function plain(value: unknown): unknown {
  if (value instanceof Map) return plainMap(value);
  if (value instanceof Set) return [...value];
  if (typeof value === 'bigint') return String(value);
  if (isSerializedBuffer(value)) return Buffer.from(value.data).toString('base64');
  if (value instanceof Error) return value.message;
  return value;
}

function plainMap(map: ReadonlyMap<unknown, unknown>): unknown {
  const entries = [...map];
  return entries.some(([key]) => typeof key === 'object')
    ? entries.map(([key, value]) => ({ key, value }))
    : Object.fromEntries(entries);
}

/** Buffers have been through their own toJSON when a replacer sees them. */
function isSerializedBuffer(value: unknown): value is { type: 'Buffer'; data: number[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { type?: unknown }).type === 'Buffer' &&
    'data' in value
  );
}
