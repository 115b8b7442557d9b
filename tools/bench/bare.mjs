// What Node's sockets alone cost: a server that answers every frame with the same send response, and looks at nothing in it but
// its length and its number. Neither our transport nor a store; see echo.mjs for the transport.
//
//   npm run build && node tools/bench/bare.mjs [--port 10911] [--log FILE]
//   mqload send -broker 127.0.0.1:PORT -queues 4 -create=false -topic T -inflight 1 -server-pid PID
//
// --log writes what a turn brought to a file, as a broker without any format would.
import { closeSync, openSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { encodeFrame, RemotingCommand } from '@mq/remoting';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, log: { type: 'string' } },
});

/** Behind total length, header word, code, language and version. */
const OPAQUE_AT = 13;
const LENGTH_BYTES = 4;

const response = RemotingCommand.response(0, undefined, {
  msgId: '7F0000010000000000000000000000AB',
  queueId: '0',
  queueOffset: '1',
});
response.serializeType = 'ROCKETMQ';
const answer = encodeFrame(response);
const log = values.log === undefined ? undefined : openSync(values.log, 'w');

/** Answers to the frames that are whole, and how many bytes these are. */
function answersTo(bytes) {
  const answers = [];
  let at = 0;
  while (bytes.length - at >= LENGTH_BYTES) {
    const end = at + LENGTH_BYTES + bytes.readInt32BE(at);
    if (end > bytes.length) break;
    const one = Buffer.from(answer);
    bytes.copy(one, OPAQUE_AT, at + OPAQUE_AT, at + OPAQUE_AT + 4);
    answers.push(one);
    at = end;
  }
  return { answers, end: at };
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (data) => {
    const bytes = rest.length === 0 ? data : Buffer.concat([rest, data]);
    const { answers, end } = answersTo(bytes);
    if (log !== undefined && end > 0) writeSync(log, bytes, 0, end);
    rest = bytes.subarray(end);
    if (answers.length > 0) socket.write(answers.length === 1 ? answers[0] : Buffer.concat(answers));
  });
});
server.listen(Number(values.port), '127.0.0.1', () =>
  console.log(`listening on 127.0.0.1:${server.address().port} pid ${process.pid}`),
);
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    if (log !== undefined) closeSync(log);
    process.exit(0);
  });
