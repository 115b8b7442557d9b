// The protocol's vocabulary: codes, typed headers, bodies, names. No sockets, no state.
export * from './request-code.js';
export * from './response-code.js';
export * from './version.js';
export * from './language.js';
export * from './names.js';
export * from './perm.js';
export * from './message-queue.js';
export { defineHeader, type HeaderFields, type HeaderOf } from './header.js';
export { parseFastjson, MAX_JSON_DEPTH, type FastjsonMap, type FastjsonObject } from './fastjson-reader.js';
export {
  stringifyFastjson,
  JavaDouble,
  type StringifyOptions,
  type IntKeyMap,
  type ObjectKeyMap,
} from './fastjson-writer.js';
export * from './headers/common.js';
export * from './headers/send.js';
export * from './headers/pull.js';
export * from './headers/client.js';
export * from './headers/offset.js';
export * from './headers/topic.js';
export * from './headers/group.js';
export * from './headers/admin.js';
export * from './headers/namesrv.js';
export * from './headers/transaction.js';
export * from './headers/pop.js';
export * from './headers/ha.js';
export * from './headers/auth.js';
export * from './headers/controller.js';
