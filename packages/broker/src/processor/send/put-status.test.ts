import { RemotingClient, RemotingCommand } from '@mq/remoting';
import { RequestCode, ResponseCode, SendMessageRequestHeader } from '@mq/remoting/protocol';
import type { PutResult, PutStatus } from '@mq/store';
import { SimulatedDisk } from '@mq/store/testing';

import { BrokerConfiguration } from '../../broker-configuration.js';
import { BrokerController } from '../../broker-controller.js';
import { isStored, remarkOf, responseCodeOf } from './put-status.js';

const { SYSTEM_ERROR, SYSTEM_BUSY, MESSAGE_ILLEGAL, SERVICE_NOT_AVAILABLE } = ResponseCode;

/** Upstream's answer to each status (SendMessageProcessor#handlePutMessageResult), and whether the message is stored. */
const ANSWERS: Readonly<Record<PutStatus, readonly [code: number, stored: boolean]>> = {
  PUT_OK: [ResponseCode.SUCCESS, true],
  FLUSH_DISK_TIMEOUT: [ResponseCode.FLUSH_DISK_TIMEOUT, true],
  FLUSH_SLAVE_TIMEOUT: [ResponseCode.FLUSH_SLAVE_TIMEOUT, true],
  SLAVE_NOT_AVAILABLE: [ResponseCode.SLAVE_NOT_AVAILABLE, true],
  MESSAGE_ILLEGAL: [MESSAGE_ILLEGAL, false],
  PROPERTIES_SIZE_EXCEEDED: [MESSAGE_ILLEGAL, false],
  WHEEL_TIMER_MSG_ILLEGAL: [MESSAGE_ILLEGAL, false],
  SERVICE_NOT_AVAILABLE: [SERVICE_NOT_AVAILABLE, false],
  OS_PAGE_CACHE_BUSY: [SYSTEM_BUSY, false],
  CREATE_MAPPED_FILE_FAILED: [SYSTEM_ERROR, false],
  IN_SYNC_REPLICAS_NOT_ENOUGH: [SYSTEM_ERROR, false],
  PUT_TO_REMOTE_BROKER_FAIL: [SYSTEM_ERROR, false],
  LMQ_CONSUME_QUEUE_NUM_EXCEEDED: [SYSTEM_ERROR, false],
  WHEEL_TIMER_FLOW_CONTROL: [SYSTEM_ERROR, false],
  WHEEL_TIMER_NOT_ENABLE: [SYSTEM_ERROR, false],
  UNKNOWN_ERROR: [SYSTEM_ERROR, false],
};

describe('a put that ended with', () => {
  test.each(Object.entries(ANSWERS))(
    '%s is answered as upstream does, with a reason',
    (status, [code, stored]) => {
      const result = { status } as PutResult;
      expect([responseCodeOf(result.status), isStored(result.status)]).toEqual([code, stored]);
      const remark = remarkOf(result, 4_194_304);
      if (status === 'PUT_OK') expect(remark).toBeUndefined();
      else expect(remark).toMatch(/\w/);
    },
  );

  test('a busy disk begins its remark as clients of upstream expect', () => {
    expect(remarkOf({ status: 'OS_PAGE_CACHE_BUSY' } as PutResult, 0)).toMatch(/^\[PC_SYNCHRONIZED\]/);
  });
});

describe('a send over the wire', () => {
  let disk: SimulatedDisk;
  let broker: BrokerController;
  let client: RemotingClient;

  async function start(properties: Record<string, string> = {}): Promise<void> {
    const { configuration } = BrokerConfiguration.parse({
      brokerName: 'b',
      listenPort: '0',
      namesrvAddr: '',
      storePathRootDir: '/store',
      mappedFileSizeCommitLog: '65536',
      ...properties,
    });
    disk = new SimulatedDisk();
    client = new RemotingClient();
    broker = new BrokerController(configuration, { disk });
    await broker.start();
  }

  afterEach(async () => {
    await client.close({ timeoutMs: 0 });
    await broker.close();
  });

  function send(): Promise<RemotingCommand> {
    const ext = SendMessageRequestHeader.encode({
      producerGroup: 'P',
      topic: 'T',
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 1,
      queueId: 0,
      sysFlag: 0,
      bornTimestamp: 1,
      flag: 0,
    });
    return client.request(
      broker.address,
      RemotingCommand.request(RequestCode.SEND_MESSAGE, ext, Buffer.from('body')),
    );
  }

  test('whose sync fails is never SEND_OK, and what comes after it is refused', async () => {
    await start({ flushDiskType: 'SYNC_FLUSH' });
    expect((await send()).code).toBe(ResponseCode.SUCCESS);
    disk.failAt('sync', 1, 'EIO');
    const failed = await send();
    expect([failed.code, failed.remark]).toEqual([
      ResponseCode.FLUSH_DISK_TIMEOUT,
      expect.stringMatching(/\w/),
    ]);
    expect((await send()).code).toBe(SERVICE_NOT_AVAILABLE);
  });

  test('whose write fails is refused', async () => {
    await start();
    await send();
    disk.failAt('write', 1, 'EIO');
    const { code, remark } = await send();
    expect([code, remark]).toEqual([expect.any(Number), expect.stringMatching(/\w/)]);
    expect([SERVICE_NOT_AVAILABLE, SYSTEM_ERROR]).toContain(code);
  });
});
