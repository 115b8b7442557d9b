import { RemotingCommand, RemotingError, silentLogger, type RequestContext } from '@mq/remoting';
import { RequestCode, ResponseCode } from '@mq/remoting/protocol';

import { RequestRefused } from './request-refused.js';
import { RequestTable } from './request-table.js';

const context = {} as RequestContext;

describe('RequestTable', () => {
  test('has one processor a code', () => {
    const table = new RequestTable(silentLogger).add(RequestCode.PULL_MESSAGE, () => undefined);
    expect(() => table.add(RequestCode.PULL_MESSAGE, () => undefined)).toThrow('PULL_MESSAGE');
  });

  test('knows what the fast port leaves out', () => {
    const table = new RequestTable(silentLogger)
      .add(RequestCode.SEND_MESSAGE, () => undefined)
      .add(RequestCode.PULL_MESSAGE, () => undefined, { onFastPort: false });
    expect(table.codes()).toEqual([RequestCode.SEND_MESSAGE, RequestCode.PULL_MESSAGE]);
    expect(table.codesNotOnFastPort()).toEqual([RequestCode.PULL_MESSAGE]);
  });

  test.each([
    [
      'a refusal',
      new RequestRefused(ResponseCode.TOPIC_NOT_EXIST, 'no such topic'),
      17,
      /^no such topic$/,
      0,
    ],
    ['a bad header', new RemotingError('BAD_HEADER', 'queueId is missing'), 1, /^queueId is missing$/, 0],
    ['a defect of ours', new TypeError('x is undefined'), 1, /^SEND_MESSAGE failed: x is undefined$/, 1],
  ])('answers for %s, thrown or rejected', async (_what, error, code, remark, errorsLogged) => {
    const logged: string[] = [];
    const logger = { ...silentLogger, error: (message: string) => void logged.push(message) };
    const request = RemotingCommand.request(RequestCode.SEND_MESSAGE);
    const answers = [
      () => {
        throw error;
      },
      () => Promise.reject(error),
    ].map((processor) =>
      new RequestTable(logger).add(RequestCode.SEND_MESSAGE, processor).processor(10)?.(request, context),
    );
    for (const answer of await Promise.all(answers)) {
      expect(answer?.code).toBe(code);
      expect(answer?.remark).toMatch(remark);
    }
    expect(logged).toHaveLength(errorsLogged * 2);
  });
});
