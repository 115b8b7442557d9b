// Reads the JSON headers that the plain pass does not: everything Java's reader (fastjson 1.2.83) tolerates, and the
// refusals where Java refuses. Rare, so it builds objects. Facts: the `len-*` frames of the golden data.
import { RemotingCommand, type ExtFields } from '../command.js';
import { RemotingError } from '../errors.js';
import { parseFastjson } from '../protocol/fastjson-reader.js';
import { LanguageCode, languageName } from '../protocol/language.js';
import { extFromJson } from './json-ext.js';

/** @throws RemotingError `BAD_FRAME` */
export function readTolerantJsonHeader(header: Buffer): RemotingCommand {
  const command = new RemotingCommand(0, undefined, undefined);
  // What the Java class holds when the header does not say.
  command.language = 'JAVA';
  for (const [key, value] of parseHeader(header)) {
    if (key === '@type') throw badHeader('names a type');
    const name = fieldName(String(key));
    switch (name) {
      case 'code':
      case 'flag':
      case 'opaque':
      case 'version':
        if (value !== null) command[name] = int32(value, name);
        break;
      case 'language':
        command.language = languageOf(value);
        break;
      case 'remark':
        command.remark = value === null ? undefined : typeof value === 'string' ? value : String(value);
        break;
      case 'extfields':
        if (value !== null) command.extFields = extOf(value);
        break;
      default:
      // An unknown member is no error; `serializeTypeCurrentRPC` is one: the frame's codec byte has said it.
    }
  }
  return command;
}

/** Java matches names whatever their case and without regard to `_` and `-`. */
function fieldName(key: string): string {
  return key.replace(/[_-]/g, '').toLowerCase();
}

function parseHeader(header: Buffer): Iterable<readonly [unknown, unknown]> {
  let parsed: unknown;
  try {
    parsed = parseFastjson(header);
  } catch (cause) {
    throw badHeader('not readable', cause);
  }
  if (parsed instanceof Map) return parsed as Map<unknown, unknown>;
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw badHeader('not an object');
  return Object.entries(parsed);
}

/** Fractions are cut off and digits in quotes read, as Java does; what is no int32 is refused. */
function int32(value: unknown, field: string): number {
  const number = typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : value;
  const whole = typeof number === 'number' ? Math.trunc(number) : NaN;
  if ((whole | 0) !== whole) throw badHeader(`${field} is not an int32`);
  return whole;
}

/** A name in any case, or the ordinal; anything else is what Java decodes to null. */
function languageOf(value: unknown): string {
  if (typeof value === 'number') return languageName(value) ?? 'UNKNOWN';
  const name = typeof value === 'string' ? value.toUpperCase() : '';
  return Object.hasOwn(LanguageCode, name) ? name : 'UNKNOWN';
}

function extOf(value: unknown): ExtFields {
  if (Array.isArray(value) || typeof value !== 'object') throw badHeader('extFields is not an object');
  return extFromJson(value);
}

function badHeader(problem: string, cause?: unknown): RemotingError {
  return new RemotingError('BAD_FRAME', `JSON header: ${problem}`, { cause });
}
