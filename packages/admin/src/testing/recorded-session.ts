import { readFileSync } from 'node:fs';
import { RemotingCommand, type ExtFields } from '@mq/remoting';

/** One request of a recorded conversation with Apache's servers, and its answer. */
export interface Exchange {
  readonly code: number;
  readonly ext: ExtFields;
  readonly answer: RemotingCommand;
}

interface Line {
  readonly link: string;
  readonly conn: number;
  readonly ev: string;
  readonly dir: string;
  readonly hex: string;
}

/** The answered requests of clients in a recording, by link (`cli-ns`, `cli-broker`, ...). JSON headers only. */
export function readSession(path: string): Map<string, Exchange[]> {
  const asked = new Map<string, RemotingCommand>();
  const byLink = new Map<string, Exchange[]>();
  const lines = readFileSync(path, 'utf8').split('\n');
  for (const line of lines.filter((text) => text !== '').map((text) => JSON.parse(text) as Line)) {
    if (line.ev !== 'data') continue;
    const command = decodeJsonFrame(Buffer.from(line.hex, 'hex'));
    const key = `${line.link} ${line.conn} ${command.opaque}`;
    if (line.dir === 'c2s' && !command.isResponse) asked.set(key, command);
    const request = line.dir === 's2c' && command.isResponse ? asked.get(key) : undefined;
    if (request === undefined) continue;
    const exchanges = byLink.get(line.link) ?? [];
    exchanges.push({ code: request.code, ext: request.extFields, answer: command });
    byLink.set(line.link, exchanges);
  }
  return byLink;
}

/** remoting.md 1.1; the recorder wrote one frame a line. */
function decodeJsonFrame(frame: Buffer): RemotingCommand {
  const marked = frame.readInt32BE(4);
  if (marked >>> 24 !== 0) throw new Error('the recording has a header that is not JSON');
  const headerEnd = 8 + (marked & 0xffffff);
  const header = JSON.parse(frame.toString('utf8', 8, headerEnd)) as Partial<RemotingCommand>;
  const body = frame.length > headerEnd ? frame.subarray(headerEnd) : undefined;
  const command = new RemotingCommand(header.code ?? -1, header.remark, body);
  command.opaque = header.opaque ?? 0;
  command.flag = header.flag ?? 0;
  command.extFields = header.extFields ?? {};
  return command;
}
