// How a put ended, as the response a producer gets (upstream: SendMessageProcessor#handlePutMessageResult).
import { ResponseCode } from '@mq/remoting/protocol';
import type { PutResult, PutStatus } from '@mq/store';

/** Stored, in the configured way or less durably: the response header is complete. */
export function isStored(status: PutStatus): boolean {
  switch (status) {
    case 'PUT_OK':
    case 'FLUSH_DISK_TIMEOUT':
    case 'FLUSH_SLAVE_TIMEOUT':
    case 'SLAVE_NOT_AVAILABLE':
      return true;
    default:
      return false;
  }
}

export function responseCodeOf(status: PutStatus): number {
  switch (status) {
    case 'PUT_OK':
      return ResponseCode.SUCCESS;
    case 'FLUSH_DISK_TIMEOUT':
      return ResponseCode.FLUSH_DISK_TIMEOUT;
    case 'FLUSH_SLAVE_TIMEOUT':
      return ResponseCode.FLUSH_SLAVE_TIMEOUT;
    case 'SLAVE_NOT_AVAILABLE':
      return ResponseCode.SLAVE_NOT_AVAILABLE;
    case 'MESSAGE_ILLEGAL':
    case 'PROPERTIES_SIZE_EXCEEDED':
    case 'WHEEL_TIMER_MSG_ILLEGAL':
      return ResponseCode.MESSAGE_ILLEGAL;
    case 'SERVICE_NOT_AVAILABLE':
      return ResponseCode.SERVICE_NOT_AVAILABLE;
    case 'OS_PAGE_CACHE_BUSY':
      return ResponseCode.SYSTEM_BUSY;
    default:
      return ResponseCode.SYSTEM_ERROR;
  }
}

/** What to tell the producer; undefined for a clean success. */
export function remarkOf({ status, remark }: PutResult, maxMessageSize: number): string | undefined {
  switch (status) {
    case 'PUT_OK':
      return undefined;
    case 'FLUSH_DISK_TIMEOUT':
      return remark ?? 'stored, but the disk did not confirm it in time';
    case 'FLUSH_SLAVE_TIMEOUT':
      return remark ?? 'stored, but not enough slaves confirmed it in time';
    case 'SLAVE_NOT_AVAILABLE':
      return remark ?? 'stored here only: not enough slaves are connected and in sync';
    case 'MESSAGE_ILLEGAL':
    case 'PROPERTIES_SIZE_EXCEEDED':
      return `the message is illegal: ${remark ?? 'its topic, body or properties are too long'}. Limits: body ${maxMessageSize} bytes, properties 32767 bytes, topic 127 bytes.`;
    case 'SERVICE_NOT_AVAILABLE':
      return `service not available now: ${remark ?? 'the broker is shutting down, its disk is full, or it does not accept writes'}`;
    case 'OS_PAGE_CACHE_BUSY':
      return `[PC_SYNCHRONIZED]broker busy: ${remark ?? 'the disk does not keep up'}, try again later`;
    case 'CREATE_MAPPED_FILE_FAILED':
      return `create mapped file failed, server is busy or broken${remark === undefined ? '' : `: ${remark}`}`;
    default:
      return remark ?? status;
  }
}
