// The header of a pull response, from fields to bytes (upstream: PullMessageResponseHeader). One object serves all
// responses of a broker: it is filled and written within one call.
import type { ExtFields, HotResponseHeader } from '@mq/remoting';
import { PullMessageResponseHeader } from '@mq/remoting/protocol';

import { ExtKey, MAX_DIGITS, writeJsonNumber, writeRocketmqNumber } from '../hot-ext.js';

const SUGGEST_WHICH_BROKER_ID = new ExtKey('suggestWhichBrokerId');
const GROUP_SYS_FLAG = new ExtKey('groupSysFlag');
const NEXT_BEGIN_OFFSET = new ExtKey('nextBeginOffset');
const MAX_OFFSET = new ExtKey('maxOffset');
const MIN_OFFSET = new ExtKey('minOffset');
const TOPIC_SYS_FLAG = new ExtKey('topicSysFlag');

const MAX_BYTES = [
  SUGGEST_WHICH_BROKER_ID,
  GROUP_SYS_FLAG,
  NEXT_BEGIN_OFFSET,
  MAX_OFFSET,
  MIN_OFFSET,
  TOPIC_SYS_FLAG,
].reduce((sum, key) => sum + key.maxBytes(MAX_DIGITS), 0);

export class PullResponseHeader implements HotResponseHeader {
  suggestWhichBrokerId = 0;
  groupSysFlag = 0;
  nextBeginOffset = 0;
  maxOffset = 0;
  minOffset = 0;
  topicSysFlag = 0;

  /** The same for the general path. */
  toExtFields(): ExtFields {
    const { suggestWhichBrokerId, groupSysFlag, nextBeginOffset, maxOffset, minOffset, topicSysFlag } = this;
    return PullMessageResponseHeader.encode({
      suggestWhichBrokerId,
      groupSysFlag,
      nextBeginOffset,
      maxOffset,
      minOffset,
      topicSysFlag,
    });
  }

  get maxBytes(): number {
    return MAX_BYTES;
  }

  writeRocketmqExt(target: Buffer, at: number): number {
    let end = writeRocketmqNumber(target, at, SUGGEST_WHICH_BROKER_ID, this.suggestWhichBrokerId);
    end = writeRocketmqNumber(target, end, GROUP_SYS_FLAG, this.groupSysFlag);
    end = writeRocketmqNumber(target, end, NEXT_BEGIN_OFFSET, this.nextBeginOffset);
    end = writeRocketmqNumber(target, end, MAX_OFFSET, this.maxOffset);
    end = writeRocketmqNumber(target, end, MIN_OFFSET, this.minOffset);
    return writeRocketmqNumber(target, end, TOPIC_SYS_FLAG, this.topicSysFlag);
  }

  writeJsonExt(target: Buffer, at: number): number {
    let end = writeJsonNumber(target, at, SUGGEST_WHICH_BROKER_ID, this.suggestWhichBrokerId);
    end = writeJsonNumber(target, end, GROUP_SYS_FLAG, this.groupSysFlag);
    end = writeJsonNumber(target, end, NEXT_BEGIN_OFFSET, this.nextBeginOffset);
    end = writeJsonNumber(target, end, MAX_OFFSET, this.maxOffset);
    end = writeJsonNumber(target, end, MIN_OFFSET, this.minOffset);
    return writeJsonNumber(target, end, TOPIC_SYS_FLAG, this.topicSysFlag, true);
  }
}
