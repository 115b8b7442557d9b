// Fields that any request may carry, whatever its code (remoting.md 1.7).
import { boolean, defineHeader, string, type HeaderOf } from '../header.js';

/** Fields of upstream's `RpcRequestHeader`. */
export const rpcFields = {
  /** Namespace v2, `nsd` true when set. */
  ns: string().optional(),
  /** True when `ns` is set. */
  nsd: boolean().optional(),
  /** The broker the client believes it is talking to. */
  bname: string().optional(),
  /** The sender waits for no answer. */
  oway: boolean().optional(),
};

/** Fields of upstream's `TopicRequestHeader`. */
export const topicFields = {
  /** False: the queue is a physical one, static topic mapping is not applied. */
  lo: boolean().optional(),
  ...rpcFields,
};

/** The common fields alone, for requests whose own header does not matter. */
export const RpcRequestHeader = defineHeader('RpcRequestHeader', topicFields);
export type RpcRequestHeader = HeaderOf<typeof RpcRequestHeader>;
