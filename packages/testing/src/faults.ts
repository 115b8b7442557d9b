import { type Connection, RemotingCommand, type RequestHook } from '@mq/remoting';
import { RequestCode, ResponseCode } from '@mq/remoting/protocol';
import { DiskError, type DiskOperation } from '@mq/store';

/** Requests that the broker refuses before it looks at them. */
export interface RequestFault {
  /** Name of the request code; default: every send (`SEND_MESSAGE`, `SEND_MESSAGE_V2`, `SEND_BATCH_MESSAGE`). */
  readonly request?: keyof typeof RequestCode | readonly (keyof typeof RequestCode)[];
  /** What is answered; default `SYSTEM_BUSY`. */
  readonly response?: keyof typeof ResponseCode;
  /** What is said with it; default: the code, and that the test refused. */
  readonly remark?: string;
  /** How many requests; default: all until `clear`. */
  readonly times?: number;
}

/** Calls to the disk that fail. */
export interface DiskFault {
  /** errno name; default `EIO`. */
  readonly code?: string;
  /** Default: `write` and `sync`. */
  readonly operations?: readonly DiskOperation[];
  /** Only files whose path contains this, for example `commitlog`. */
  readonly path?: string;
  /** How many calls; default: all until `clear`. */
  readonly times?: number;
}

/** The switches of a test broker. */
export interface TestFaults {
  /** Refuses requests. */
  refuse(fault?: RequestFault): void;
  /** Makes the disk fail. A log whose sync failed stays closed for writing until the broker is restarted, as it must. */
  failDisk(fault?: DiskFault): void;
  /** Cuts every connection to the broker; clients connect again. */
  disconnectAll(): void;
  /** Ends all faults. */
  clear(): void;
}

const SENDS = ['SEND_MESSAGE', 'SEND_MESSAGE_V2', 'SEND_BATCH_MESSAGE'] as const;
const DISK_WRITES: readonly DiskOperation[] = ['write', 'sync'];

interface Countdown {
  left: number;
}

/** Keeps the faults over restarts of the broker, which looks at them through the hook and the guard. */
export class FaultSwitches implements TestFaults {
  readonly #requests: (Countdown & { codes: ReadonlySet<number>; response: RemotingCommand })[] = [];
  readonly #disk: (Countdown & Required<Pick<DiskFault, 'code' | 'operations'>> & { path: string })[] = [];
  readonly #connections: () => Iterable<Connection>;

  constructor(connections: () => Iterable<Connection>) {
    this.#connections = connections;
  }

  refuse({ request = SENDS, response = 'SYSTEM_BUSY', remark, times = Infinity }: RequestFault = {}): void {
    const names = typeof request === 'string' ? [request] : request;
    this.#requests.push({
      left: times,
      codes: new Set(names.map((name) => RequestCode[name])),
      response: RemotingCommand.response(
        ResponseCode[response],
        remark ?? `${response}: refused by the test`,
        {},
      ),
    });
  }

  failDisk({ code = 'EIO', operations = DISK_WRITES, path = '', times = Infinity }: DiskFault = {}): void {
    this.#disk.push({ left: times, code, operations, path });
  }

  disconnectAll(): void {
    for (const connection of [...this.#connections()]) connection.close('cut by the test');
  }

  clear(): void {
    this.#requests.length = 0;
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
