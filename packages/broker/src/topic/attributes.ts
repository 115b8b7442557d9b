// Topic and group attributes: which exist, what values they take, and how a change request is applied.
// Upstream: common/attribute/AttributeUtil, AttributeParser; common/TopicAttributes.

/** One attribute an operator may set. */
export interface AttributeRule {
  /** False: only when the topic is created. */
  readonly changeable: boolean;
  /** A sentence when the value is not allowed. */
  problem(value: string): string | undefined;
}

export type AttributeRules = ReadonlyMap<string, AttributeRule>;

export const topicAttributeRules: AttributeRules = new Map([
  ['queue.type', oneOf(false, ['BatchCQ', 'SimpleCQ'])],
  ['cleanup.policy', oneOf(false, ['DELETE', 'COMPACTION'])],
  ['message.type', oneOf(true, ['UNSPECIFIED', 'NORMAL', 'FIFO', 'DELAY', 'TRANSACTION', 'MIXED'])],
]);

/** 5.3.3 declares no group attribute. */
export const groupAttributeRules: AttributeRules = new Map();

/** A change request that names an unknown, unchangeable, duplicate or badly written attribute. */
export class AttributeError extends Error {
  override readonly name = 'AttributeError';
}

/** `+k=v,-k` → `+k` ↦ v, `-k` ↦ ''. Blank text is no change. Throws AttributeError. */
export function parseAttributeChanges(text: string | undefined): Map<string, string> {
  const changes = new Map<string, string>();
  for (const entry of (text ?? '').split(',')) {
    if (entry.trim() === '') continue;
    const equals = entry.indexOf('=');
    const key = (equals < 0 ? entry : entry.slice(0, equals)).trim();
    if (equals < 0 && !key.startsWith('-')) throw new AttributeError(`attribute "${entry}" has no value`);
    if (changes.has(key)) throw new AttributeError(`attribute "${key}" is given twice`);
    changes.set(key, equals < 0 ? '' : entry.slice(equals + 1).trim());
  }
  return changes;
}

/**
 * The attributes after a change request whose keys start with `+` (set) or `-` (delete). A new topic takes only `+`.
 * Throws AttributeError; then nothing changed.
 */
export function alterAttributes(
  rules: AttributeRules,
  isNew: boolean,
  current: ReadonlyMap<string, string>,
  changes: ReadonlyMap<string, string>,
): Map<string, string> {
  const result = new Map(current);
  const seen = new Set<string>();
  for (const [signedKey, value] of changes) {
    const sign = signedKey.charAt(0);
    const key = signedKey.slice(1);
    if ((sign !== '+' && sign !== '-') || key === '' || /[+-]/.test(key)) {
      throw new AttributeError(`attribute "${signedKey}" must be +key=value or -key`);
    }
    if (seen.has(key)) throw new AttributeError(`alter duplication key. key: ${key}`);
    seen.add(key);
    if (isNew && sign !== '+') {
      throw new AttributeError(`only add attribute is supported while creating topic. key: ${key}`);
    }
    const rule = rules.get(key);
    if (rule === undefined) throw new AttributeError(`unsupported key: ${key}`);
    if (!isNew && !rule.changeable) {
      throw new AttributeError(`attempt to update an unchangeable attribute. key: ${key}`);
    }
    if (sign === '-') {
      if (!result.delete(key)) throw new AttributeError(`attempt to delete a nonexistent key: ${key}`);
      continue;
    }
    const problem = rule.problem(value);
    if (problem !== undefined) throw new AttributeError(`${key}: ${problem}`);
    result.set(key, value);
  }
  return result;
}

function oneOf(changeable: boolean, values: readonly string[]): AttributeRule {
  return {
    changeable,
    problem: (value) => (values.includes(value) ? undefined : `value is not in set: [${values.join(', ')}]`),
  };
}
