import { type Connection, RemotingCommand, type RequestHook } from '@mq/remoting';
import { RequestCode, ResponseCode } from '@mq/remoting/protocol';
import { DiskError, type DiskOperation } from '@mq/store';

/** Requests whose answers get lost. */
export interface AnswerFault {
  /** Name of the request code; default: every send (`SEND_MESSAGE`, `SEND_MESSAGE_V2`, `SEND_BATCH_MESSAGE`). */
  readonly request?: RequestName | readonly RequestName[];
  /** How many requests; default: all until `clear`. */
  readonly times?: number;
}

/** Requests that the broker refuses before it looks at them. */
export interface RequestFault extends AnswerFault {
  /** What is answered; default `SYSTEM_BUSY`. */
  readonly response?: keyof typeof ResponseCode;
  /** What is said with it; default: the code, and that the test refused. */
  readonly remark?: string;
}

/** Calls to the disk that fail. */
export interface DiskFault {
  /** errno name; default `EIO`. */
  readonly code?: string;
  /** Default: `write` and `sync`. */
  readonly operations?: readonly FailingOperation[];
  /** Only files whose path contains this, for example `commitlog`. */
  readonly path?: string;
  /** How many calls; default: all until `clear`. */
  readonly times?: number;
}

/** The switches of a test broker. */
export interface TestFaults {
  /** Refuses requests. @throws RangeError for a name that no request or response code has */
  refuse(fault?: RequestFault): void;
  /**
   * The broker does what it is asked to, and the connection breaks before the answer is sent. A producer that tries again makes
   * a duplicate, as networks do.
   * @throws RangeError for a name that no request code has
   */
  loseAnswers(fault?: AnswerFault): void;
  /**
   * Makes the disk fail. A log of which a write or a sync failed stays closed for writing until the broker is restarted, as it
   * must.
   * @throws RangeError for a name that no operation has
   */
  failDisk(fault?: DiskFault): void;
  /** Cuts every connection to the broker; clients connect again. */
  disconnectAll(): void;
  /** Ends all faults. */
  clear(): void;
}

/** Name of a request code. */
type RequestName = keyof typeof RequestCode;

/** What a disk does that may fail. */
export type FailingOperation = Exclude<DiskOperation, 'close'>;

const SENDS = ['SEND_MESSAGE', 'SEND_MESSAGE_V2', 'SEND_BATCH_MESSAGE'] as const;
const DISK_WRITES: readonly FailingOperation[] = ['write', 'sync'];
const OPERATIONS: Readonly<Record<FailingOperation, true>> = {
  open: true,
  list: true,
  stat: true,
  mkdir: true,
  rename: true,
  remove: true,
  syncDirectory: true,
  readFile: true,
  writeFile: true,
  usage: true,
  lock: true,
  write: true,
  read: true,
  sync: true,
  truncate: true,
};

interface Countdown {
  left: number;
}

/** Keeps the faults over restarts of the broker, which looks at them through the hook and the guard. */
export class FaultSwitches implements TestFaults {
  readonly #requests: (Countdown & { codes: ReadonlySet<number>; response: RemotingCommand })[] = [];
  readonly #answers: (Countdown & { codes: ReadonlySet<number> })[] = [];
  readonly #disk: (Countdown & { code: string; operations: readonly DiskOperation[]; path: string })[] = [];
  readonly #connections: () => Iterable<Connection>;

  constructor(connections: () => Iterable<Connection>) {
    this.#connections = connections;
  }

  refuse({ request = SENDS, response = 'SYSTEM_BUSY', remark, times = Infinity }: RequestFault = {}): void {
    assertKnown('response code', response, ResponseCode);
    this.#requests.push({
      left: times,
      codes: codesOf(request),
      response: RemotingCommand.response(
        ResponseCode[response],
        remark ?? `${response}: refused by the test`,
        {},
      ),
    });
  }

  loseAnswers({ request = SENDS, times = Infinity }: AnswerFault = {}): void {
    this.#answers.push({ left: times, codes: codesOf(request) });
  }

  failDisk({ code = 'EIO', operations = DISK_WRITES, path = '', times = Infinity }: DiskFault = {}): void {
    for (const operation of operations) assertKnown('operation of a disk', operation, OPERATIONS);
    this.#disk.push({ left: times, code, operations, path });
  }

  disconnectAll(): void {
    for (const connection of [...this.#connections()]) connection.close('cut by the test');
  }

  clear(): void {
    this.#requests.length = 0;
    this.#answers.length = 0;
    this.#disk.length = 0;
  }

  /** For the broker's requests. */
  readonly requestHook: RequestHook = {
    beforeRequest: (request) => {
      const fault = this.#requests.find(({ left, codes }) => left > 0 && codes.has(request.code));
      if (fault === undefined) return undefined;
      fault.left--;
      const { code, remark } = fault.response;
      return RemotingCommand.response(code, remark, {});
    },
    afterResponse: (request, _response, connection) => {
      const fault = this.#answers.find(({ left, codes }) => left > 0 && codes.has(request.code));
      if (fault === undefined) return;
      fault.left--;
      // What is queued for the end of the turn is dropped with it.
      connection.close('the test lost the answer');
    },
  };

  /** For the broker's disk. */
  readonly diskGuard = (operation: DiskOperation, path: string): void => {
    const fault = this.#disk.find(
      (each) => each.left > 0 && each.operations.includes(operation) && path.includes(each.path),
    );
    if (fault === undefined) return;
    fault.left--;
    throw new DiskError({ code: fault.code, operation, path, detail: `${fault.code}, wanted by the test` });
  };
}

function codesOf(request: RequestName | readonly RequestName[]): ReadonlySet<number> {
  const names = typeof request === 'string' ? [request] : request;
  for (const name of names) assertKnown('request code', name, RequestCode);
  return new Set(names.map((name) => RequestCode[name]));
}

/** In JavaScript nobody else would notice a slip, and the test would pass without its fault. */
function assertKnown(what: string, name: string, known: object): void {
  if (!Object.hasOwn(known, name)) throw new RangeError(`"${name}" is no ${what}`);
}
