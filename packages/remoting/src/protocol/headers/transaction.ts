// Transactions. Field names are upstream's.
import { boolean, defineHeader, int, long, string, type HeaderOf } from '../header.js';
import { rpcFields } from './common.js';

/** 37 END_TRANSACTION */
export const EndTransactionRequestHeader = defineHeader('EndTransactionRequestHeader', {
  topic: string().optional(),
  producerGroup: string(),
  /** Queue offset of the half message. */
  tranStateTableOffset: long(),
  /** Log offset of the half message, bytes. */
  commitLogOffset: long(),
  /** Bits of `SysFlag`: 8 commit, 12 rollback, 0 not known yet. */
  commitOrRollback: int(),
  /** True: the broker had asked. */
  fromTransactionCheck: boolean().optional(),
  /** UNIQ_KEY of the message. */
  msgId: string(),
  transactionId: string().optional(),
  ...rpcFields,
});
export type EndTransactionRequestHeader = HeaderOf<typeof EndTransactionRequestHeader>;

/** 39 CHECK_TRANSACTION_STATE */
export const CheckTransactionStateRequestHeader = defineHeader('CheckTransactionStateRequestHeader', {
  topic: string().optional(),
  /** Queue offset of the half message. */
  tranStateTableOffset: long(),
  /** Log offset of the half message, bytes. */
  commitLogOffset: long(),
  /** UNIQ_KEY of the message. */
  msgId: string().optional(),
  transactionId: string().optional(),
  offsetMsgId: string().optional(),
  ...rpcFields,
});
export type CheckTransactionStateRequestHeader = HeaderOf<typeof CheckTransactionStateRequestHeader>;

/** Declared upstream and not used: a client answers 39 CHECK_TRANSACTION_STATE by 37 END_TRANSACTION. */
export const CheckTransactionStateResponseHeader = defineHeader('CheckTransactionStateResponseHeader', {
  producerGroup: string(),
  tranStateTableOffset: long(),
  commitLogOffset: long(),
  commitOrRollback: int(),
});
export type CheckTransactionStateResponseHeader = HeaderOf<typeof CheckTransactionStateResponseHeader>;

/** 323 RESUME_CHECK_HALF_MESSAGE */
export const ResumeCheckHalfMessageRequestHeader = defineHeader('ResumeCheckHalfMessageRequestHeader', {
  topic: string().optional(),
  msgId: string().optional(),
});
export type ResumeCheckHalfMessageRequestHeader = HeaderOf<typeof ResumeCheckHalfMessageRequestHeader>;
