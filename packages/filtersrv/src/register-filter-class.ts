// 302 REGISTER_MESSAGE_FILTER_CLASS: a consumer uploads the code that filters a topic for its group (upstream:
// DefaultRequestProcessor#registerMessageFilterClass).
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import {
  groupProblem,
  RegisterMessageFilterClassRequestHeader,
  ResponseCode,
  topicProblem,
} from '@mq/remoting/protocol';

import { FilterClassError, type FilterClassTable } from './filter-class-table.js';

const MAX_CLASS_NAME_LENGTH = 255;

export interface RegisterFilterClassParts {
  readonly classes: FilterClassTable;
  readonly settings: {
    readonly clientUploadFilterClassEnable: boolean;
    readonly maxFilterClassSize: number;
  };
}

export function registerFilterClass({ classes, settings }: RegisterFilterClassParts): RequestProcessor {
  return async (request) => {
    const { consumerGroup, topic, className } = RegisterMessageFilterClassRequestHeader.decode(
      request.extFields,
    );
    if (!settings.clientUploadFilterClassEnable) return refused('clientUploadFilterClassEnable is false');
    const problem = groupProblem(consumerGroup) ?? topicProblem(topic);
    if (problem !== undefined) return refused(problem);
    if (className.length > MAX_CLASS_NAME_LENGTH) return refused('className is too long');
    const source = request.body ?? Buffer.alloc(0);
    if (source.length > settings.maxFilterClassSize) {
      return refused(
        `${source.length} bytes are more than maxFilterClassSize, ${settings.maxFilterClassSize}`,
      );
    }
    try {
      await classes.register(consumerGroup, topic, className, source);
    } catch (error) {
      if (!(error instanceof FilterClassError)) throw error;
      return refused(error.message);
    }
    return RemotingCommand.response(ResponseCode.SUCCESS);
  };
}

function refused(why: string): RemotingCommand {
  return RemotingCommand.response(ResponseCode.SYSTEM_ERROR, `registerFilterClass error: ${why}`);
}
