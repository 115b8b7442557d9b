// The ext object of a JSON header, parsed when somebody asks for it.
import { createExtFields, type ExtFields, type RemotingCommand } from '../command.js';
import { RemotingError } from '../errors.js';
import { parseFastjson } from '../protocol/fastjson-reader.js';
import { stringifyFastjson } from '../protocol/fastjson-writer.js';

/** Reads the ext fields of a command whose `rawExtStart` and `rawExtEnd` delimit the inside of the ext object. */
export function readJsonExt(command: RemotingCommand): ExtFields {
  const source = command.rawHeader;
  if (source === undefined) return createExtFields();
  const text = source.toString('utf8', command.rawExtStart - 1, command.rawExtEnd + 1);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return tolerantExt(text);
  }
  if (typeof parsed !== 'object' || parsed === null) throw badExt('not an object');
  const members = parsed as Record<string, unknown>;
  Object.setPrototypeOf(members, null);
  for (const key in members) {
    if (typeof members[key] !== 'string') return membersAsWritten(text);
  }
  return members as ExtFields;
}

function tolerantExt(text: string): ExtFields {
  let parsed: unknown;
  try {
    parsed = parseFastjson(text);
  } catch (cause) {
    throw badExt('not readable', cause);
  }
  return extFromJson(parsed);
}

/**
 * Ext fields from a parsed object: scalars become the text Java makes of them, members that are null are left out.
 * @throws RemotingError `BAD_HEADER` when it is no object.
 */
export function extFromJson(parsed: unknown): ExtFields {
  const ext = createExtFields();
  if (parsed instanceof Map) {
    for (const [key, value] of parsed) setMember(ext, String(key), value);
  } else if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
    for (const [key, value] of Object.entries(parsed)) setMember(ext, key, value);
  } else {
    throw badExt('not an object');
  }
  return ext;
}

function setMember(ext: ExtFields, key: string, value: unknown): void {
  if (value === null || value === undefined) return;
  if (typeof value === 'string') ext[key] = value;
  else ext[key] = typeof value === 'object' ? stringifyFastjson(value) : String(value);
}

/**
 * Members of a strict JSON object, bare scalars as the text they are written in: old JavaScript clients send numbers
 * and booleans bare, and Java keeps such a number's digits (`1.50`, `9223372036854775807`).
 */
function membersAsWritten(text: string): ExtFields {
  const ext = createExtFields();
  let at = skipSpace(text, 1);
  while (text[at] !== '}') {
    const keyEnd = endOfValue(text, at);
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const valueEnd = endOfValue(text, valueStart);
    const raw = text.slice(valueStart, valueEnd);
    const structured = raw.startsWith('"') || raw.startsWith('{') || raw.startsWith('[');
    const value: unknown = structured ? JSON.parse(raw) : raw === 'null' ? null : raw;
    setMember(ext, JSON.parse(text.slice(at, keyEnd)) as string, value);
    at = skipSpace(text, valueEnd);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return ext;
}

function skipSpace(text: string, at: number): number {
  while (/\s/.test(text[at] ?? '')) at++;
  return at;
}

/** End of the JSON value at `at`; the text is known to be valid. */
function endOfValue(text: string, at: number): number {
  let depth = 0;
  for (let position = at; position < text.length; position++) {
    const char = text[position]!;
    if (char === '"') {
      for (position++; text[position] !== '"'; position++) if (text[position] === '\\') position++;
    } else if (char === '{' || char === '[') {
      depth++;
      continue;
    } else if (char === '}' || char === ']') {
      if (depth === 0) return position;
      depth--;
    } else if (depth > 0 || !/[\s,:]/.test(char)) {
      continue;
    } else {
      return position;
    }
    if (depth === 0) return position + 1;
  }
  return text.length;
}

function badExt(problem: string, cause?: unknown): RemotingError {
  return new RemotingError('BAD_HEADER', `extFields: ${problem}`, { cause });
}
