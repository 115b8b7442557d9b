/** Facts of a log record: short values that say which one, how many, from where. Never payloads, never secrets. */
export type LogFacts = Readonly<Record<string, unknown>>;

/**
 * The only way anything here writes a log. The message is a constant; what varies goes into the facts.
 * `debug`: for us; `info`: what an operator wants to know later; `warn`: something is wrong but handled;
 * `error`: somebody must act.
 */
export interface Logger {
  /** For whoever works on the program. */
  debug(msg: string, facts?: LogFacts): void;
  /** What an operator wants to know later. */
  info(msg: string, facts?: LogFacts): void;
  /** Something is wrong but handled. */
  warn(msg: string, facts?: LogFacts): void;
  /** Somebody must act. */
  error(msg: string, facts?: LogFacts): void;
  /** A logger for a part of this one; names are joined with a dot. */
  child(name: string): Logger;
}

/** Who must act decides: error an operator now, warn an operator soon, info nobody, debug a developer. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** How `consoleLogger` writes. */
export interface ConsoleLoggerOptions {
  /** Least level that is written; default `info`. */
  level?: LogLevel;
  /** Takes one finished line without its newline; default standard error. */
  write?: (line: string) => void;
}

const levelOrder: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Longest text of one fact; what is longer is cut, since a peer may have chosen it. */
const maxFactLength = 512;

/** Writes nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

/** One line a record: `2026-01-02T03:04:05.678Z WARN broker.server message key=value`. */
export function consoleLogger(options: ConsoleLoggerOptions = {}): Logger {
  const write = options.write ?? ((line: string) => void process.stderr.write(`${line}\n`));
  return lineLogger(levelOrder[options.level ?? 'info'], write, '');
}

function lineLogger(leastLevel: number, write: (line: string) => void, name: string): Logger {
  const log =
    (level: LogLevel) =>
    (msg: string, facts?: LogFacts): void => {
      if (levelOrder[level] < leastLevel) return;
      const where = name === '' ? '' : `${name} `;
      write(`${new Date().toISOString()} ${level.toUpperCase()} ${where}${msg}${formatFacts(facts)}`);
    };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: (part) => lineLogger(leastLevel, write, name === '' ? part : `${name}.${part}`),
  };
}

function formatFacts(facts: LogFacts | undefined): string {
  if (facts === undefined) return '';
  let line = '';
  for (const [key, value] of Object.entries(facts)) {
    if (value !== undefined) line += ` ${key}=${formatFact(value)}`;
  }
  return line;
}

function formatFact(value: unknown): string {
  const text = factText(value);
  const cut = text.length > maxFactLength ? `${text.slice(0, maxFactLength)}...` : text;
  // Anything but plain visible ASCII is quoted and escaped, so that a peer's text cannot forge a line.
  return /^[\x21\x23-\x7e]+$/.test(cut) ? cut : escapeNonAscii(JSON.stringify(cut));
}

function factText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return describeError(value);
  if (typeof value === 'object' && value !== null) {
    try {
      return JSON.stringify(value) ?? '';
    } catch {
      return '[unprintable]';
    }
  }
  return String(value);
}

function describeError(error: Error): string {
  const cause = error.cause instanceof Error ? ` (cause: ${describeError(error.cause)})` : '';
  return `${error.message}${cause}`;
}

function escapeNonAscii(text: string): string {
  return text.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
