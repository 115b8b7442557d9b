import { RemotingClient, RemotingCommand, RemotingError, RemotingServer } from './index.js';

const echoCode = 999;

describe('a server and a client', () => {
  let server: RemotingServer;
  let client: RemotingClient;
  let address: string;

  beforeEach(async () => {
    server = new RemotingServer({ port: 0 });
    server.register(echoCode, (request) =>
      RemotingCommand.response(0, undefined, request.extFields, request.body),
    );
    const { host, port } = await server.listen();
    address = `${host}:${port}`;
    client = new RemotingClient();
  });

  afterEach(async () => {
    await client.close();
    await server.close();
  });

  test('a request is answered with the same ext fields and body', async () => {
    const request = RemotingCommand.request(echoCode, { topic: 'T', text: 'ü"\\\n' }, Buffer.from('body'));
    const response = await client.request(address, request);
    expect(response).toMatchObject({ code: 0, isResponse: true, version: 479, language: 'OTHER' });
    expect({ ...response.extFields }).toEqual({ topic: 'T', text: 'ü"\\\n' });
    expect(response.body?.toString()).toBe('body');
  });

  test('a code without a processor is answered as not supported', async () => {
    const response = await client.request(address, RemotingCommand.request(12345));
    expect(response).toMatchObject({ code: 3, remark: ' request type 12345 not supported' });
  });

  test('what a processor throws becomes the response', async () => {
    server.register(1, () => {
      throw new Error('broken');
    });
    server.register(2, async () => {
      await Promise.resolve();
      throw new RemotingError('BAD_HEADER', 'topic is missing', { responseCode: 13 });
    });
    expect(await client.request(address, RemotingCommand.request(1))).toMatchObject({
      code: 1,
      remark: 'broken',
    });
    expect(await client.request(address, RemotingCommand.request(2))).toMatchObject({
      code: 13,
      remark: 'topic is missing',
    });
  });
});
