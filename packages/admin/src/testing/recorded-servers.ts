import { decodeFrame, RemotingCommand, RemotingServer } from '@mq/remoting';
import { RequestCode, requestCodeName } from '@mq/remoting/protocol';
import { recordedExchanges, type RecordedExchange } from '@mq-tools/testing';

type Exchange = RecordedExchange<RemotingCommand>;

/** The port each link of a recording led to. */
const RECORDED_PORT: ReadonlyMap<string, number> = new Map([
  ['cli-ns', 19876],
  ['cli-broker', 20911],
  ['cli-slave', 21911],
  ['cli-ns497', 29876],
  ['cli-broker497', 30911],
]);

/** What a client sends for itself, whether recorded or not. */
const HOUSEKEEPING: ReadonlySet<number> = new Set([
  RequestCode.HEART_BEAT,
  RequestCode.UNREGISTER_CLIENT,
  RequestCode.UPDATE_CONSUMER_OFFSET,
]);

/**
 * NameServer and brokers that answer as they did in a recording. They listen on ports of their own: wherever a recorded
 * address appears, in text or in a message's bytes, it is replaced on its way in and back on its way out.
 */
export class RecordedServers {
  /** Names of requests that the recording has no answer for. */
  readonly unexpected: string[] = [];
  readonly #servers: RemotingServer[] = [];
  readonly #ports = new Map<number, number>();

  static async start(session: string): Promise<RecordedServers> {
    const servers = new RecordedServers();
    const all = recordedExchanges(session, decodeFrame);
    for (const [link, recordedPort] of RECORDED_PORT) {
      const exchanges = all.filter((exchange) => exchange.link === link);
      if (exchanges.length > 0) await servers.#listen(recordedPort, exchanges);
    }
    return servers;
  }

  /** The text with our ports for the recorded ones. */
  toOurs(text: string): string {
    return this.#replaced(text, ([recorded, ours]) => [recorded, ours]);
  }

  /** The text with the recorded ports for ours. */
  toRecorded(text: string): string {
    return this.#replaced(text, ([recorded, ours]) => [ours, recorded]);
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close({ timeoutMs: 0 })));
  }

  async #listen(recordedPort: number, exchanges: readonly Exchange[]): Promise<void> {
    const server = new RemotingServer({ port: 0 });
    server.registerDefault((request) => this.#answer(request, exchanges));
    this.#servers.push(server);
    // Tables are compared as a whole, so that the port needs as many digits as the recorded one.
    const { port } = await server.listen();
    this.#ports.set(recordedPort, port);
  }

  #answer(request: RemotingCommand, exchanges: readonly Exchange[]): RemotingCommand {
    const candidates = exchanges.filter((exchange) => exchange.request.code === request.code);
    const best = bestMatch(request, candidates);
    if (best !== undefined) return this.#rewritten(best.answer);
    if (HOUSEKEEPING.has(request.code)) return RemotingCommand.response(0);
    this.unexpected.push(`${requestCodeName(request.code)} ${JSON.stringify(request.extFields)}`);
    return RemotingCommand.response(1, 'the recording has no answer to this');
  }

  #rewritten({ code, remark, extFields, body }: RemotingCommand): RemotingCommand {
    const isText = body !== undefined && (body[0] === 0x7b || body[0] === 0x5b);
    const ours = isText ? Buffer.from(this.toOurs(body.toString('utf8'))) : this.#rewrittenRecords(body);
    return RemotingCommand.response(code, remark, { ...extFields }, ours);
  }

  /** Hosts in stored messages: 127.0.0.1 and the port as int32. */
  #rewrittenRecords(body: Buffer | undefined): Buffer | undefined {
    if (body === undefined) return undefined;
    const bytes = Buffer.from(body);
    for (const [recorded, ours] of this.#ports) {
      const host = Buffer.from(`7f000001${hexPort(recorded)}`, 'hex');
      for (let at = bytes.indexOf(host); at >= 0; at = bytes.indexOf(host, at + 1))
        bytes.writeInt32BE(ours, at + 4);
    }
    return bytes;
  }

  #replaced(text: string, direction: (pair: [number, number]) => [number, number]): string {
    let result = text;
    for (const pair of this.#ports) {
      const [from, to] = direction(pair);
      result = result
        .replaceAll(`127.0.0.1:${from}`, `127.0.0.1:${to}`)
        .replaceAll(`7F000001${hexPort(from)}`, `7F000001${hexPort(to)}`);
    }
    return result;
  }
}

const hexPort = (port: number): string => port.toString(16).toUpperCase().padStart(8, '0');

/** The recorded request with the most fields like ours; fields that only one of them has do not count. */
function bestMatch(request: RemotingCommand, candidates: readonly Exchange[]): Exchange | undefined {
  const { extFields } = request;
  const score = ({ request: { extFields: ext } }: Exchange): number => {
    const shared = Object.keys(ext).filter((key) => key in extFields);
    const equal = shared.filter((key) => ext[key] === extFields[key]).length;
    return equal - 0.01 * Math.abs(Object.keys(ext).length - Object.keys(extFields).length);
  };
  return [...candidates].sort((a, b) => score(b) - score(a))[0];
}
