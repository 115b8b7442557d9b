import type { Logger } from '@mq/remoting';
import { compressionTypeOf, decompress, SysFlag, type MessageExt } from '@mq/remoting/message';

/**
 * Says so when bodies of an answer could not be decompressed: damaged, too large, or of a kind whose package is not installed.
 * Such a message is delivered as it came, its COMPRESSED bit set; upstream loses it, with all that came behind it.
 */
export function reportCompressed(messages: readonly MessageExt[], group: string, logger: Logger): void {
  const first = messages.find(isCompressed);
  if (first === undefined) return;
  logger.error('bodies could not be decompressed; they are delivered as they came', {
    group,
    topic: first.topic,
    messages: messages.filter(isCompressed).length,
    msgId: first.msgId,
    reason: reasonOf(first),
  });
}

function isCompressed({ sysFlag, body }: MessageExt): boolean {
  return (sysFlag & SysFlag.COMPRESSED) !== 0 && body.length > 0;
}

function reasonOf({ sysFlag, body }: MessageExt): string {
  const type = compressionTypeOf(sysFlag);
  if (type === undefined) return 'the kind of compression is not known';
  try {
    decompress(type, body);
    return 'it can be decompressed now';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
