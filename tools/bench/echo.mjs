// What the transport alone costs: answers SEND_MESSAGE_V2 like a broker that stores nothing. The difference between
// this and the broker is what processors and store cost.
//
//   npm run build && node tools/bench/echo.mjs [--cold] [--port 10911]
//   mqload send -broker 127.0.0.1:PORT -queues 4 -create=false -topic T -inflight 64 -server-pid PID
//
// --cold answers with an ext object instead of a header that writes itself.
import { parseArgs } from 'node:util';
import {
  consoleLogger,
  RemotingCommand,
  RemotingServer,
  writeDecimal,
  writeRocketmqEntry,
  writeUtf8,
} from '@mq/remoting';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, cold: { type: 'boolean', default: false } },
});
const sendMessageV2 = 310;
const msgId = '7F0000010000000000000000000000AB';

/** The send response: msgId, queueId, queueOffset. One object serves every response. */
const hotHeader = {
  maxBytes: 256,
  queueOffset: 0,
  writeRocketmqExt(target, at) {
    const afterIds = writeRocketmqEntry(
      target,
      'queueId',
      '0',
      writeRocketmqEntry(target, 'msgId', msgId, at),
    );
    return writeRocketmqEntry(target, 'queueOffset', String(this.queueOffset), afterIds);
  },
  writeJsonExt(target, at) {
    let end = writeUtf8(target, '"msgId":"', at);
    end = writeUtf8(target, msgId, end);
    end = writeUtf8(target, '","queueId":"0",', end);
    end = writeUtf8(target, '"queueOffset":"', end);
    end = writeDecimal(target, this.queueOffset, end);
    return writeUtf8(target, '"', end);
  },
};

const server = new RemotingServer(
  { port: Number(values.port) },
  { logger: consoleLogger({ level: 'warn' }) },
);
let queueOffset = 0;
server.register(
  sendMessageV2,
  values.cold
    ? () =>
        RemotingCommand.response(0, undefined, { msgId, queueId: '0', queueOffset: String(queueOffset++) })
    : (_request, context) => {
        hotHeader.queueOffset = queueOffset++;
        context.respondHot(hotHeader);
      },
);
const { host, port } = await server.listen();
console.log(`listening on ${host}:${port} pid ${process.pid}`);
process.on('SIGINT', () => void server.close().then(() => process.exit(0)));
process.on('SIGTERM', () => void server.close().then(() => process.exit(0)));
