import type { MessageExt } from '@mq/remoting/message';
import type { MqadminHost } from './mqadmin-host.js';
import { bodyText, messageText, saveBody } from './message-text.js';

const message: MessageExt = {
  topic: 'T',
  body: Buffer.from([0, 127, 128, 255]),
  flag: 0,
  properties: { TRAN_MSG: 'true', UNIQ_KEY: 'U' },
  queueId: 1,
  storeSize: 2,
  queueOffset: 3,
  sysFlag: 4,
  bornTimestamp: 5,
  bornHost: '10.0.0.1:1',
  storeTimestamp: 6,
  storeHost: '10.0.0.2:2',
  msgId: 'U',
  offsetMsgId: '0A00000200000002000000000000000A',
  commitLogOffset: 10,
  bodyCRC: 7,
  reconsumeTimes: 8,
  preparedTransactionOffset: 9,
};

function savedAs(msgId: string): string {
  const paths: string[] = [];
  saveBody({ ...message, msgId }, {
    writeFile: (path: string) => void paths.push(path),
  } as unknown as MqadminHost);
  return paths.join();
}

test('bytes are signed and a transaction has its id, as in Java', () => {
  expect(messageText(message)).toContain("body=[0, 127, -128, -1], transactionId='U'}]");
});

test('a body is decoded with the charset asked for, and an unknown one is named', () => {
  expect(bodyText(Buffer.from('c4e3bac3', 'hex'), 'GBK')).toBe('你好');
  expect(() => bodyText(message.body, 'EBCDIC')).toThrow('the charset EBCDIC is not known');
});

test.each(['../../etc/cron.d/x', 'a/b', '.', '..', '', 'a\u0000b', 'x'.repeat(200)])(
  'a message id like %j never becomes a path',
  (msgId) => expect(savedAs(msgId)).toBe(`/tmp/rocketmq/msgbodys/${message.offsetMsgId}`),
);

test('a plain id names the file of the body', () => {
  expect(savedAs('7F00000A')).toBe('/tmp/rocketmq/msgbodys/7F00000A');
});
