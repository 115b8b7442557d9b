import * as fc from 'fast-check';
import { encodeOffsetMsgId, OffsetMsgIdEncoder } from '@mq/remoting/message';
import type { HotResponseHeader } from '@mq/remoting';

import { PullResponseHeader } from './pull/pull-response-header.js';
import { needsNoEscape, SendResponseHeader } from './send/send-response-header.js';

/** Reads what a hot header wrote, by the plain rules of both forms. */
function readBack(header: HotResponseHeader): {
  json: Record<string, string>;
  rocketmq: Record<string, string>;
} {
  const target = Buffer.alloc(header.maxBytes);
  const json = JSON.parse(`{${target.toString('utf8', 0, header.writeJsonExt(target, 0))}}`) as Record<
    string,
    string
  >;
  const end = header.writeRocketmqExt(target, 0);
  const rocketmq: Record<string, string> = {};
  for (let at = 0; at < end;) {
    const keyLength = target.readInt16BE(at);
    const valueAt = at + 2 + keyLength + 4;
    const valueLength = target.readInt32BE(valueAt - 4);
    rocketmq[target.toString('utf8', at + 2, at + 2 + keyLength)] = target.toString(
      'utf8',
      valueAt,
      valueAt + valueLength,
    );
    at = valueAt + valueLength;
  }
  return { json, rocketmq };
}

const offset = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const storeHost = Buffer.from([127, 0, 0, 1, 0, 0, 0x2a, 0x9f]);

describe('hot response headers', () => {
  test('of a pull hold the same fields in both forms, within their bound', () => {
    fc.assert(
      fc.property(offset, offset, offset, fc.nat(), (next, min, max, flag) => {
        const header = Object.assign(new PullResponseHeader(), {
          nextBeginOffset: next,
          minOffset: min,
          maxOffset: max,
          topicSysFlag: flag,
        });
        const { json, rocketmq } = readBack(header);
        expect(json).toEqual({ ...header.toExtFields() });
        expect(rocketmq).toEqual(json);
      }),
    );
  });

  test('of a send hold the ids and offsets, within their bound', () => {
    fc.assert(
      fc.property(
        offset,
        offset,
        fc.nat(),
        fc.stringMatching(/^[A-Z0-9]{0,64}$/),
        (at, queueOffset, queueId, key) => {
          const header = new SendResponseHeader(new OffsetMsgIdEncoder(storeHost), 'Region "1"', true);
          Object.assign(header, { commitLogOffset: at, queueOffset, queueId });
          Object.assign(header, {
            uniqKeySource: Buffer.from(`<${key}>`),
            uniqKeyStart: 1,
            uniqKeyEnd: 1 + key.length,
          });
          const { json, rocketmq } = readBack(header);
          expect(json).toEqual({
            msgId: encodeOffsetMsgId(storeHost, at),
            queueId: String(queueId),
            queueOffset: String(queueOffset),
            ...(key === '' ? {} : { transactionId: key }),
            MSG_REGION: 'Region "1"',
            TRACE_ON: 'true',
          });
          expect(rocketmq).toEqual(json);
        },
      ),
    );
  });

  test.each([
    ['0A58000138DF4E0E', true],
    ['', true],
    ['with "quotes"', false],
    ['back\\slash', false],
    ['line\nbreak', false],
    ['ümlaut', false],
  ])('knows whether the id %j may stand in JSON as it is', (id, expected) => {
    const bytes = Buffer.from(`"${id}"`);
    expect(needsNoEscape(bytes, 1, bytes.length - 1)).toBe(expected);
  });
});
