import { readFileSync } from 'node:fs';
import { type ExtFields, RemotingCommand } from '@mq/remoting';
import { goldenPath } from '@mq-tools/testing';

/** One request of a recorded conversation with Apache's broker, and how that answered. */
export interface Exchange {
  readonly code: number;
  readonly ext: ExtFields;
  readonly body: Buffer | undefined;
  readonly answer: RemotingCommand;
}

interface Line {
  readonly link: string;
  readonly conn: number;
  readonly ev: string;
  readonly dir: string;
  readonly hex: string;
}

/** The exchanges between a client (or slave) and a broker in `remoting/sessions/<name>.jsonl`, JSON headers only. */
export function goldenExchanges(name: string, isBrokerLink = /^(cli|slave)-broker/): Exchange[] {
  const asked = new Map<string, RemotingCommand>();
  const exchanges: Exchange[] = [];
  for (const text of readFileSync(goldenPath(`remoting/sessions/${name}.jsonl`), 'utf8').split('\n')) {
    if (text === '') continue;
    const line = JSON.parse(text) as Line;
    if (line.ev !== 'data' || !isBrokerLink.test(line.link)) continue;
    const command = decodeJsonFrame(Buffer.from(line.hex, 'hex'));
    if (command === undefined) continue;
    const key = `${line.link} ${line.conn} ${command.opaque}`;
    if (line.dir === 'c2s' && !command.isResponse) asked.set(key, command);
    const request = asked.get(key);
    if (line.dir !== 's2c' || !command.isResponse || request === undefined) continue;
    const { code, extFields: ext, body } = request;
    exchanges.push({ code, ext, body, answer: command });
  }
  return exchanges;
}

/** A frame of remoting.md §1.1 with a JSON header; the recorder wrote one a line. */
function decodeJsonFrame(frame: Buffer): RemotingCommand | undefined {
  const marked = frame.readInt32BE(4);
  if (marked >>> 24 !== 0) return undefined;
  const headerEnd = 8 + (marked & 0xffffff);
  const header = JSON.parse(frame.toString('utf8', 8, headerEnd)) as Partial<RemotingCommand>;
  const body = frame.length > headerEnd ? frame.subarray(headerEnd) : undefined;
  const command = new RemotingCommand(header.code ?? -1, header.remark, body);
  command.opaque = header.opaque ?? 0;
  command.flag = header.flag ?? 0;
  command.extFields = header.extFields ?? {};
  return command;
}
