// Java's .properties text: `name=value` lines as java.util.Properties reads and writes them.
//
// Comments start with # or !; a name ends at the first unescaped =, : or blank; a backslash at the line's end
// continues it (leading blanks of the next line dropped); \t \n \r \f \uXXXX and \<any> are escapes.

/** Reads the text form. A later line with the same name wins. Map order = order of first appearance. Throws on a malformed \u escape. */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const nameEnd = endOfName(line);
    properties.set(unescape(line.slice(0, nameEnd)), unescape(line.slice(startOfValue(line, nameEnd))));
  }
  return properties;
}

/**
 * Reads the bytes of a file. A file that is valid UTF-8 is read as such, everything else as ISO-8859-1.
 * Java always takes ISO-8859-1 and so turns raw non-ASCII UTF-8 into mojibake; \uXXXX works in both.
 */
export function parsePropertiesFile(bytes: Buffer): Map<string, string> {
  const text = bytes.toString('utf8');
  return parseProperties(text.includes('\ufffd') ? bytes.toString('latin1') : text);
}

const BLANK = /[ \t\f]/;

function* logicalLines(text: string): Iterable<string> {
  let pending = '';
  let continued = false;
  for (const raw of text.split(/\r\n|\n|\r/)) {
    const line = raw.replace(/^[ \t\f]+/, '');
    if (!continued && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    continued = backslashesAtEnd(line) % 2 === 1;
    pending += continued ? line.slice(0, -1) : line;
    if (continued) continue;
    yield pending;
    pending = '';
  }
  if (pending !== '') yield pending;
}

/** Counted from the end: a pattern would begin anew at each backslash of a line full of them. */
function backslashesAtEnd(line: string): number {
  let start = line.length;
  while (start > 0 && line[start - 1] === '\\') start--;
  return line.length - start;
}

function endOfName(line: string): number {
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (c === '\\') i++;
    else if (c === '=' || c === ':' || BLANK.test(c)) return i;
  }
  return line.length;
}

function startOfValue(line: string, nameEnd: number): number {
  let i = nameEnd;
  while (i < line.length && BLANK.test(line[i]!)) i++;
  if (line[i] === '=' || line[i] === ':') i++;
  while (i < line.length && BLANK.test(line[i]!)) i++;
  return i;
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(u[^]{0,4}|[^]|$)/g, (_, escaped: string) => {
    if (escaped[0] !== 'u') return ESCAPES[escaped] ?? escaped;
    if (!/^u[0-9a-fA-F]{4}$/.test(escaped)) throw new SyntaxError(`malformed \\u escape: \\${escaped}`);
    return String.fromCharCode(parseInt(escaped.slice(1), 16));
  });
}

/** Text form with escapes, pure ASCII, one `name=value\n` a pair in the given order: what java.util.Properties reads back unchanged. */
export function formatProperties(properties: Iterable<readonly [string, string]>): string {
  let text = '';
  for (const [name, value] of properties) text += `${escape(name, true)}=${escape(value, false)}\n`;
  return text;
}

function escape(text: string, isName: boolean): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    const unit = text.charCodeAt(i);
    if (c === '\\') out += '\\\\';
    else if (c === '\t') out += '\\t';
    else if (c === '\n') out += '\\n';
    else if (c === '\r') out += '\\r';
    else if (c === '\f') out += '\\f';
    else if (c === ' ') out += isName || i === 0 ? '\\ ' : ' ';
    else if (isName && '=:#!'.includes(c)) out += `\\${c}`;
    else if (unit < 0x20 || unit > 0x7e) out += `\\u${unit.toString(16).padStart(4, '0')}`;
    else out += c;
  }
  return out;
}
