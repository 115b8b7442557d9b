import { hostBytes, RemotingCommand, RemotingServer } from '@mq/remoting';
import { encodeOffsetMsgId } from '@mq/remoting/message';
import { RequestCode, ResponseCode } from '@mq/remoting/protocol';
import { MQAdmin } from './mq-admin.js';
import { parseAttributes } from './operations/topics.js';

describe('MQAdmin', () => {
  let server: RemotingServer;
  let address: string;
  const asked: RemotingCommand[] = [];

  beforeAll(async () => {
    server = new RemotingServer({ port: 0 });
    server.registerDefault((request) => {
      asked.push(request);
      if (request.code === RequestCode.GET_BROKER_RUNTIME_INFO) {
        return RemotingCommand.response(0, undefined, undefined, Buffer.from('no json'));
      }
      return RemotingCommand.response(
        ResponseCode.SYSTEM_BUSY,
        'too\nbusy\nFor more information, please visit the url',
      );
    });
    address = `127.0.0.1:${(await server.listen()).port}`;
  });
  afterAll(() => server.close());

  test('a refusal carries code, address, the server’s words, and whether to try again', async () => {
    await using admin = new MQAdmin({ nameServers: address });
    await expect(admin.topics.route('T')).rejects.toMatchObject({
      name: 'AdminError',
      code: 'SERVER_REFUSED',
      responseCode: ResponseCode.SYSTEM_BUSY,
      brokerAddr: address,
      remark: 'too busy',
      retryable: true,
    });
  });

  test('an answer that cannot be read is no crash', async () => {
    await using admin = new MQAdmin();
    await expect(admin.brokers.runtimeInfo(address)).rejects.toMatchObject({ code: 'BAD_RESPONSE' });
  });

  test('an operation that needs a NameServer says that none was given', async () => {
    await using admin = new MQAdmin();
    await expect(admin.topics.list()).rejects.toMatchObject({ code: 'NO_NAME_SERVER' });
  });

  test('a server that is not there is told from one that refuses', async () => {
    await using admin = new MQAdmin();
    const error = { code: 'CONNECTION_FAILED', brokerAddr: '127.0.0.1:1', retryable: true };
    await expect(admin.brokers.config('127.0.0.1:1')).rejects.toMatchObject(error);
  });

  test('resumes the check of a half message at the broker that its id leads to', async () => {
    await using admin = new MQAdmin();
    const port = Number(address.split(':')[1]);
    const id = encodeOffsetMsgId(hostBytes('127.0.0.1', port), 4711);
    await expect(admin.messages.resumeCheck('T', id)).rejects.toMatchObject({ code: 'SERVER_REFUSED' });
    const request = asked.at(-1);
    expect(request?.code).toBe(RequestCode.RESUME_CHECK_HALF_MESSAGE);
    expect({ ...request?.extFields }).toMatchObject({ topic: 'T', msgId: id });
    await expect(admin.messages.resumeCheck('T', 'no id')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  test('after close every operation is refused', async () => {
    const admin = new MQAdmin({ nameServers: address });
    await admin.close();
    await admin.close();
    await expect(admin.topics.list()).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('hooks see every request', async () => {
    await using admin = new MQAdmin({
      nameServers: address,
      hooks: [{ beforeRequest: (_address, command) => void (command.extFields['signed'] = 'yes') }],
    });
    await admin.nameServers.kvValue('a', 'b').catch(() => undefined);
    expect(asked.at(-1)?.extFields).toMatchObject({ signed: 'yes', namespace: 'a' });
  });

  test.each([['here'], ['a:99999'], [['127.0.0.1']]])('the address %j is refused at once', (nameServers) => {
    expect(() => new MQAdmin({ nameServers })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('attributes', () => {
  test('keep their sign', () => {
    expect(parseAttributes('+a=b,+c=d=e,-f')).toEqual({ '+a': 'b', '+c': 'd=e', '-f': '' });
    expect(parseAttributes('')).toEqual({});
  });
  test.each(['a=b', 'a', '+a', '-a=b', '+a=b,+a=c', '+=b'])('%s is refused', (text) => {
    expect(() => parseAttributes(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
