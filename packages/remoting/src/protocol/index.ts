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
